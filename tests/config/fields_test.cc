// The field table, what is generated from it, and the hash of the settings.
#include "config/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "config/json_reader.h"
#include "config/reference.h"
#include "config/suggest.h"
#include "config/units.h"
#include "core/reason.h"
#include "tests/config/shipped_text.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;

std::string text_of(std::string_view path, const Settings& settings) {
  return driftcast::text_of(*find_field(path), settings);
}

TEST(Fields, PathsAreUniqueAndNoFieldIsAlsoASection) {
  std::set<std::string_view> paths;
  for (const Field& field : fields()) {
    EXPECT_TRUE(paths.insert(field.path).second) << field.path;
    EXPECT_THAT(keys_of(field.path), IsEmpty()) << field.path;
    EXPECT_TRUE(field.sentence.ends_with('.')) << field.path;
  }
}

TEST(Fields, SlotsPointToDifferentPlaces) {
  Settings settings;
  std::set<const void*> places;
  for (const Field& field : fields()) {
    const void* place = std::visit([](auto* slot) -> const void* { return slot; }, field.slot(settings));
    EXPECT_TRUE(places.insert(place).second) << field.path;
  }
}

TEST(Fields, DefaultsLieWithinTheirBounds) {
  Settings settings;
  for (const Field& field : fields()) {
    const Slot slot = field.slot(settings);
    double value = field.low;
    if (auto* duration = std::get_if<Duration*>(&slot)) value = static_cast<double>((*duration)->count());
    if (auto* size = std::get_if<std::int64_t*>(&slot)) value = static_cast<double>(**size);
    if (auto* integer = std::get_if<int*>(&slot)) value = **integer;
    if (auto* number = std::get_if<double*>(&slot)) value = **number;
    if (auto* number = std::get_if<float*>(&slot)) value = static_cast<double>(**number);
    EXPECT_GE(value, field.low) << field.path;
    EXPECT_LE(value, field.high) << field.path;
  }
}

TEST(Fields, AKeyOfASectionIsListedOnce) {
  EXPECT_THAT(keys_of("kinds"), ElementsAre("names", "weights"));
  EXPECT_THAT(keys_of("epoch"), ElementsAre("interval", "bytes"));
  EXPECT_TRUE(is_section("kinds.weights"));
  EXPECT_FALSE(is_section("kinds.names"));
  EXPECT_FALSE(is_section("kin"));
}

TEST(Fields, TextIsCanonical) {
  Settings settings;
  EXPECT_EQ(text_of("time.lateness", settings), "1h");
  EXPECT_EQ(text_of("limits.record_bytes", settings), "64KiB");
  EXPECT_EQ(text_of("limits.user_id_bytes", settings), "256B");
  EXPECT_EQ(text_of("horizons", settings), "7,14,30");
  EXPECT_EQ(text_of("level", settings), "0.9");
  EXPECT_EQ(text_of("kinds.names", settings), "cart=cart,click=click,purchase=purchase,return=return,view=view");
  settings.pipeline.kinds.names = {{"b", Kind::kView}, {"nothing", Kind::kOther}, {"a", Kind::kCart}};
  EXPECT_EQ(text_of("kinds.names", settings), "a=cart,b=view");
}

TEST(OutputHash, ChangesWithWhatChangesOutputsOnly) {
  const Settings defaults;
  const auto changes = [&](auto edit) {
    Settings settings;
    edit(settings);
    return output_hash(settings) != output_hash(defaults);
  };
  EXPECT_FALSE(changes([](Settings&) {}));
  EXPECT_TRUE(changes([](Settings& s) { s.operators.time.lateness = std::chrono::hours{2}; }));
  EXPECT_TRUE(changes([](Settings& s) { s.operators.time.step.offset = std::chrono::hours{2}; }));
  EXPECT_TRUE(changes([](Settings& s) { s.operators.horizons = {7, 14}; }));
  EXPECT_TRUE(changes([](Settings& s) { s.operators.kind_weights[2] = 5; }));
  EXPECT_TRUE(changes([](Settings& s) { s.pipeline.kinds.names.emplace_back("like", Kind::kClick); }));
  EXPECT_TRUE(changes([](Settings& s) { s.pipeline.mapping.category = "/c"; }));
  EXPECT_TRUE(changes([](Settings& s) { s.pipeline.source.partitions = 5; }));
  EXPECT_TRUE(changes([](Settings& s) { s.pipeline.limits.depth = 5; }));
  EXPECT_TRUE(changes([](Settings& s) { s.pipeline.explain = true; }));
  EXPECT_FALSE(changes([](Settings& s) { s.pipeline.threads = 7; }));
  EXPECT_FALSE(changes([](Settings& s) { s.pipeline.source.slice = 7; }));
  EXPECT_FALSE(changes([](Settings& s) { s.pipeline.source.path = "elsewhere"; }));
  EXPECT_FALSE(changes([](Settings& s) { s.pipeline.sink.dir = "elsewhere"; }));
  EXPECT_FALSE(changes([](Settings& s) { s.pipeline.epoch.bytes = 1; }));
  EXPECT_FALSE(changes([](Settings& s) { s.pipeline.changelog.interval = Duration{0}; }));
  EXPECT_FALSE(changes([](Settings& s) { s.state = {"elsewhere", 1, 1}; }));
  EXPECT_FALSE(changes([](Settings& s) { s.pipeline.log.level = "trace"; }));
  EXPECT_FALSE(changes([](Settings& s) { std::swap(s.pipeline.kinds.names[0], s.pipeline.kinds.names[1]); }));
}

TEST(Reference, PageInTheDocumentationIsTheOneOfTheTable) {
  const std::string page = configuration_reference();
  expect_shipped("docs/configuration.md", page);
  EXPECT_THAT(page, HasSubstr("| `time.lateness` | duration | `\"1h\"` | 0 to 365d | yes |"));
}

TEST(Reference, ShippedFileHoldsEveryFieldWithItsDefault) {
  expect_shipped("config/driftcast.json", configuration_file(Settings{}));
}

TEST(Reference, FileEscapesWhatJsonCannotHold) {
  Settings settings;
  settings.pipeline.sink.dir = "a\"b\\c\n";
  EXPECT_THAT(configuration_file(settings), HasSubstr(R"("dir": "a\"b\\c\u000a")"));
}

TEST(Units, DurationsAndSizesReadBackAsFormatted) {
  for (std::int64_t value : {0LL, 1LL, 999LL, 1000LL, 90'000LL, 3'600'000LL, 86'400'000LL, 1'209'600'000LL, -1000LL}) {
    EXPECT_EQ(parse_duration(format_duration(value)).value(), value);
  }
  for (std::int64_t value : {0LL, 1LL, 1023LL, 1024LL, 65536LL, 3LL << 20, 5LL << 30, 7LL << 40}) {
    EXPECT_EQ(parse_size(format_size(value)).value(), value);
  }
  EXPECT_EQ(format_duration(1'209'600'000), "14d");
  EXPECT_EQ(parse_duration("2w").value(), 1'209'600'000);
  EXPECT_EQ(format_number(0.1F), "0.1");
}

TEST(Units, RefuseWhatHasNoUnitOrAnUnknownOne) {
  EXPECT_EQ(parse_duration("5").error().message, "'5' has no unit: write 5s, 5m or 5h");
  EXPECT_EQ(parse_size("5").error().message, "'5' has no unit: write 5B, 5KiB or 5MiB");
  for (const char* text : {"", "s", "1x", "1 s", "1.5h", "+1h", "1h30m", " 1h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  for (const char* text : {"", "KiB", "1kb", "1KB", "1.5MiB"}) EXPECT_FALSE(parse_size(text)) << text;
  EXPECT_EQ(parse_duration("9223372036854775807w").error().message, "'9223372036854775807w' is too large");
  for (const char* text : {"inf", "nan", "1e999", "", "1,5", "0x10"}) EXPECT_FALSE(parse_number(text)) << text;
}

TEST(Suggest, CountsSwapsOfNeighboursAsOneEdit) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("forcast", "forecast"), 1U);
  EXPECT_EQ(edit_distance("tiem", "time"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Suggest, FindsTheNearestButNothingFarAway) {
  const std::vector<std::string> words = {"lateness", "step", "offset"};
  EXPECT_THAT(closest("latness", words), Optional(std::string("lateness")));
  EXPECT_THAT(closest("stp", words), Optional(std::string("step")));
  EXPECT_EQ(closest("partitions", words), std::nullopt);
}

TEST(ReadJson, KeepsTheTextOfNumbersAndThePlaceOfKeys) {
  const auto read = read_json("{\n  \"a\": 1e3,\n  \"\\\"b\\\\\": {\"c\": [0.10, true, null]}\n}", "f");
  const Value& root = std::get<Value>(read);
  EXPECT_EQ(root.find("a")->text, "1e3");
  EXPECT_EQ(root.find("a")->place, "f:2:3");
  const Value& nested = *root.find("\"b\\");
  EXPECT_EQ(nested.place, "f:3:3");
  EXPECT_EQ(nested.find("c")->place, "f:3:13");
  EXPECT_EQ(nested.find("c")->items[0].text, "0.10");
  EXPECT_EQ(nested.find("c")->items[2].shape, Shape::kNull);
}

TEST(ReadJson, SaysWhereTheTextIsNotJson) {
  const auto problem_of = [](std::string_view text) {
    const auto read = read_json(text, "f");
    const Problem problem = std::get<Problem>(read);
    return problem.where + ": " + problem.what;
  };
  EXPECT_EQ(problem_of(""), "f:1:1: not valid JSON: it ends too early");
  EXPECT_EQ(problem_of("{\n \"a\": 1,\n}"), "f:3:1: not valid JSON at '}'");
  EXPECT_THAT(problem_of("{\"a\": 1} x"), testing::StartsWith("f:1:10: not valid JSON"));
  EXPECT_THAT(problem_of("// no\n{}"), testing::StartsWith("f:1:"));
  EXPECT_THAT(problem_of("{\"a\": 1e999}"), testing::StartsWith("f:1:"));
  EXPECT_EQ(problem_of("{\"a\": \"x\ny\"}"), "f:1:9: not valid JSON at a control character");
  EXPECT_EQ(problem_of("{\"a\": \x9c}"), "f:1:7: not valid JSON at the byte 0x9c");
  EXPECT_EQ(problem_of("{\"a\": tru}"), "f:1:10: not valid JSON at '}'");
  EXPECT_EQ(problem_of(std::string(100'000, '[')), "f:1:34: nested deeper than 32");
}

TEST(Schemas, DeadLettersNameEveryReasonThatLeadsThere) {
  const auto read = read_json(shipped_text("config/schemas/dead-letter.schema.json"), "schema");
  const Value& reasons = *std::get<Value>(read).find("properties")->find("reason")->find("enum");
  std::vector<std::string> named, expected;
  for (const Value& reason : reasons.items) named.push_back(reason.text);
  for (std::string_view reason : kReasonNames) {
    const bool elsewhere = reason == "none" || reason == name(Reason::kLate) || reason == name(Reason::kDuplicate);
    if (!elsewhere) expected.emplace_back(reason);
  }
  EXPECT_EQ(named, expected);
}

TEST(Schemas, AreStrictJson) {
  for (const char* schema : {"forecast", "drift", "session", "late", "dead-letter", "summary"}) {
    const auto read = read_json(shipped_text(std::string("config/schemas/") + schema + ".schema.json"), schema);
    ASSERT_TRUE(std::holds_alternative<Value>(read)) << schema;
    EXPECT_EQ(std::get<Value>(read).find("additionalProperties")->text, "false") << schema;
  }
}

}  // namespace
}  // namespace driftcast
