#include "models/joint.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>

namespace driftcast {
namespace {

constexpr double kShrinkage = 300;      // labels that the crowd weighs against a user's own, whose horizons overlap
constexpr double kUserDiscount = 0.99;  // per label
constexpr double kCrowdSpan = 500;      // labels the crowd's moments reach back
constexpr double kRidge = 0.1;          // of the mean diagonal, towards the prior weights
constexpr double kNetworkRidge = 1;     // likewise with a network, whose prior weight labels have borne out
constexpr double kRidgeLabels = 30;     // labels that the prior weighs besides
constexpr double kLeastScale = 1;       // of a label
constexpr double kFarthest = 6;         // standard deviations above its forecast that a label counts as at most
constexpr double kLeastSum = 0.4, kLargestSum = 1.1;
constexpr double kSlowRate = 0.15, kFastRate = 0.25;  // of the guard: sparse and dense users
constexpr double kDense = 10;                         // events per step from which a user counts as dense
constexpr double kShare = 0.02;                       // of the guard drawn back to the crowd's, per label
constexpr double kLargestLoss = 16;
constexpr double kJointHead = 0.9;  // of the first guard: the joint forecast; the experts share the rest
constexpr double kGuardFloor = 1e-3;
constexpr double kLeastDeterminant = 1e-12;  // over the diagonal's product, of moments that can be told apart
constexpr float kForgetting = 0.1F;          // of a user's moments that stays after a confirmed drift

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

// The columns of a user's own regression. Where the network has not spoken, its forecast is the mix of the others.
struct Columns {
  double arima = 0, others = 0, network = 0;                       // forecasts
  double arima_weight = 0, others_weight = 0, network_weight = 0;  // the crowd's

  // ARIMA's part of the mix that stands for a network that has not spoken.
  double arima_part() const {
    const double sum = arima_weight + others_weight;
    return sum > 0 ? arima_weight / sum : 0.5;
  }
};

bool is_other(std::size_t expert) { return expert != kArimaIndex && expert != kNetworkIndex; }

Columns columns_of(const VolumeForecasts& volume, const ExpertForecasts& weights) {
  Columns columns;
  for (std::size_t k = 0; k < kExperts; ++k) {
    if (!is_other(k)) continue;
    columns.others += weights[k] * static_cast<double>(volume.mean[k]);
    columns.others_weight += weights[k];
  }
  columns.arima = volume.mean[kArimaIndex];
  columns.arima_weight = weights[kArimaIndex];
  if (columns.others_weight > 0) columns.others /= columns.others_weight;
  columns.network_weight = weights[kNetworkIndex];
  const double part = columns.arima_part();
  columns.network = has(volume, kNetworkIndex) ? static_cast<double>(volume.mean[kNetworkIndex])
                                               : part * columns.arima + (1 - part) * columns.others;
  return columns;
}

// Scales a user's weights: their sum becomes the geometric mean of itself and the crowd's, in bounds. What a user's few
// labels say of the sum is mostly luck, and wrong by as much in every forecast; what they say of the parts is not.
void keep_sum(std::span<double> weights, double crowd) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(sum > 0)) return;
  const double kept = crowd > 0 ? std::sqrt(sum * crowd) : sum;
  for (double& weight : weights) weight *= std::clamp(kept, kLeastSum, kLargestSum) / sum;
}

// Moments of the columns among themselves and, of a user's, with what came.
struct Moments {
  double aa = 0, ao = 0, oo = 0, an = 0, on = 0, nn = 0;
  double ay = 0, oy = 0, ny = 0;

  // Of labels without a network's word: what they are when it had said the mix.
  void stand_in(double arima_part) {
    if (nn > 0) return;
    const double others_part = 1 - arima_part;
    an = arima_part * aa + others_part * ao;
    on = arima_part * ao + others_part * oo;
    nn = arima_part * an + others_part * on;
    ny = arima_part * ay + others_part * oy;
  }
};

Moments moments_of(const JointUser& user) {
  return {user.a[0], user.a[1], user.a[2], user.a[3], user.a[4], user.a[5], user.b[0], user.b[1], user.b[2]};
}

// `others_weight`: the sum of `weights` over the others.
Moments moments_of(const JointCrowd& crowd, const ExpertForecasts& weights, double others_weight) {
  std::array<double, kExperts> mix{};
  for (std::size_t i = 0; i < kExperts; ++i) mix[i] = is_other(i) ? weights[i] / others_weight : 0;
  Moments moments;
  for (std::size_t i = 0; i < kExperts; ++i) {
    moments.ao += mix[i] * crowd.a[cell(kArimaIndex, i)];
    moments.on += mix[i] * crowd.a[cell(kNetworkIndex, i)];
    for (std::size_t j = 0; j < i; ++j) moments.oo += 2 * mix[i] * mix[j] * crowd.a[cell(i, j)];
    moments.oo += mix[i] * mix[i] * crowd.a[cell(i, i)];
  }
  moments.aa = crowd.a[cell(kArimaIndex, kArimaIndex)];
  moments.an = crowd.a[cell(kArimaIndex, kNetworkIndex)];
  moments.nn = crowd.a[cell(kNetworkIndex, kNetworkIndex)];
  return moments;
}

// Weights of ARIMA and the others.
void solve_two(const Moments& own, const Moments& shared, Columns& columns) {
  const double k11 = own.aa + kShrinkage * shared.aa;
  const double k12 = own.ao + kShrinkage * shared.ao;
  const double k22 = own.oo + kShrinkage * shared.oo;
  const double r1 = own.ay + kShrinkage * (shared.aa * columns.arima_weight + shared.ao * columns.others_weight);
  const double r2 = own.oy + kShrinkage * (shared.ao * columns.arima_weight + shared.oo * columns.others_weight);
  const double ridge = 1e-3 * (k11 + k22);  // the columns are often nearly alike
  const double d11 = k11 + ridge;
  const double d22 = k22 + ridge;
  const double c1 = r1 + ridge * columns.arima_weight;
  const double c2 = r2 + ridge * columns.others_weight;
  const double determinant = d11 * d22 - k12 * k12;
  if (!(determinant > kLeastDeterminant * d11 * d22)) return;
  std::array weights{std::max(0.0, (c1 * d22 - c2 * k12) / determinant),
                     std::max(0.0, (c2 * d11 - c1 * k12) / determinant)};
  keep_sum(weights, columns.arima_weight + columns.others_weight);
  columns.arima_weight = weights[0];
  columns.others_weight = weights[1];
}

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

// Solves m x = r, m symmetric with a positive diagonal, by cofactors; nothing when m is not positive definite by a margin.
std::optional<Vector> solved(const Matrix& m, const Vector& r) {
  const double c00 = m[1][1] * m[2][2] - m[1][2] * m[1][2];
  const double c01 = m[0][2] * m[1][2] - m[0][1] * m[2][2];
  const double c02 = m[0][1] * m[1][2] - m[0][2] * m[1][1];
  const double c11 = m[0][0] * m[2][2] - m[0][2] * m[0][2];
  const double c12 = m[0][1] * m[0][2] - m[0][0] * m[1][2];
  const double c22 = m[0][0] * m[1][1] - m[0][1] * m[0][1];
  const double determinant = m[0][0] * c00 + m[0][1] * c01 + m[0][2] * c02;
  const double size = m[0][0] * m[1][1] * m[2][2];
  if (!(c22 > 0) || !(determinant > kLeastDeterminant * size)) return std::nullopt;
  return Vector{(c00 * r[0] + c01 * r[1] + c02 * r[2]) / determinant,
                (c01 * r[0] + c11 * r[1] + c12 * r[2]) / determinant,
                (c02 * r[0] + c12 * r[1] + c22 * r[2]) / determinant};
}

// Minimises x'm x - 2 r'x over x >= 0: of the solutions without some columns, the best that has no negative weight.
std::optional<Vector> solved_without_negatives(const Matrix& m, const Vector& r) {
  std::optional<Vector> best;
  double gain = -1;
  for (unsigned kept = 0b111; kept > 0; --kept) {
    Matrix part{};
    Vector right{};
    for (std::size_t i = 0; i < 3; ++i) {
      const bool in = (kept >> i & 1U) != 0;
      part[i][i] = in ? m[i][i] : 1;
      right[i] = in ? r[i] : 0;
      for (std::size_t j = 0; j < 3; ++j) {
        if (i != j && in && (kept >> j & 1U) != 0) part[i][j] = m[i][j];
      }
    }
    const auto x = solved(part, right);
    if (!x) return best;
    if (std::any_of(x->begin(), x->end(), [](double weight) { return weight < 0; })) continue;
    if (kept == 0b111) return x;
    const double reached = right[0] * (*x)[0] + right[1] * (*x)[1] + right[2] * (*x)[2];
    if (reached > gain) best = x;
    gain = std::max(gain, reached);
  }
  return best;
}

// Weights of ARIMA, the others and the network.
void solve_three(Moments own, Moments shared, Columns& columns) {
  const double part = columns.arima_part();
  own.stand_in(part);
  shared.stand_in(part);
  const auto matrix = [](const Moments& m) {
    return Matrix{{{m.aa, m.ao, m.an}, {m.ao, m.oo, m.on}, {m.an, m.on, m.nn}}};
  };
  const Vector prior{columns.arima_weight, columns.others_weight, columns.network_weight};
  const Matrix crowd = matrix(shared);
  Matrix k = matrix(own);
  Vector r{own.ay, own.oy, own.ny};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      k[i][j] += kShrinkage * crowd[i][j];
      r[i] += kShrinkage * crowd[i][j] * prior[j];
    }
  }
  const double ridge = 1e-3 * (k[0][0] + k[1][1] + k[2][2]);
  for (std::size_t i = 0; i < 3; ++i) {
    k[i][i] += ridge;
    r[i] += ridge * prior[i];
  }
  auto weights = solved_without_negatives(k, r);
  if (!weights) return;
  keep_sum(*weights, std::accumulate(prior.begin(), prior.end(), 0.0));
  columns.arima_weight = (*weights)[0];
  columns.others_weight = (*weights)[1];
  columns.network_weight = (*weights)[2];
}

// Weights of the columns: the user's moments shrunk to the crowd's.
void solve_user(const JointUser& user, const JointCrowd& crowd, const VolumeForecasts& volume,
                const ExpertForecasts& weights, Columns& columns) {
  if (user.labels == 0 || crowd.labels == 0 || !(columns.others_weight > 0)) return;
  const Moments shared = moments_of(crowd, weights, columns.others_weight);
  if (has(volume, kNetworkIndex)) {
    solve_three(moments_of(user), shared, columns);
  } else {
    solve_two(moments_of(user), shared, columns);
  }
}

// Mostly the joint forecast; the rest to the experts as they stand in it.
GuardWeights first_guard(const VolumeForecasts& volume, const ExpertForecasts& shared) {
  GuardWeights guard{};
  double sum = 0;
  for (std::size_t k = 0; k < kExperts; ++k) sum += has(volume, k) ? static_cast<double>(shared[k]) : 0;
  for (std::size_t k = 0; k < kExperts && sum > 0; ++k) {
    if (has(volume, k)) guard[k] = static_cast<float>((1 - kJointHead) * shared[k] / sum);
  }
  guard[kJointColumn] = static_cast<float>(sum > 0 ? kJointHead : 1);
  return guard;
}

GuardWeights guard_of(const JointUser& user, const JointCrowd& crowd, const VolumeForecasts& volume,
                      const ExpertForecasts& shared) {
  GuardWeights guard = user.labels > 0 ? user.guard : crowd.labels > 0 ? crowd.guard : first_guard(volume, shared);
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

bool has_heard_network(const JointCrowd& crowd) { return crowd.a[cell(kNetworkIndex, kNetworkIndex)] > 0; }

// Of a crowd's newest label against those before it.
double newest_weight(const JointCrowd& crowd) { return std::max(1 / kCrowdSpan, 1.0 / crowd.labels); }

// Minimises w'Aw - 2 b'w + ridge |w - prior|^2 over w >= 0 by cyclic coordinate descent, then keeps the sum in bounds.
ExpertForecasts solve_crowd(const JointCrowd& crowd, const ExpertForecasts& model_prior) {
  const ExpertForecasts prior = spoken_weights(model_prior, heard(crowd));
  const double ridge_share = has_heard_network(crowd) ? kNetworkRidge : kRidge;
  const double strength = ridge_share + kRidgeLabels / (kRidgeLabels + crowd.labels);  // of each column's own scale
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

// The weights of a mix of the experts but the network, summing up to 1.
ExpertForecasts mix_without_network(const ExpertForecasts& weights) {
  ExpertForecasts mix = weights;
  mix[kNetworkIndex] = 0;
  double sum = 0;
  for (const float weight : mix) sum += weight;
  for (std::size_t k = 0; k < kNetworkIndex && !(sum > 0); ++k) mix[k] = 1.0F / kNetworkIndex;
  for (float& weight : mix) weight = static_cast<float>(sum > 0 ? weight / sum : weight);
  return mix;
}

// The moments of a crowd that has never heard the network become what they are when it had said the mix.
void stand_in(JointCrowd& crowd, const ExpertForecasts& mix) {
  double with_itself = 0;
  double with_y = 0;
  for (std::size_t i = 0; i < kExperts; ++i) {
    if (i == kNetworkIndex) continue;
    double with_expert = 0;
    for (std::size_t j = 0; j < kExperts; ++j) {
      if (j != kNetworkIndex) with_expert += mix[j] * crowd.a[cell(i, j)];
    }
    crowd.a[cell(kNetworkIndex, i)] = static_cast<float>(with_expert);
    with_itself += mix[i] * with_expert;
    with_y += mix[i] * static_cast<double>(crowd.b[i]);
  }
  crowd.a[cell(kNetworkIndex, kNetworkIndex)] = static_cast<float>(with_itself);
  crowd.b[kNetworkIndex] = static_cast<float>(with_y);
}

// What a label teaches the crowd: the forecasts, with the mix in the place of a known network that has not spoken.
ExpertForecasts taught(const VolumeForecasts& volume, const JointCrowd& crowd, const ExpertForecasts& weights) {
  ExpertForecasts mean = volume.mean;
  if (has(volume, kNetworkIndex) || !has_heard_network(crowd)) return mean;
  const ExpertForecasts mix = mix_without_network(weights);
  double said = 0;
  for (std::size_t k = 0; k < kExperts; ++k) said += mix[k] * static_cast<double>(volume.mean[k]);
  mean[kNetworkIndex] = static_cast<float>(said);
  return mean;
}

void learn_crowd(JointCrowd& crowd, const ExpertForecasts& prior, const ExpertForecasts& shared,
                 const VolumeForecasts& volume, double y, double scale) {
  const bool first_word = has(volume, kNetworkIndex) && !has_heard_network(crowd);
  if (first_word) stand_in(crowd, mix_without_network(shared));
  const ExpertForecasts mean = taught(volume, crowd, shared);
  ++crowd.labels;
  const double weight = newest_weight(crowd);
  const auto learn = [weight](float& moment, double value) {
    moment = static_cast<float>(moment + weight * (value - moment));
  };
  for (std::size_t i = 0; i < kExperts; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      learn(crowd.a[cell(i, j)], static_cast<double>(mean[i]) * mean[j] / scale);
    }
    learn(crowd.b[i], mean[i] * y / scale);
  }
  if (first_word || solve_now(crowd.labels)) crowd.weights = solve_crowd(crowd, prior);
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

void learn_user(JointUser& user, const Columns& columns, bool network_spoke, double y, double scale) {
  const auto learn = [](float& moment, double value) { moment = static_cast<float>(kUserDiscount * moment + value); };
  if (network_spoke || user.a[5] > 0) {
    Moments known = moments_of(user);
    known.stand_in(columns.arima_part());
    user.a[3] = static_cast<float>(known.an);
    user.a[4] = static_cast<float>(known.on);
    user.a[5] = static_cast<float>(known.nn);
    user.b[2] = static_cast<float>(known.ny);
    learn(user.a[3], columns.arima * columns.network / scale);
    learn(user.a[4], columns.others * columns.network / scale);
    learn(user.a[5], columns.network * columns.network / scale);
    learn(user.b[2], columns.network * y / scale);
  }
  learn(user.a[0], columns.arima * columns.arima / scale);
  learn(user.a[1], columns.arima * columns.others / scale);
  learn(user.a[2], columns.others * columns.others / scale);
  learn(user.b[0], columns.arima * y / scale);
  learn(user.b[1], columns.others * y / scale);
  if (user.labels < UINT32_MAX) ++user.labels;
}

}  // namespace

JointForecast joint_forecast(const VolumeForecasts& volume, const JointUser& user, const JointCrowd& crowd,
                             const ExpertForecasts& prior) {
  const ExpertForecasts shared = spoken_weights(crowd.labels > 0 ? crowd.weights : prior, volume);
  Columns columns = columns_of(volume, shared);
  const double others_sum = columns.others_weight;
  solve_user(user, crowd, volume, shared, columns);
  JointForecast forecast;
  forecast.joint = columns.arima_weight * columns.arima + columns.others_weight * columns.others +
                   columns.network_weight * columns.network;
  const GuardWeights guard = guard_of(user, crowd, volume, shared);
  const double joint_share = guard[kJointColumn];
  for (std::size_t k = 0; k < kExperts; ++k) {
    const double in_joint = k == kArimaIndex     ? columns.arima_weight
                            : k == kNetworkIndex ? columns.network_weight
                            : others_sum > 0     ? columns.others_weight * shared[k] / others_sum
                                                 : 0;
    const double weight = guard[k] + joint_share * in_joint;
    forecast.weights[k] = static_cast<float>(weight);
    forecast.mean += weight * volume.mean[k];
  }
  return forecast;
}

void joint_learn(JointUser& user, JointCrowd& crowd, const ExpertForecasts& prior, const VolumeForecasts& volume,
                 double joint, double y, double variance, double rate) {
  const ExpertForecasts shared = spoken_weights(crowd.labels > 0 ? crowd.weights : prior, volume);
  user.guard = guard_of(user, crowd, volume, shared);
  const GuardWeights before = crowd.labels > 0 ? crowd.guard : first_guard(volume, shared);
  learn_guard(user.guard, before, volume, joint, y, variance, rate);

  const double scale = std::max(kLeastScale, joint);
  const double bounded = std::min(y, joint + kFarthest * std::sqrt(variance));
  learn_user(user, columns_of(volume, shared), has(volume, kNetworkIndex), bounded, scale);
  learn_crowd(crowd, prior, shared, volume, bounded, scale);
  const double weight = newest_weight(crowd);
  for (std::size_t k = 0; k < kGuardColumns; ++k) {
    crowd.guard[k] = static_cast<float>(before[k] + weight * (user.guard[k] - before[k]));
  }
}

void joint_forget(JointUser& user) {
  for (float& moment : user.a) moment *= kForgetting;
  for (float& moment : user.b) moment *= kForgetting;
}

}  // namespace driftcast
