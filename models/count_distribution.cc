#include "models/count_distribution.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

namespace driftcast {
namespace {

constexpr double kMaxMean = 1e9;
constexpr double kMaxVariance = 1e18;
constexpr double kSmallestLog = -745;  // exp(-745) is the smallest double above zero
constexpr double kExactMean = 256;     // exp(-256) is far from underflow
constexpr double kExactCount = 1024;
constexpr double kWilsonHilferty = 100;  // shape from which the cube root of a gamma is normal within 1e-4
constexpr double kPoissonSize = 1e300;   // stands for an infinite size

// The parameters, made safe. `size` is kPoissonSize for the Poisson law.
struct Law {
  double mean, variance, size;
  bool poisson;
};

Law law_of(const CountDistribution& given) {
  Law law{};
  law.mean = given.mean > 0 ? std::min(given.mean, kMaxMean) : 0;
  law.variance = given.variance > 0 ? std::min(given.variance, kMaxVariance) : 0;
  law.poisson = !(law.variance > law.mean * (1 + 1e-9));
  if (law.poisson) law.variance = law.mean;
  law.size = law.poisson ? kPoissonSize : std::max(1e-100, law.mean * law.mean / (law.variance - law.mean));
  return law;
}

// log(x!) minus Stirling's formula, for any x > 0.
double stirling_error(double x) {
  double sum = 0;
  for (; x < 15; x += 1) sum += (x + 0.5) * std::log1p(1 / x) - 1;
  const double y = 1 / (x * x);
  return sum + (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - y / 1188) * y) * y) * y) / x;
}

// Deviance term x log(x / expected) + expected - x, where `difference` = x - expected is given without cancellation.
double deviance(double x, double expected, double difference) {
  if (std::abs(difference) >= 0.1 * (x + expected)) return x * std::log(x / expected) - difference;
  const double v = difference / (x + expected);
  double sum = difference * v;
  double term = 2 * x * v;
  for (int j = 1; j < 100; ++j) {
    term *= v * v;
    const double next = sum + term / (2 * j + 1);
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

double log_of_zero(const Law& law) { return law.poisson ? -law.mean : -law.size * std::log1p(law.mean / law.size); }

double log_probability_of(const Law& law, double y) {
  if (law.mean <= 0) return y > 0 ? kSmallestLog : 0;
  if (y <= 0) return log_of_zero(law);
  const double common = -stirling_error(y) - 0.5 * std::log(2 * std::numbers::pi * y);
  if (law.poisson) return common - deviance(y, law.mean, y - law.mean);
  const double total = law.size + y;
  const double chance = law.size / (law.size + law.mean);  // of the binomial form
  const double other = law.mean / (law.size + law.mean);
  const double difference = chance * (y - law.mean);
  return common + stirling_error(total) - stirling_error(law.size) - deviance(law.size, total * chance, -difference) -
         deviance(y, total * other, difference) + 0.5 * std::log(law.size / total);
}

// Walks the probabilities of 0, 1, 2, ... up.
class Summation {
 public:
  explicit Summation(const Law& law)
      : ratio_(law.poisson ? 0 : law.mean / (law.size + law.mean)),
        offset_(law.poisson ? law.mean : law.size * ratio_),
        probability_(std::exp(log_of_zero(law))),
        sum_(probability_) {}

  void step() {
    probability_ *= (count_ * ratio_ + offset_) / (count_ + 1);
    count_ += 1;
    sum_ += probability_;
  }
  double count() const { return count_; }
  double sum() const { return std::min(sum_, 1.0); }

 private:
  double ratio_, offset_;  // P(k + 1) / P(k) = (k ratio + offset) / (k + 1)
  double probability_, sum_;
  double count_ = 0;
};

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

// Inverse of the normal cdf. Source: P. Acklam's rational approximation, relative error 1.2e-9.
double normal_quantile(double p) {
  // clang-format off
  const auto tail = [](double q) {
    const double numerator =
        ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q - 2.549732539343734) * q +
         4.374664141464968) * q + 2.938163982698783;
    return numerator / ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q +
                         3.754408661907416) * q + 1);
  };
  if (p < 0.02425) return tail(std::sqrt(-2 * std::log(p)));
  if (p > 1 - 0.02425) return -tail(std::sqrt(-2 * std::log1p(-p)));
  const double q = p - 0.5;
  const double r = q * q;
  const double numerator =
      (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
         1.383577518672690e+02) * r - 3.066479806614716e+01) * r + 2.506628277459239) * q;
  return numerator / (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
                        6.680131188771972e+01) * r - 1.328068155288572e+01) * r + 1);
  // clang-format on
}

// log of x^a e^-x / Gamma(a + 1), for a > 0 and x > 0.
double log_gamma_term(double a, double x) {
  return -deviance(a, x, a - x) - stirling_error(a) - 0.5 * std::log(2 * std::numbers::pi * a);
}

// Regularised lower incomplete gamma function P(a, x), for a below kWilsonHilferty.
// Series for x < a + 1, else Lentz's continued fraction of the complement.
double gamma_cdf(double a, double x) {
  if (x <= 0) return 0;
  const double front = std::exp(log_gamma_term(a, x));
  if (x < a + 1) {
    double term = 1, sum = 1;
    for (int i = 1; i < 500 && term > sum * 1e-15; ++i) sum += term *= x / (a + i);
    return std::min(1.0, front * sum);
  }
  double b = x + 1 - a;
  double c = 1e300;
  double d = 1 / b;
  double fraction = d;
  for (int i = 1; i < 500; ++i) {
    const double an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    fraction *= d * c;
    if (std::abs(d * c - 1) < 1e-14) break;
  }
  return std::clamp(1 - front * a * fraction, 0.0, 1.0);
}

// The gamma law location + scale * Gamma(shape) with the first three moments of a law.
struct ShiftedGamma {
  double location, scale, shape;

  explicit ShiftedGamma(const Law& law) {
    const double deviation = std::sqrt(law.variance);
    const double skewness = (2 * law.variance / law.mean - 1) / deviation;
    shape = std::max(1e-12, 4 / (skewness * skewness));
    scale = deviation * skewness / 2;
    location = law.mean - shape * scale;
  }

  double cdf(double count) const {
    const double x = (count + 0.5 - location) / scale;
    if (x <= 0) return 0;
    if (shape < kWilsonHilferty) return gamma_cdf(shape, x);
    const double ninth = 1 / (9 * shape);
    return normal_cdf((std::cbrt(x / shape) - 1 + ninth) / std::sqrt(ninth));
  }

  // A count near the p-quantile.
  double guess(double p) const {
    const double ninth = 1 / (9 * shape);
    const double root = 1 - ninth + normal_quantile(p) * std::sqrt(ninth);
    return std::max(0.0, std::ceil(location + scale * shape * root * root * root - 0.5));
  }
};

// The smallest count in (low, infinity) whose cdf reaches p: doubles its steps away from a guess, then bisects.
double search(const ShiftedGamma& gamma, double p, double low) {
  double high = std::max(low + 1, gamma.guess(p));
  double stride = 1;
  if (gamma.cdf(high) >= p) {
    double below = std::max(low, high - stride);
    while (below > low && gamma.cdf(below) >= p) {
      high = below;
      stride *= 2;
      below = std::max(low, high - stride);
    }
    low = below;
  } else {
    low = high;
    while (high < 1e18 && gamma.cdf(high) < p) {
      low = high;
      high += stride;
      stride *= 2;
    }
  }
  while (high - low > 1) {
    const double middle = std::floor(low + (high - low) / 2);
    if (middle <= low || middle >= high) break;  // beyond 2^53 counts are no longer neighbours
    (gamma.cdf(middle) >= p ? high : low) = middle;
  }
  return high;
}

// Logarithmic derivative of the gamma function, x > 0: stepped up to where its series is good to 1e-9.
double digamma(double x) {
  double below = 0;
  for (; x < 8; ++x) below += 1 / x;
  const double inverse = 1 / (x * x);
  return std::log(x) - 0.5 / x - inverse * (1.0 / 12 - inverse * (1.0 / 120 - inverse / 252)) - below;
}

// digamma(x + n) - digamma(x), n a count.
double digamma_rise(double x, double n) {
  constexpr double kFewTerms = 16;
  if (n > kFewTerms) return digamma(x + n) - digamma(x);
  double sum = 0;
  for (double k = 0; k < n; ++k) sum += 1 / (x + k);
  return sum;
}

}  // namespace

double CountDistribution::log_probability(double y) const {
  if (!(y > -0.5) || y > 1e18) return kSmallestLog;
  return std::clamp(log_probability_of(law_of(*this), std::round(y)), kSmallestLog, 0.0);
}

double CountDistribution::cdf(double y) const { return cdf_step(y).after; }

CountDistribution::Step CountDistribution::cdf_step(double y) const {
  if (!(y >= 0)) return {0, 0};
  const Law law = law_of(*this);
  const double count = std::floor(std::min(y, 1e18));
  if (law.mean <= 0) return {count > 0 ? 1.0 : 0.0, 1};
  if (law.mean > kExactMean) {
    const ShiftedGamma gamma(law);
    return {count > 0 ? gamma.cdf(count - 1) : 0, gamma.cdf(count)};
  }
  Summation summation(law);
  double before = 0;
  while (summation.count() < std::min(count, kExactCount)) {
    before = summation.sum();
    summation.step();
  }
  if (count <= kExactCount) return {before, summation.sum()};
  const ShiftedGamma gamma(law);
  const double exact = summation.sum();
  return {count - 1 > kExactCount ? std::max(exact, gamma.cdf(count - 1)) : exact, std::max(exact, gamma.cdf(count))};
}

double CountDistribution::quantile(double p) const { return quantiles(p, p).low; }

CountDistribution::Range CountDistribution::quantiles(double low, double high) const {
  const Law law = law_of(*this);
  if (law.mean <= 0) return {};
  std::optional<Summation> summation;
  if (law.mean <= kExactMean) summation.emplace(law);
  const auto reach = [&](double p) {
    if (!(p > 0)) return 0.0;
    p = std::min(p, 1 - 1e-15);
    if (!summation) return search(ShiftedGamma(law), p, -1);
    while (summation->sum() < p && summation->count() < kExactCount) summation->step();
    return summation->sum() >= p ? summation->count() : search(ShiftedGamma(law), p, kExactCount);
  };
  const double reached = reach(low);
  return {reached, high > low ? reach(high) : reached};
}

double dispersion_score(double mean, double d, double y) {
  const double r = 1 / d;
  return -r * (digamma_rise(r, y) - std::log1p(mean / r) + (mean - y) / (r + mean));
}

}  // namespace driftcast
