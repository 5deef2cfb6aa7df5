#include "core/hash.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

// Values of org.apache.kafka.common.utils.UtilsTest.testMurmur2.
TEST(Murmur2, AgreesWithKafkasJavaClient) {
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("21")), -973932308);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("foobar")), -790332482);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-long-string")), -985981536);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-longer-string")), -1486304829);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")), -58897971);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("abc")), 479470107);
}

TEST(Hash64, SeesEveryByteAndTheLength) {
  const std::string text = "seventeen letters";
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_NE(hash64(other), hash64(text)) << i;
  }
  EXPECT_NE(hash64(std::string_view("a\0", 2)), hash64("a"));
  EXPECT_NE(hash64("a", 1), hash64("a", 2));
}

TEST(Hash64, NeverChangesItsMind) {  // stored states and published ids rely on it
  EXPECT_EQ(hash64(""), 0U);
  EXPECT_EQ(hash64("driftcast"), hash64(std::string("drift") + "cast"));
}

}  // namespace
}  // namespace driftcast
