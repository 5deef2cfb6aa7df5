#include "pipeline/evaluation/rfm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace driftcast {
namespace {

using testing::DoubleEq;
using testing::Each;
using testing::ElementsAre;

const std::vector<StepOutcome> kSteps = {
    {.step = 2, .events = 3, .purchases = 0, .amount = 0},
    {.step = 5, .events = 4, .purchases = 2, .amount = 30},
    {.step = 6, .events = 1, .purchases = 0, .amount = -50},
};

auto logs(double recency, double purchase_recency, double frequency, double signed_amount) {
  return ElementsAre(DoubleEq(std::log1p(recency)), DoubleEq(std::log1p(purchase_recency)),
                     DoubleEq(std::log1p(frequency)), DoubleEq(signed_amount));
}

TEST(Rfm, KnowsNothingOfLaterSteps) {
  Rfm rfm;
  EXPECT_THAT(rfm.at_end_of(1, kSteps), Each(0));
  EXPECT_THAT(rfm.at_end_of(4, kSteps), logs(2, 2, 0, 0));
  EXPECT_THAT(rfm.at_end_of(5, kSteps), logs(0, 0, 1, std::log1p(30)));
}

TEST(Rfm, AStepWithSeveralPurchasesIsOneAndReturnsMayMakeSpendNegative) {
  Rfm rfm;
  EXPECT_THAT(rfm.at_end_of(9, kSteps), logs(3, 4, 1, -std::log1p(20)));
}

TEST(Rfm, GoesOnWhereItWas) {
  Rfm by_step;
  Rfm at_once;
  for (Step step = 0; step < 12; ++step) by_step.at_end_of(step, kSteps);
  EXPECT_EQ(by_step.at_end_of(12, kSteps), at_once.at_end_of(12, kSteps));
}

}  // namespace
}  // namespace driftcast
