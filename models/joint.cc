#include "models/joint.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace driftcast {
namespace {

constexpr double kShrinkage = 150;      // labels that the crowd weighs against a user's own
constexpr double kUserDiscount = 0.99;  // per label
constexpr double kCrowdSpan = 2000;     // labels the crowd's moments reach back
constexpr double kRidge = 0.02;         // of the mean diagonal, towards the prior weights
constexpr double kRidgeLabels = 50;     // labels that the prior weighs besides
constexpr double kLeastScale = 0.25;    // of a label
constexpr double kLeastSum = 0.4, kLargestSum = 1.1;
constexpr double kSlowRate = 0.15, kFastRate = 0.25;  // of the guard: sparse and dense users
constexpr double kDense = 10;                         // events per step from which a user counts as dense
constexpr double kShare = 0.02;                       // of the guard drawn back to the crowd's, per label
constexpr double kLargestLoss = 16;
constexpr double kJointHead = 0.9;  // of the first guard: the joint forecast; the experts share the rest
constexpr double kGuardFloor = 1e-3;
constexpr float kForgetting = 0.1F;  // of a user's moments that stays after a confirmed drift

constexpr auto kArimaIndex = static_cast<std::size_t>(Expert::kArima);

std::size_t cell(std::size_t i, std::size_t j) { return i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i; }

bool has(const VolumeForecasts& volume, std::size_t expert) { return (volume.available >> expert & 1U) != 0; }

// The crowd's weights among the experts that have spoken, summing up to what they summed up to.
ExpertForecasts spoken_weights(const ExpertForecasts& weights, const VolumeForecasts& volume) {
  ExpertForecasts spoken{};
  double all = 0;
  double there = 0;
  for (std::size_t k = 0; k < kExperts; ++k) {
    all += weights[k];
    if (has(volume, k)) there += spoken[k] = weights[k];
  }
  if (!(there > 0)) return spoken;
  for (float& weight : spoken) weight = static_cast<float>(weight * all / there);
  return spoken;
}

// The two columns of a user's own regression.
struct Columns {
  double arima = 0, others = 0;                // forecasts
  double arima_weight = 0, others_weight = 0;  // the crowd's
};

Columns columns_of(const VolumeForecasts& volume, const ExpertForecasts& weights) {
  Columns columns;
  for (std::size_t k = 0; k < kExperts; ++k) {
    if (k == kArimaIndex) continue;
    columns.others += weights[k] * static_cast<double>(volume.mean[k]);
    columns.others_weight += weights[k];
  }
  columns.arima = volume.mean[kArimaIndex];
  columns.arima_weight = weights[kArimaIndex];
  if (columns.others_weight > 0) columns.others /= columns.others_weight;
  return columns;
}

void keep_sum(double& first, double& second) {
  const double sum = first + second;
  if (!(sum > 0)) return;
  const double factor = std::clamp(sum, kLeastSum, kLargestSum) / sum;
  first *= factor;
  second *= factor;
}

// Weights of the two columns: the user's moments shrunk to the crowd's.
void solve_user(const JointUser& user, const JointCrowd& crowd, const ExpertForecasts& weights, Columns& columns) {
  if (user.labels == 0 || crowd.labels == 0 || !(columns.others_weight > 0)) return;
  double aa = 0;
  double ao = 0;
  double oo = 0;
  for (std::size_t i = 0; i < kExperts; ++i) {
    const double wi = i == kArimaIndex ? 0 : weights[i] / columns.others_weight;
    ao += wi * crowd.a[cell(kArimaIndex, i)];
    for (std::size_t j = 0; j < kExperts; ++j) {
      if (j != kArimaIndex) oo += wi * weights[j] / columns.others_weight * crowd.a[cell(i, j)];
    }
  }
  aa = crowd.a[cell(kArimaIndex, kArimaIndex)];
  const double k11 = user.a[0] + kShrinkage * aa;
  const double k12 = user.a[1] + kShrinkage * ao;
  const double k22 = user.a[2] + kShrinkage * oo;
  const double r1 = user.b[0] + kShrinkage * (aa * columns.arima_weight + ao * columns.others_weight);
  const double r2 = user.b[1] + kShrinkage * (ao * columns.arima_weight + oo * columns.others_weight);
  const double ridge = 1e-3 * (k11 + k22);  // the columns are often nearly alike
  const double d11 = k11 + ridge;
  const double d22 = k22 + ridge;
  const double c1 = r1 + ridge * columns.arima_weight;
  const double c2 = r2 + ridge * columns.others_weight;
  const double determinant = d11 * d22 - k12 * k12;
  if (!(determinant > 1e-12 * d11 * d22)) return;
  columns.arima_weight = std::max(0.0, (c1 * d22 - c2 * k12) / determinant);
  columns.others_weight = std::max(0.0, (c2 * d11 - c1 * k12) / determinant);
  keep_sum(columns.arima_weight, columns.others_weight);
}

GuardWeights first_guard(const VolumeForecasts& volume) {
  GuardWeights guard{};
  double spoken = 0;
  for (std::size_t k = 0; k < kExperts; ++k) spoken += has(volume, k) ? 1 : 0;
  for (std::size_t k = 0; k < kExperts; ++k) {
    if (has(volume, k)) guard[k] = static_cast<float>((1 - kJointHead) / spoken);
  }
  guard[kJointColumn] = static_cast<float>(spoken > 0 ? kJointHead : 1);
  return guard;
}

GuardWeights guard_of(const JointUser& user, const JointCrowd& crowd, const VolumeForecasts& volume) {
  GuardWeights guard = user.labels > 0 ? user.guard : crowd.labels > 0 ? crowd.guard : first_guard(volume);
  double sum = guard[kJointColumn];
  for (std::size_t k = 0; k < kExperts; ++k) {
    if (!has(volume, k)) guard[k] = 0;
    sum += guard[k];
  }
  for (float& weight : guard) weight = static_cast<float>(weight / sum);
  return guard;
}

// The experts that have ever forecast anything.
VolumeForecasts heard(const JointCrowd& crowd) {
  VolumeForecasts volume;
  for (std::size_t k = 0; k < kExperts; ++k) {
    if (crowd.a[cell(k, k)] > 0) volume.set(static_cast<Expert>(k), 1);
  }
  return volume;
}

// Minimises w'Aw - 2 b'w + ridge |w - prior|^2 over w >= 0 by cyclic coordinate descent, then keeps the sum in bounds.
ExpertForecasts solve_crowd(const JointCrowd& crowd, const ExpertForecasts& model_prior) {
  const ExpertForecasts prior = spoken_weights(model_prior, heard(crowd));
  const double strength = kRidge + kRidgeLabels / (kRidgeLabels + crowd.labels);  // of each column's own scale
  std::array<double, kExperts> w{};
  for (std::size_t k = 0; k < kExperts; ++k) w[k] = prior[k];
  for (int sweep = 0; sweep < 60; ++sweep) {
    for (std::size_t k = 0; k < kExperts; ++k) {
      if (crowd.a[cell(k, k)] <= 0) continue;
      const double ridge = strength * crowd.a[cell(k, k)];
      double residual = crowd.b[k] + ridge * prior[k];
      for (std::size_t j = 0; j < kExperts; ++j) {
        if (j != k) residual -= crowd.a[cell(k, j)] * w[j];
      }
      w[k] = std::max(0.0, residual / (crowd.a[cell(k, k)] + ridge));
    }
  }
  double sum = 0;
  for (const double weight : w) sum += weight;
  if (!(sum > 0)) return model_prior;
  ExpertForecasts weights{};
  for (std::size_t k = 0; k < kExperts; ++k) {
    weights[k] = static_cast<float>(w[k] * std::clamp(sum, kLeastSum, kLargestSum) / sum);
  }
  return weights;
}

bool solve_now(std::uint32_t labels) {
  const bool power_of_two = (labels & (labels - 1)) == 0;
  return labels < 256 ? power_of_two : labels % 256 == 0;
}

void learn_crowd(JointCrowd& crowd, const ExpertForecasts& prior, const VolumeForecasts& volume, double y,
                 double scale) {
  ++crowd.labels;
  const double weight = std::max(1 / kCrowdSpan, 1.0 / crowd.labels);
  const auto learn = [weight](float& moment, double value) {
    moment = static_cast<float>(moment + weight * (value - moment));
  };
  for (std::size_t i = 0; i < kExperts; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      learn(crowd.a[cell(i, j)], static_cast<double>(volume.mean[i]) * volume.mean[j] / scale);
    }
    learn(crowd.b[i], volume.mean[i] * y / scale);
  }
  if (solve_now(crowd.labels)) crowd.weights = solve_crowd(crowd, prior);
}

void learn_guard(GuardWeights& guard, const GuardWeights& crowd, const VolumeForecasts& volume, double joint, double y,
                 double variance, double rate) {
  const double speed = rate < kDense ? kSlowRate : kFastRate;
  std::array<double, kGuardColumns> loss{};
  for (std::size_t k = 0; k < kGuardColumns; ++k) {
    const double error = y - (k == kJointColumn ? joint : static_cast<double>(volume.mean[k]));
    loss[k] = std::min(error * error / variance, kLargestLoss);
  }
  const double least = *std::min_element(loss.begin(), loss.end());
  double sum = 0;
  std::array<double, kGuardColumns> weight{};
  for (std::size_t k = 0; k < kGuardColumns; ++k) {
    weight[k] = guard[k] * std::exp(-speed * (loss[k] - least));
    sum += weight[k];
  }
  for (std::size_t k = 0; k < kGuardColumns; ++k) {
    const double floor = k == kJointColumn || has(volume, k) ? kGuardFloor : 0;
    guard[k] = static_cast<float>((1 - kShare) * weight[k] / sum + kShare * std::max<double>(crowd[k], floor));
  }
}

}  // namespace

JointForecast joint_forecast(const VolumeForecasts& volume, const JointUser& user, const JointCrowd& crowd,
                             const ExpertForecasts& prior) {
  const ExpertForecasts shared = spoken_weights(crowd.labels > 0 ? crowd.weights : prior, volume);
  Columns columns = columns_of(volume, shared);
  const double others_sum = columns.others_weight;
  solve_user(user, crowd, shared, columns);
  JointForecast forecast;
  forecast.joint = columns.arima_weight * columns.arima + columns.others_weight * columns.others;
  const GuardWeights guard = guard_of(user, crowd, volume);
  const double joint_share = guard[kJointColumn];
  for (std::size_t k = 0; k < kExperts; ++k) {
    const double in_joint = k == kArimaIndex ? columns.arima_weight
                            : others_sum > 0 ? columns.others_weight * shared[k] / others_sum
                                             : 0;
    const double weight = guard[k] + joint_share * in_joint;
    forecast.weights[k] = static_cast<float>(weight);
    forecast.mean += weight * volume.mean[k];
  }
  return forecast;
}

void joint_learn(JointUser& user, JointCrowd& crowd, const ExpertForecasts& prior, const VolumeForecasts& volume,
                 double joint, double y, double variance, double rate) {
  user.guard = guard_of(user, crowd, volume);
  const GuardWeights before = crowd.labels > 0 ? crowd.guard : first_guard(volume);
  learn_guard(user.guard, before, volume, joint, y, variance, rate);

  const ExpertForecasts shared = spoken_weights(crowd.labels > 0 ? crowd.weights : prior, volume);
  const Columns columns = columns_of(volume, shared);
  const double scale = std::max(kLeastScale, joint);
  const auto learn = [](float& moment, double value) { moment = static_cast<float>(kUserDiscount * moment + value); };
  learn(user.a[0], columns.arima * columns.arima / scale);
  learn(user.a[1], columns.arima * columns.others / scale);
  learn(user.a[2], columns.others * columns.others / scale);
  learn(user.b[0], columns.arima * y / scale);
  learn(user.b[1], columns.others * y / scale);
  if (user.labels < UINT32_MAX) ++user.labels;

  learn_crowd(crowd, prior, volume, y, scale);
  const double weight = std::max(1 / kCrowdSpan, 1.0 / crowd.labels);
  for (std::size_t k = 0; k < kGuardColumns; ++k) {
    crowd.guard[k] = static_cast<float>(before[k] + weight * (user.guard[k] - before[k]));
  }
}

void joint_forget(JointUser& user) {
  for (float& moment : user.a) moment *= kForgetting;
  for (float& moment : user.b) moment *= kForgetting;
}

}  // namespace driftcast
