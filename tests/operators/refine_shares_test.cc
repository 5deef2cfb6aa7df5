// What the network says of shares moves them, and their sum stays.
#include "operators/refine_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "models/network_heads.h"

namespace driftcast {
namespace {

using testing::ElementsAre;

using Outputs = std::array<float, kRankSlots + 1>;

// "a", "b", ... with these shares; the rest is other.
RankedShares ranked(const std::vector<float>& shares) {
  RankedShares result;
  result.other = 1;
  for (const float share : shares) {
    result.interests.push_back({std::string(1, static_cast<char>('a' + result.interests.size())), share, 0.5F * share});
    result.other -= share;
  }
  return result;
}

std::string order_of(const RankedShares& shares) {
  std::string order;
  for (const InterestShare& interest : shares.interests) order += interest.category;
  return order;
}

float share_of(const RankedShares& shares, const std::string& category) {
  const auto found = std::find_if(shares.interests.begin(), shares.interests.end(),
                                  [&](const InterestShare& interest) { return interest.category == category; });
  return found == shares.interests.end() ? -1 : found->share;
}

double sum_of(const RankedShares& shares) {
  double sum = shares.other;
  for (const InterestShare& interest : shares.interests) sum += interest.share;
  return sum;
}

// What kLeastShare of every slot moves at most, when the network says nothing.
constexpr double kSmoothing = (kRankSlots + 1) * kLeastShare;

TEST(RefineShares, ZeroOutputsChangeNothing) {
  const RankedShares before = ranked({0.3F, 0.2F, 0.15F, 0.1F, 0.05F, 0.05F, 0.04F, 0.03F, 0.02F, 0.01F});
  const RankedShares after = refine_shares(before, {});
  EXPECT_EQ(order_of(after), "abcdefghij");
  for (std::size_t i = 0; i < before.interests.size(); ++i) {
    EXPECT_NEAR(after.interests[i].share, before.interests[i].share, kSmoothing) << i;
    EXPECT_EQ(after.interests[i].trend, before.interests[i].trend) << i;
  }
  EXPECT_NEAR(after.other, before.other, kSmoothing);
}

TEST(RefineShares, APositiveOutputLiftsACategoryAtTheExpenseOfAllOthers) {
  const RankedShares after = refine_shares(ranked({0.5F, 0.25F, 0.125F}), {0, 2});
  EXPECT_EQ(order_of(after), "bac");
  const double total = 0.5 + 0.25 * std::exp(2) + 0.125 + 0.125;
  EXPECT_NEAR(share_of(after, "b"), 0.25 * std::exp(2) / total, kSmoothing);
  EXPECT_NEAR(share_of(after, "a"), 0.5 / total, kSmoothing);
  EXPECT_NEAR(after.other, 0.125 / total, kSmoothing);
  EXPECT_FLOAT_EQ(after.interests[0].trend, 0.125F);  // it goes with its category
}

// Outputs of slots where there is no category are of no account.
TEST(RefineShares, FewerCategoriesThanSlotsLeaveTheOtherSlotsEmpty) {
  Outputs outputs{};
  for (std::size_t i = 2; i < kRankSlots; ++i) outputs[i] = 9;
  const RankedShares after = refine_shares(ranked({0.6F, 0.3F}), outputs);
  EXPECT_NEAR(share_of(after, "a"), 0.6, kSmoothing);
  EXPECT_NEAR(share_of(after, "b"), 0.3, kSmoothing);
  EXPECT_NEAR(after.other, 0.1, kSmoothing);
}

TEST(RefineShares, WithoutAnyCategoryAllIsOther) {
  const RankedShares after = refine_shares(ranked({}), {1, 2, 3});
  EXPECT_THAT(after.interests, ElementsAre());
  EXPECT_EQ(after.other, 1);
}

TEST(RefineShares, CategoriesThatBecomeAlikeStandByName) {
  RankedShares before = ranked({0.25F, 0.25F, 0.25F});
  std::swap(before.interests[0], before.interests[2]);
  EXPECT_EQ(order_of(refine_shares(before, {})), "abc");
}

// The rest is what lies below the top, named or not: it is lifted as one.
TEST(RefineShares, CategoriesBelowTheTopKeepTheirPartsOfTheRest) {
  Outputs outputs{};
  outputs[kRankSlots] = 3;
  const RankedShares before = ranked({0.12F, 0.11F, 0.1F, 0.1F, 0.1F, 0.1F, 0.1F, 0.1F, 0.08F, 0.04F});
  const RankedShares after = refine_shares(before, outputs);
  EXPECT_EQ(order_of(after).front(), 'i');
  EXPECT_GT(share_of(after, "i"), 0.2F);
  EXPECT_NEAR(share_of(after, "i") / share_of(after, "j"), 2, 1e-4);
  EXPECT_NEAR(share_of(after, "i") / after.other, 0.08 / 0.05, 1e-4);
}

RC_GTEST_PROP(RefinedShares, AreInOrderAndSumUpToOneWhateverTheNetworkSays, ()) {
  const auto parts = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 1000));
  const auto said = *rc::gen::container<std::vector<int>>(kRankSlots + 1, rc::gen::inRange(-3000, 3000));
  const auto names = std::min<std::size_t>(parts.size(), 20);
  RankedShares before;
  float total = 50;
  for (std::size_t i = 0; i < names; ++i) total += static_cast<float>(parts[i]);
  for (std::size_t i = 0; i < names; ++i) {
    before.interests.push_back({std::to_string(i), static_cast<float>(parts[i]) / total, 0});
  }
  std::sort(before.interests.begin(), before.interests.end(),
            [](const InterestShare& a, const InterestShare& b) { return a.share > b.share; });
  before.other = 50 / total;
  Outputs outputs{};
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = static_cast<float>(said[i]) / 10;
  const RankedShares after = refine_shares(before, outputs);
  RC_ASSERT(std::abs(sum_of(after) - 1) < 1e-5);
  RC_ASSERT(after.other >= 0);
  RC_ASSERT(after.interests.size() == names);
  for (std::size_t i = 0; i + 1 < names; ++i) RC_ASSERT(after.interests[i].share >= after.interests[i + 1].share);
}

}  // namespace
}  // namespace driftcast
