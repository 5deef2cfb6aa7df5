// Every flaw must be refused for the reason it stands for; the decoder is the judge.
#include "pipeline/generator/broken_record.h"

#include <gtest/gtest.h>

#include <set>

#include "pipeline/decode.h"
#include "pipeline/generator/event_line.h"

namespace driftcast {
namespace {

Reason reason_of(std::string value) {
  const PipelineOptions pipeline;
  const OperatorOptions operators;
  Decoder decoder(pipeline, operators);
  Arena arena;
  const std::size_t size = value.size();
  value.append(kPadding, '\0');
  const Decoded decoded = decoder.decode({{}, std::string_view(value).substr(0, size), std::nullopt, 0}, arena);
  const auto* rejected = std::get_if<Rejected>(&decoded);
  return rejected == nullptr ? Reason::kNone : rejected->reason;
}

std::string line_of(const EventFields& event) {
  const Catalogue catalogue(24, 400);
  std::string line;
  EventLine(catalogue).append(line, event);
  return line;
}

// With and without a dwell time, with and without an amount.
const std::vector<std::string>& healthy() {
  static const std::vector<std::string> kLines = {
      line_of({"u000001", {3, 7}, Kind::kView, event_time(1'704'067'200'000), 0x1e999, 1200}),
      line_of({"u000001", {3, 7}, Kind::kCart, event_time(1'704'067'200'000), 2}),
      line_of({"u000001", {3, 7}, Kind::kReturn, event_time(1'704'067'200'000), 3, -1, true, -1999}),
  };
  return kLines;
}

TEST(BrokenRecord, WasWellBefore) {
  for (const std::string& line : healthy()) EXPECT_EQ(reason_of(line), Reason::kNone) << line;
}

TEST(BrokenRecord, IsRefusedForTheReasonItIsBrokenFor) {
  for (const Flaw& flaw : flaws()) {
    for (const std::string& line : healthy()) {
      const std::string broken = damaged(line, flaw);
      EXPECT_EQ(reason_of(broken), flaw.reason) << name(flaw.reason) << ": " << broken;
    }
  }
}

TEST(BrokenRecord, StaysOnItsLine) {
  for (const Flaw& flaw : flaws()) {
    for (const std::string& line : healthy()) EXPECT_EQ(damaged(line, flaw).find('\n'), std::string::npos);
  }
}

// All that a line of a file can suffer: it has no key of its own, no record timestamp, and a sane length.
TEST(BrokenRecord, ComesInEveryKindThatALineCanHave) {
  std::set<Reason> expected;
  for (int code = 1; code <= static_cast<int>(Reason::kBadTimestamp); ++code)
    expected.insert(static_cast<Reason>(code));
  for (const Reason other : {Reason::kTooLarge, Reason::kKeyMismatch, Reason::kFutureTimestamp}) expected.erase(other);
  std::set<Reason> seen;
  for (const Flaw& flaw : flaws()) seen.insert(flaw.reason);
  EXPECT_EQ(seen, expected);
}

TEST(BrokenRecord, LosesAMemberWithItsComma) {
  const std::string line = R"({"a":1,"b":"x","c":2})";
  const auto without = [&](std::string_view field) {
    return damaged(line, {Reason::kMissingField, Damage::kValue, field, ""});
  };
  EXPECT_EQ(without("a"), R"({"b":"x","c":2})");
  EXPECT_EQ(without("b"), R"({"a":1,"c":2})");
  EXPECT_EQ(without("c"), R"({"a":1,"b":"x"})");
}

}  // namespace
}  // namespace driftcast
