#include "pipeline/evaluation/logistic_regression.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "pipeline/generator/random.h"

namespace driftcast {
namespace {

struct Data {
  std::size_t inputs = 0;
  std::vector<double> x;
  std::vector<unsigned char> outcomes;

  LogisticRegression fit() const { return fit_logistic(x, inputs, outcomes); }
  std::span<const double> row(std::size_t i) const { return std::span(x).subspan(i * inputs, inputs); }
};

double log_odds(double p) { return std::log(p / (1 - p)); }

// Slope of the log odds over an input, in its own unit.
double slope(const LogisticRegression& model, std::size_t input) {
  return model.weight[input] / model.deviation[input];
}

TEST(LogisticRegression, FindsThePlantedCoefficients) {
  Random random(7);
  Data data{2, {}, {}};
  for (int i = 0; i < 50'000; ++i) {
    const double a = 10 + 4 * random.unit();
    const double b = random.unit() - 0.5;
    data.x.insert(data.x.end(), {a, b});
    data.outcomes.push_back(random.chance(1 / (1 + std::exp(-(-12 + a + 3 * b)))) ? 1 : 0);
  }
  const LogisticRegression model = data.fit();
  EXPECT_NEAR(slope(model, 0), 1, 0.05);
  EXPECT_NEAR(slope(model, 1), 3, 0.15);
  EXPECT_NEAR(log_odds(model.probability(std::vector<double>{12, 0})), 0, 0.05);
}

// Where the gradient vanishes: the mean forecast equals the base rate.
TEST(LogisticRegression, ForecastsTheBaseRateOnAverage) {
  Random random(3);
  Data data{1, {}, {}};
  for (int i = 0; i < 1000; ++i) {
    data.x.push_back(random.unit());
    data.outcomes.push_back(random.chance(0.1 + 0.5 * data.x.back()) ? 1 : 0);
  }
  const LogisticRegression model = data.fit();
  double forecast = 0;
  double came = 0;
  for (std::size_t i = 0; i < data.outcomes.size(); ++i) {
    forecast += model.probability(data.row(i));
    came += data.outcomes[i];
  }
  EXPECT_NEAR(forecast, came, 1e-6);
}

// With x = -1 and 1 in equal numbers the minimum solves 1 - p = ridge * w with p = sigmoid(w).
TEST(LogisticRegression, OutcomesThatALinePartsLeaveTheWeightsFinite) {
  Data data{1, {}, {}};
  for (int i = 0; i < 100; ++i) {
    data.x.push_back(i % 2 == 0 ? -1 : 1);
    data.outcomes.push_back(i % 2 == 0 ? 0 : 1);
  }
  const LogisticRegression model = data.fit();
  const double weight = model.weight[0];
  EXPECT_GT(weight, 1);
  EXPECT_LT(weight, 20);
  EXPECT_NEAR(1 / (1 + std::exp(weight)), kRidge * weight, 1e-9);
  EXPECT_NEAR(model.intercept, 0, 1e-9);
}

TEST(LogisticRegression, AColumnThatNeverChangesHasNoSay) {
  Random random(5);
  Data with{2, {}, {}};
  Data without{1, {}, {}};
  for (int i = 0; i < 500; ++i) {
    const double x = random.unit();
    with.x.insert(with.x.end(), {0.1, x});
    without.x.push_back(x);
    with.outcomes.push_back(random.chance(x) ? 1 : 0);
  }
  without.outcomes = with.outcomes;
  const LogisticRegression model = with.fit();
  EXPECT_EQ(model.weight[0], 0);
  EXPECT_NEAR(model.probability(std::vector<double>{5, 0.3}), without.fit().probability(std::vector<double>{0.3}),
              1e-9);
}

// Two columns that say the same share the weight: the ridge decides what the rows leave open.
TEST(LogisticRegression, TwoEqualColumnsShareTheWeight) {
  Random random(6);
  Data data{2, {}, {}};
  for (int i = 0; i < 500; ++i) {
    const double x = random.unit();
    data.x.insert(data.x.end(), {x, x});
    data.outcomes.push_back(random.chance(x) ? 1 : 0);
  }
  const LogisticRegression model = data.fit();
  EXPECT_GT(model.weight[0], 0.1);
  EXPECT_NEAR(model.weight[0], model.weight[1], 1e-6);
}

TEST(LogisticRegression, WhereAllOutcomesAreEqualNoProbabilityIsCertain) {
  const LogisticRegression never = Data{1, {1, 2, 3}, {0, 0, 0}}.fit();
  EXPECT_NEAR(never.probability(std::vector<double>{9}), 0.5 / 4, 1e-12);
  const LogisticRegression always = Data{1, {1, 2, 3}, {1, 1, 1}}.fit();
  EXPECT_NEAR(always.probability(std::vector<double>{9}), 3.5 / 4, 1e-12);
  EXPECT_EQ(fit_logistic({}, 1, {}).probability(std::vector<double>{9}), 0.5);
}

TEST(LogisticRegression, AnOutlierDoesNotThrowTheSearchOff) {
  Data data{1, {}, {}};
  for (int i = 0; i < 200; ++i) {
    data.x.push_back(i == 0 ? 1e6 : i % 10);
    data.outcomes.push_back(i % 3 == 0 ? 1 : 0);
  }
  const LogisticRegression model = data.fit();
  EXPECT_TRUE(std::isfinite(model.weight[0]));
  double forecast = 0;
  for (std::size_t i = 0; i < data.outcomes.size(); ++i) forecast += model.probability(data.row(i));
  EXPECT_NEAR(forecast, 67, 1e-3);
}

}  // namespace
}  // namespace driftcast
