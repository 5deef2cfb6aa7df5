// The shipped examples: their configuration loads, and their sample records become the events they are meant to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "config/load.h"
#include "pipeline/decode.h"
#include "pipeline/timestamps.h"
#include "tests/config/shipped_text.h"

namespace driftcast {
namespace {

using testing::ElementsAre;

// "user kind category time amount" of each record of an example, or why it is refused.
std::vector<std::string> events_of(const std::string& example) {
  const std::string stem = "config/examples/" + example;
  const Loaded loaded = load_settings(shipped_path(stem + ".json"), {}, [](std::string_view) { return std::nullopt; });
  EXPECT_TRUE(loaded.problems.empty()) << describe_problems(loaded.problems);
  Decoder decoder(loaded.settings.pipeline, loaded.settings.operators);
  Arena arena;
  std::vector<std::string> events;
  std::istringstream lines(shipped_text(stem + ".sample.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t size = line.size();
    line.append(kPadding, '\0');
    const Decoded decoded = decoder.decode({"", std::string_view(line).substr(0, size), std::nullopt, 0}, arena);
    const auto* event = std::get_if<Event>(&decoded);
    if (event == nullptr) {
      const auto* rejected = std::get_if<Rejected>(&decoded);
      events.push_back("refused: " + std::string(rejected == nullptr ? "no event" : name(rejected->reason)));
      continue;
    }
    EXPECT_NE(event->event_id, 0U) << line;
    std::ostringstream text;
    text << event->user << " " << name(event->kind) << " " << event->category << " " << rfc3339(event->at) << " "
         << event->amount;
    events.push_back(text.str());
  }
  return events;
}

TEST(Examples, AFlatShopEventIsRead) {
  EXPECT_THAT(events_of("shop"), ElementsAre("c-1042 view camping 2024-03-01T08:12:44.120Z 0",
                                             "c-1042 cart camping 2024-03-01T08:15:02Z 249",
                                             "c-2210 purchase hiking 2024-03-01T08:15:30Z 139.95"));
}

TEST(Examples, ANestedCloudEventIsRead) {
  EXPECT_THAT(events_of("cloudevents"),
              ElementsAre("u-17 view gardening 2024-03-01T08:12:44Z 0", "u-17 cart gardening 2024-03-01T08:13:20Z 0",
                          "u-17 purchase gardening 2024-03-01T08:20:05.250Z 24.9"));
}

}  // namespace
}  // namespace driftcast
