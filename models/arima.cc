#include "models/arima.h"

#include <algorithm>
#include <cmath>

namespace driftcast {
namespace {

constexpr double kLargest = 1e6;  // of |z|
constexpr double kEdge = 0.98;    // of |phi| and |theta|
constexpr double kWinsor = 4;     // deviations
constexpr double kLargestP = 10;
constexpr double kPriorLevelWeight = 3;  // observations
constexpr double kOldest = 50;           // observations from which theta acts as it is, whatever it is
constexpr double kPriorVarianceWeight = 5, kPriorMeanWeight = 10;  // observations
constexpr double kFastestVariance = 0.02;                          // least weight of the newest squared innovation
constexpr double kLongRun = 0.01;           // least weight of the newest value in the long-run mean
constexpr std::uint32_t kForgetFrom = 200;  // observations, from which P forgets
constexpr double kForget = 0.995;
constexpr double kShake = 0.1;
constexpr std::uint32_t kShakenAge = 10;

float narrow(double x) { return static_cast<float>(x); }

double sane(float z) { return std::isfinite(z) ? std::clamp<double>(z, -kLargest, kLargest) : 0; }

// What a prior mean of `weight` observations weighs beside values like these: the less, the surer it is that the user's
// mean is above it. One large value says little, several alike say much; a value of one may be the chance by which a user
// came to be seen.
double prior_weight(double weight, const ArimaState& s) {
  constexpr double kPriorSpread = 3;  // observations that a deviation as large as the mean weighs
  const double above = std::max(0.0, s.mean - 1.0);
  if (above == 0) return weight;
  const double square = static_cast<double>(s.mean) * s.mean;
  const double spread = (s.n * static_cast<double>(s.variance) + kPriorSpread * square) / (s.n + kPriorSpread);
  const double evidence = std::max(0.0, s.n * square / spread - 2);
  return weight / (1 + evidence * above * above / (1 + above * above));
}

// theta as it acts on the last innovation. The first ones move the level by more than the steady gain 1 + theta, as in
// the Kalman filter of a level whose prior mean weighs some observations.
double acting_theta(double theta, double observations) { return std::max(theta, 1 / observations - 1); }
double acting_theta(const ArimaState& s) { return acting_theta(s.theta, s.n + prior_weight(kPriorLevelWeight, s)); }

// One Gauss-Newton step on (phi, theta); `e` is the innovation, regressors are in units of its deviation.
void learn_parameters(ArimaState& s, double e) {
  const double lambda = s.n < kForgetFrom ? 1 : kForget;
  const double scale = 1 / std::sqrt(s.s2);
  const double x1 = s.gradient_phi * scale;
  const double x2 = s.gradient_theta * scale;
  const double px1 = s.p11 * x1 + s.p12 * x2;
  const double px2 = s.p12 * x1 + s.p22 * x2;
  const double information = x1 * px1 + x2 * px2;
  if (!(information > 1e-12)) return;
  const double total = lambda + information;
  const double error = std::clamp(e * scale, -kWinsor, kWinsor);
  s.phi = narrow(std::clamp(s.phi + px1 / total * error, -kEdge, kEdge));
  s.theta = narrow(std::clamp(s.theta + px2 / total * error, -kEdge, kEdge));
  s.p11 = narrow(std::min((s.p11 - px1 * px1 / total) / lambda, kLargestP));
  s.p22 = narrow(std::min((s.p22 - px2 * px2 / total) / lambda, kLargestP));
  // Capping the diagonal must not break positive definiteness.
  const double bound = 0.999 * std::sqrt(std::max(0.0, static_cast<double>(s.p11) * s.p22));
  s.p12 = narrow(std::clamp((s.p12 - px1 * px2 / total) / lambda, -bound, bound));
}

void learn_level(ArimaState& s, double z) {
  const double weight = std::max(kLongRun, 1 / (s.n + 1.0));
  const double distance = z - s.mean;
  s.mean = narrow(s.mean + weight * distance);
  s.variance = narrow((1 - weight) * (s.variance + weight * distance * distance));
}

double long_run_mean(const ArimaState& s, const ArimaPrior& prior) {
  const double weight = prior_weight(kPriorMeanWeight, s);
  return (s.n * static_cast<double>(s.mean) + weight * prior.mean) / (s.n + weight);
}

double long_run_variance(const ArimaState& s, const ArimaPrior& prior) {
  return (s.n * static_cast<double>(s.variance) + kPriorVarianceWeight * prior.s2) / (s.n + kPriorVarianceWeight);
}

// Walks the forecasts of horizons 1, 2, 3, ...
class Outlook {
 public:
  Outlook(const ArimaState& s, const ArimaPrior& prior)
      : state_(s),
        mean_(long_run_mean(s, prior)),
        bound_(long_run_variance(s, prior)),
        rho_(prior.rho),
        slope_(s.phi * static_cast<double>(s.w) + acting_theta(s) * static_cast<double>(s.e)),
        level_(s.z) {}

  ArimaForecast next() {
    level_ += slope_;
    slope_ *= state_.phi;
    const double impulse = damping_ * psi_;
    spread_ += impulse * impulse;
    psi_ += psi_step_;
    psi_step_ *= state_.phi;
    damping_ *= rho_;
    return {mean_ + damping_ * (level_ - mean_), std::min(state_.s2 * spread_, bound_)};
  }

 private:
  const ArimaState& state_;
  double mean_, bound_, rho_;
  double slope_, level_;  // of the undamped recursion
  double psi_ = 1;        // response of z to an innovation j steps ago
  double psi_step_ = static_cast<double>(state_.phi) + state_.theta;
  double spread_ = 0;  // sum of squared damped responses
  double damping_ = 1;
};

}  // namespace

ArimaState arima_start(const ArimaPrior& prior) {
  ArimaState state;
  state.phi = prior.phi;
  state.theta = prior.theta;
  state.p11 = state.p22 = prior.p0;
  state.s2 = prior.s2;
  state.z = prior.mean;
  return state;
}

float arima_learn(ArimaState& s, const ArimaPrior& prior, float value) {
  const double z = sane(value);
  learn_level(s, z);
  if (s.n < prior.youth) {
    s.phi = prior.phi;
    s.theta = prior.theta;
  }
  const double w = z - s.z;
  const double e = w - s.phi * static_cast<double>(s.w) - acting_theta(s) * static_cast<double>(s.e);
  const bool silent = w == 0 && s.w == 0 && std::abs(e) < 1e-4;  // a run of equal values teaches nothing
  if (!silent) {
    s.gradient_phi = narrow(s.w - s.theta * static_cast<double>(s.gradient_phi));
    s.gradient_theta = narrow(s.e - s.theta * static_cast<double>(s.gradient_theta));
    if (s.n >= prior.youth) learn_parameters(s, e);
    const double weight = s.n == 0 ? 0 : std::max(kFastestVariance, 1 / (s.n + kPriorVarianceWeight));
    s.s2 = narrow(std::max((1 - weight) * s.s2 + weight * e * e, 1e-6 * prior.s2));
  }
  s.z = narrow(z);
  s.w = narrow(w);
  s.e = silent ? 0 : narrow(e);
  if (s.n < UINT32_MAX) ++s.n;
  return narrow(e);
}

void arima_skip(ArimaState& s, const ArimaPrior& prior, std::uint32_t steps) {
  if (steps == 0) return;
  arima_learn(s, prior, 0);
  const double more = steps - 1.0;
  if (more <= 0) return;
  double e = -s.phi * static_cast<double>(s.w) - acting_theta(s) * static_cast<double>(s.e);
  const double young = std::min(more - 1, kOldest);
  const double weight = prior_weight(kPriorLevelWeight, s);
  for (double k = 1; k <= young; ++k) e *= -acting_theta(s.theta, s.n + k + weight);
  s.e = narrow(e * std::pow(-static_cast<double>(s.theta), more - 1 - young));
  s.w = s.gradient_phi = s.gradient_theta = 0;
  const double fading = std::min(more, std::max(0.0, 1 / kLongRun - s.n));  // zeros that still weigh 1/n each
  const double keep = s.n / (s.n + fading) * std::pow(1 - kLongRun, more - fading);
  s.variance = narrow(keep * (s.variance + (1 - keep) * s.mean * static_cast<double>(s.mean)));
  s.mean = narrow(keep * s.mean);
  s.n = more > UINT32_MAX - s.n ? UINT32_MAX : s.n + static_cast<std::uint32_t>(more);
}

ArimaForecast arima_forecast(const ArimaState& state, const ArimaPrior& prior, int horizon) {
  Outlook outlook(state, prior);
  ArimaForecast forecast{state.z, 0};
  for (int h = 0; h < horizon; ++h) forecast = outlook.next();
  return forecast;
}

double arima_volume(const ArimaState& state, const ArimaPrior& prior, int horizon) {
  Outlook outlook(state, prior);
  double sum = 0;
  for (int h = 0; h < horizon; ++h) {
    const ArimaForecast next = outlook.next();
    const double mean = std::max(0.0, next.mean);
    sum += mean * mean + next.variance;
  }
  return sum;
}

void arima_shake(ArimaState& state) {
  state.p11 = narrow(std::min<double>(state.p11 + kShake, kLargestP));
  state.p22 = narrow(std::min<double>(state.p22 + kShake, kLargestP));
  state.n = std::min(state.n, kShakenAge);
}

}  // namespace driftcast
