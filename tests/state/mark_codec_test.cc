// How a mark is stored: its bytes are kept for ever, and a newer one is recognised.
#include "state/mark_codec.h"

#include <gtest/gtest.h>

#include "tests/support/hex.h"

namespace driftcast {
namespace {

Mark sample() {
  Mark mark;
  mark.position = {1234, 5};
  mark.watermark = event_time(1'700'000'000'000);
  mark.newest = event_time(1'700'003'600'000);
  mark.epoch = 77;
  mark.lineage = 0xFEDCBA9876543210U;
  mark.config_hash = 1;
  mark.model_hash = 2;
  mark.changelog_offset = 300;
  for (std::size_t i = 0; i < kCounters; ++i) mark.counters[i] = static_cast<std::int64_t>(i);
  return mark;
}

constexpr std::string_view kFirstFormat =
    "01a4130a"                        // format; position 1234, 5
    "80a0abfef96280dae281fa62"        // watermark, newest
    "4d90e4d0b287d3aeeefe010102"      // epoch, lineage, hashes of the configuration and the model
    "01d80400020406080a0c0e10121416"  // format of the states, changelog offset 300, counters
    "6ab857b3";                       // checksum

TEST(MarkCodec, StillReadsTheBytesOfTheFirstFormat) {
  EXPECT_EQ(hex(encode_mark(sample())), kFirstFormat);
  const auto mark = decode_mark(unhex(kFirstFormat));
  ASSERT_TRUE(mark);
  EXPECT_EQ(*mark, sample());
}

TEST(MarkCodec, KeepsAMarkFromBeforeTheFirstRecord) {
  const auto mark = decode_mark(encode_mark(Mark{}));
  ASSERT_TRUE(mark);
  EXPECT_EQ(*mark, Mark{});
}

TEST(MarkCodec, RefusesStatesOfANewerFormat) {
  Mark newer = sample();
  newer.format = Mark::kFormat + 1;
  const auto mark = decode_mark(encode_mark(newer));
  ASSERT_FALSE(mark);
  EXPECT_EQ(mark.error().code, ErrorCode::kConfig);
  EXPECT_EQ(mark.error().message, "the stored states have format 2, newer than this program's 1");
}

}  // namespace
}  // namespace driftcast
