#include "operators/crowd_index.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace driftcast {
namespace {

// The slow twin is a map. Few different homes, so that runs of neighbours form, break and close again.
RC_GTEST_PROP(CrowdIndex, AgreesWithAMapThroughInsertsAndErases, ()) {
  CrowdIndex index;
  std::map<std::uint64_t, std::uint32_t> twin;
  const int acts = *rc::gen::inRange(0, 300);
  for (int i = 0; i < acts; ++i) {
    const std::uint64_t home = *rc::gen::element<std::uint64_t>(0, 1, 2, 500, 1022, 1023);
    const std::uint64_t hash = home + 1024 * *rc::gen::inRange<std::uint64_t>(0, 5);
    if (twin.contains(hash)) {
      index.erase(hash);
      twin.erase(hash);
    } else {
      index.insert(hash, static_cast<std::uint32_t>(i));
      twin[hash] = static_cast<std::uint32_t>(i);
    }
    for (const auto& [known, place] : twin) RC_ASSERT(index.find(known) == place);
    if (!twin.contains(hash)) RC_ASSERT(index.find(hash) == std::nullopt);
  }
}

TEST(CrowdIndex, HoldsAsManyAsTheCrowdKeepsAndFindsNobodyElse) {
  CrowdIndex index;
  for (std::uint32_t place = 0; place < kCrowdCategories; ++place) index.insert(place * 0x9E3779B97F4A7C15ULL, place);
  for (std::uint32_t place = 0; place < kCrowdCategories; ++place) {
    EXPECT_EQ(index.find(place * 0x9E3779B97F4A7C15ULL), place);
  }
  EXPECT_EQ(index.find(1), std::nullopt);
  index.clear();
  EXPECT_EQ(index.find(0), std::nullopt);
}

}  // namespace
}  // namespace driftcast
