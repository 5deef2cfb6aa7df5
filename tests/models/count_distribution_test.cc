#include "models/count_distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <ostream>
#include <vector>

namespace driftcast {

void PrintTo(const CountDistribution& law, std::ostream* out) {
  *out << "mean " << law.mean << " variance " << law.variance;
}

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The slow twin: gamma functions in long double, sums term by term.
long double log_term(const CountDistribution& law, long double y) {
  const long double mean = law.mean;
  if (law.variance <= law.mean) return y * std::log(mean) - mean - std::lgamma(y + 1);
  const long double size = mean * mean / (static_cast<long double>(law.variance) - mean);
  return std::lgamma(y + size) - std::lgamma(size) - std::lgamma(y + 1) - size * std::log1p(mean / size) +
         y * std::log(mean / (size + mean));
}

// The twin's cdf at 0, 1, ..., `last`.
std::vector<double> summed(const CountDistribution& law, int last) {
  std::vector<double> result;
  long double sum = 0;
  for (int y = 0; y <= last; ++y) result.push_back(static_cast<double>(sum += std::exp(log_term(law, y))));
  return result;
}

// Laws of these means, from Poisson to one with a hundred times its variance.
std::vector<CountDistribution> laws(const std::vector<double>& means) {
  std::vector<CountDistribution> result;
  for (const double mean : means) {
    for (const double excess : {0.0, 0.01, 0.3, 1.0, 10.0, 100.0}) result.push_back({mean, mean * (1 + excess)});
  }
  return result;
}

const std::vector<double> kSmallMeans = {0.001, 0.05, 0.7, 1, 3.3, 20, 100, 256};
const std::vector<double> kAllMeans = {0.001, 0.05, 0.7, 1, 3.3, 20, 100, 256, 256.5, 1000, 3e4, 1e6, 1e9};

TEST(CountDistribution, ProbabilitiesEqualThoseOfGammaFunctionsInLongDouble) {
  for (const CountDistribution& law : laws({0.001, 0.05, 0.7, 3.3, 20, 256, 2000, 5e4})) {
    for (const double y : {0.0, 1.0, 2.0, 7.0, 50.0, 255.0, 256.0, 1024.0, 1999.0, 51000.0}) {
      const auto expected = static_cast<double>(log_term(law, y));
      if (expected < -700) continue;
      EXPECT_NEAR(law.log_probability(y), expected, 1e-12 * std::max(1.0, -expected))
          << testing::PrintToString(law) << " at " << y;
    }
  }
}

TEST(CountDistribution, ProbabilitiesHaveTheMeanAndVarianceTheyWereGiven) {
  for (const CountDistribution& law : laws({0.05, 0.7, 3.3, 20})) {
    double total = 0, mean = 0, square = 0;
    for (double y = 0; y <= 60000; ++y) {
      const double probability = std::exp(law.log_probability(y));
      total += probability;
      mean += y * probability;
      square += y * y * probability;
    }
    EXPECT_NEAR(total, 1, 1e-10) << testing::PrintToString(law);
    EXPECT_NEAR(mean / law.mean, 1, 1e-9) << testing::PrintToString(law);
    EXPECT_NEAR((square - mean * mean) / law.variance, 1, 1e-8) << testing::PrintToString(law);
  }
}

TEST(CountDistribution, CdfEqualsTheSumWhereItPromisesTo) {
  for (const CountDistribution& law : laws(kSmallMeans)) {
    const std::vector<double> expected = summed(law, 1024);
    for (std::size_t y = 0; y < expected.size(); ++y) {
      ASSERT_NEAR(law.cdf(static_cast<double>(y)), expected[y], 1e-12) << testing::PrintToString(law) << " at " << y;
    }
  }
}

TEST(CountDistribution, CdfStaysCloseToTheSumWhereItLeavesIt) {
  for (const CountDistribution& law : laws({100, 200, 256, 256.001, 300, 1000})) {
    const std::vector<double> expected = summed(law, 4000);
    for (std::size_t y = 0; y < expected.size(); ++y) {
      ASSERT_NEAR(law.cdf(static_cast<double>(y)), expected[y], 1e-3) << testing::PrintToString(law) << " at " << y;
    }
  }
}

TEST(CountDistribution, CdfHasNoStepWhereTheMeanCrossesTheBound) {
  for (const double spread : {1.0, 1.5, 4.0, 30.0}) {
    const CountDistribution below{256, 256 * spread};
    const CountDistribution above{std::nextafter(256, 257), 256 * spread};
    for (double y = 0; y <= 1024; ++y) ASSERT_NEAR(below.cdf(y), above.cdf(y), 1e-3) << spread << " at " << y;
  }
}

TEST(CountDistribution, CdfNeverFalls) {
  for (const CountDistribution& law : laws(kAllMeans)) {
    double before = 0;
    const double stride = std::max(1.0, std::floor(law.mean / 700));
    for (double y = -1; y < 5 * law.mean + 3000; y += stride) {
      const double here = law.cdf(y);
      ASSERT_GE(here, before) << testing::PrintToString(law) << " at " << y;
      ASSERT_LE(here, 1);
      before = here;
    }
    EXPECT_EQ(law.cdf(kInfinity), 1) << testing::PrintToString(law);
  }
}

TEST(CountDistribution, CdfOfAFractionIsThatOfTheCountBelow) {
  const CountDistribution law{3, 5};
  EXPECT_EQ(law.cdf(2.99), law.cdf(2));
  EXPECT_EQ(law.cdf(-0.01), 0);
  EXPECT_EQ(law.log_probability(2.4), law.log_probability(2));
  EXPECT_EQ(law.log_probability(1.6), law.log_probability(2));
}

TEST(CountDistribution, QuantileIsTheFirstCountThatReachesIt) {
  for (const CountDistribution& law : laws(kAllMeans)) {
    for (const double p : {1e-9, 0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999, 1 - 1e-9}) {
      const double count = law.quantile(p);
      ASSERT_EQ(count, std::floor(count));
      EXPECT_GE(law.cdf(count), p) << testing::PrintToString(law) << " at " << p;
      EXPECT_LT(law.cdf(count - 1), p) << testing::PrintToString(law) << " at " << p;
    }
  }
}

TEST(CountDistribution, TwoAnswersAtTheCostOfOneAreTheSameTwoAnswers) {
  for (const CountDistribution& law : laws(kAllMeans)) {
    for (double y = 0; y < 3000; y += 1 + std::floor(y / 10)) {
      const auto [before, after] = law.cdf_step(y);
      ASSERT_EQ(before, law.cdf(y - 1)) << testing::PrintToString(law) << " at " << y;
      ASSERT_EQ(after, law.cdf(y)) << testing::PrintToString(law) << " at " << y;
    }
    for (const auto& [low, high] :
         {std::pair(0.05, 0.95), std::pair(0.0, 0.5), std::pair(0.3, 0.3), std::pair(0.9, 1.0)}) {
      const CountDistribution::Range range = law.quantiles(low, high);
      ASSERT_EQ(range.low, law.quantile(low)) << testing::PrintToString(law) << " at " << low;
      ASSERT_EQ(range.high, law.quantile(high)) << testing::PrintToString(law) << " at " << high;
    }
  }
}

TEST(CountDistribution, QuantileInvertsTheCdfAtItsOwnJumps) {
  for (const CountDistribution& law : laws({0.7, 20, 256, 300, 1000})) {
    for (double y = 0; y < 1200; y += 37) {
      const double p = law.cdf(y);
      if (p < 1e-12 || p > 1 - 1e-12) continue;
      EXPECT_EQ(law.quantile(p), y) << testing::PrintToString(law);
    }
  }
}

TEST(CountDistribution, AVarianceUpToTheMeanIsPoisson) {
  for (const double mean : {0.3, 4.0, 100.0, 5000.0}) {
    const CountDistribution poisson{mean, mean};
    const CountDistribution narrow{mean, 0};
    const CountDistribution wider{mean, mean * (1 + 1e-6)};
    for (double y = 0; y < 3 * mean + 5; ++y) {
      ASSERT_EQ(narrow.log_probability(y), poisson.log_probability(y));
      ASSERT_EQ(narrow.cdf(y), poisson.cdf(y));
      ASSERT_NEAR(wider.cdf(y), poisson.cdf(y), 1e-6) << mean << " at " << y;
    }
  }
  EXPECT_NEAR((CountDistribution{2, 2}.log_probability(0)), -2, 1e-15);
}

TEST(CountDistribution, NothingExpectedIsNothingSeen) {
  for (const CountDistribution& law : {CountDistribution{0, 0}, {0, 5}, {-3, 1}, {kNan, 1}}) {
    EXPECT_EQ(law.log_probability(0), 0);
    EXPECT_EQ(law.log_probability(1), -745);
    EXPECT_EQ(law.cdf(0), 1);
    EXPECT_EQ(law.quantile(0.99), 0);
  }
}

TEST(CountDistribution, ExtremeLawsAndQuestionsHaveFiniteAnswers) {
  const std::vector<double> parameters = {0, 1e-300, 1e-9, 1, 256, 1e9, 1e18, 1e300, -1, kInfinity, -kInfinity, kNan};
  const std::vector<double> questions = {0, 1, 5, 1e6, 1e15, 1e18, 1e300, -5, kInfinity, -kInfinity, kNan};
  for (const double mean : parameters) {
    for (const double variance : parameters) {
      const CountDistribution law{mean, variance};
      for (const double question : questions) {
        const double log_probability = law.log_probability(question);
        EXPECT_TRUE(log_probability >= -745 && log_probability <= 0)
            << testing::PrintToString(law) << " at " << question;
        const double cdf = law.cdf(question);
        EXPECT_TRUE(cdf >= 0 && cdf <= 1) << testing::PrintToString(law) << " at " << question;
      }
      for (const double p : {0.0, 1e-300, 0.5, 1.0, 2.0, -1.0, kInfinity, kNan}) {
        const double count = law.quantile(p);
        EXPECT_TRUE(std::isfinite(count) && count >= 0) << testing::PrintToString(law) << " at " << p;
      }
    }
  }
}

TEST(CountDistribution, ParametersOutOfRangeAreReadAsTheNearestEnd) {
  EXPECT_EQ((CountDistribution{1e300, 0}.quantile(0.5)), (CountDistribution{1e9, 1e9}.quantile(0.5)));
  EXPECT_EQ((CountDistribution{5, kInfinity}.log_probability(9)), (CountDistribution{5, 1e18}.log_probability(9)));
  EXPECT_EQ((CountDistribution{5, kNan}.log_probability(9)), (CountDistribution{5, 5}.log_probability(9)));
  for (const CountDistribution& law : laws({5, 1000})) {
    EXPECT_EQ(law.quantile(1), law.quantile(1 - 1e-15)) << testing::PrintToString(law);
  }
}

TEST(CountDistribution, TheScoreIsTheSlopeOfTheLogProbabilityOverTheLogarithmOfTheDispersion) {
  for (const double mean : {0.01, 1.0, 30.0, 4000.0}) {
    for (const double d : {0.0001, 0.1, 2.0, 200.0}) {
      for (const double y : {0.0, 1.0, 3.0, 16.0, 17.0, 40.0, 1e6}) {
        constexpr double kStep = 1e-3;
        const auto log_term_at = [&](double factor) {
          return log_term({mean, mean + d * std::exp(factor) * mean * mean}, y);
        };
        const auto slope = static_cast<double>((log_term_at(kStep) - log_term_at(-kStep)) / (2 * kStep));
        EXPECT_NEAR(dispersion_score(mean, d, y), slope, 1e-5 * std::abs(slope) + 1e-11)
            << mean << ", " << d << ", " << y;
      }
    }
  }
}

TEST(CountDistribution, TheScoreIsZeroOnAverageOverTheLaw) {
  for (const double mean : {0.1, 2.0, 50.0}) {
    for (const double d : {0.05, 0.5, 3.0}) {
      const CountDistribution law{mean, mean + d * mean * mean};
      double average = 0;
      for (double y = 0; y < 10'000; ++y) average += std::exp(law.log_probability(y)) * dispersion_score(mean, d, y);
      EXPECT_NEAR(average, 0, 1e-8) << mean << ", " << d;
    }
  }
}

TEST(CountDistribution, ALargePoissonLawIsNearlyNormal) {
  const CountDistribution law{1e6, 1e6};
  EXPECT_NEAR(law.quantile(0.5), 1e6, 1);
  EXPECT_NEAR(law.quantile(0.95), 1e6 + 1.6448536 * 1000, 2);
  EXPECT_NEAR(law.cdf(1e6 - 1000), 0.158655, 1e-3);
}

}  // namespace
}  // namespace driftcast
