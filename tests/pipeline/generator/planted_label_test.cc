#include "pipeline/generator/planted_label.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "pipeline/timestamps.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::HasSubstr;

EventTime at(std::string_view text) { return *parse_rfc3339(text); }

std::string line(const PlantedLabel& label) {
  std::string text;
  append_label(text, label);
  return text;
}

Result<std::vector<PlantedLabel>> read(const std::string& content) {
  const ScratchDir dir;
  std::ofstream(dir.path("labels")) << content;
  return read_labels(dir.path("labels"));
}

const PlantedLabel kMix{"u1", PlantedKind::kMix, at("2024-02-01T10:00:00.5Z"), {}, 1, {"books", "tea"}, {"art"}, 41,
                        50};
const PlantedLabel kVolume{"u2", PlantedKind::kVolume, at("2024-02-01T00:00:00Z"), {}, 0.25, {"tea"}, {"tea"}, 90, 10};
const PlantedLabel kPause{
    "u3", PlantedKind::kQuiet, at("2024-02-01T00:00:00Z"), at("2024-02-09T00:00:00Z"), 1, {}, {}, 7, 0};
const PlantedLabel kGone{"u4", PlantedKind::kQuiet, at("2024-02-01T00:00:00Z"), {}, 1, {}, {}, 7, 0};
const PlantedLabel kSteady{"u5", PlantedKind::kSteady, {}, {}, 1, {}, {}, 99, 0};

TEST(PlantedLabel, IsALineWithTheFieldsOfItsKind) {
  EXPECT_EQ(line(kMix),
            R"({"user":"u1","at":"2024-02-01T10:00:00.500Z","kind":"mix","from":["books","tea"],"to":["art"],)"
            R"("events_before":41,"events_after":50})");
  EXPECT_EQ(line(kVolume), R"({"user":"u2","at":"2024-02-01T00:00:00Z","kind":"volume","factor":0.25,"from":["tea"],)"
                           R"("to":["tea"],"events_before":90,"events_after":10})");
  EXPECT_EQ(line(kPause), R"({"user":"u3","at":"2024-02-01T00:00:00Z","until":"2024-02-09T00:00:00Z","kind":"quiet",)"
                          R"("events_before":7,"events_after":0})");
  EXPECT_EQ(line(kSteady), R"({"user":"u5","kind":"steady","events":99})");
}

TEST(PlantedLabel, ReadsBackAsItWasWritten) {
  const std::vector<PlantedLabel> labels = {kMix, kVolume, kPause, kGone, kSteady};
  std::string text;
  for (const PlantedLabel& label : labels) text += line(label) + "\n";
  const auto back = read(text);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, labels);
}

TEST(PlantedLabel, IsRefusedWithItsLineWhenAnythingIsMissing) {
  for (const char* field : {"user", "at", "kind", "from", "to", "events_before", "events_after"}) {
    std::string text = line(kMix);
    text.replace(text.find('"' + std::string(field) + '"') + 1, 1, "_");
    const auto labels = read(line(kSteady) + "\n" + text);
    ASSERT_FALSE(labels) << text;
    EXPECT_EQ(labels.error().code, ErrorCode::kData);
    EXPECT_THAT(labels.error().message, HasSubstr(":2: not a label: '" + std::string(field) + "' is missing"));
  }
}

TEST(PlantedLabel, IsRefusedWhenItIsSomethingElse) {
  for (const char* text : {"[]", "42", R"({"user":"u","kind":"gone"})", R"({"user":"u","kind":"steady","events":-1})",
                           R"({"user":"u","kind":"steady","events":"many"})", "not JSON"}) {
    const auto labels = read(text);
    ASSERT_FALSE(labels) << text;
    EXPECT_EQ(labels.error().code, ErrorCode::kData);
  }
}

}  // namespace
}  // namespace driftcast
