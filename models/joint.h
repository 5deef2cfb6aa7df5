// Joint forecast: the experts' means of one horizon's sum become one, by weights learned online.
//
// Three layers, from what all users of a segment share to what is a user's own:
//   crowd    w_s >= 0, the least-squares weights of the experts over the matured labels of a segment, each label scaled
//            by its forecast, ridged to the model's prior weights; sum kept in [0.4, 1.1]. Scaled by their variance,
//            which grows like the forecast's square, the smallest forecasts would decide, and all come out too low.
//   user     w1 ARIMA + w2 (the crowd's mix of the other experts) + w3 network: moments of these columns, discounted,
//            shrunk to the crowd's own (w_s summed up alike) by kShrinkage labels:
//            w = (A_u + kappa A_s)^-1 (b_u + kappa A_s w_s), w >= 0, with two columns where the network has not spoken;
//            their sum is drawn half-way back to the crowd's
//   guard    a fixed-share mixture over {joint, every expert}: exponential weights on the squared loss, a share of them
//            drawn back to the crowd's average guard at each label
// Prequential: only matured labels teach. A label is one (forecast made earlier, sum that came) pair. To the regressions
// a sum far above its forecast counts as six standard deviations above it: a user who explodes says nothing of how to
// weigh experts none of whom saw it coming, but would decide for hundreds of labels to come.
//
// The network may come and go. For the user's columns and for the crowd's moments a label where it has not spoken
// counts as if it had said the crowd's mix of all the others, and so says of it neither good nor ill; zeros would
// teach that the others need nobody beside them. The labels before its first word are counted so when that word has
// its outcome. Until then nothing is kept of it, and what is computed and stored is what it would be if there were no
// network at all. In the guard it loses its weight with a label where it has not spoken, and regains it through the
// crowd's.
//
// Source: notes of Bates, Granger (1969) on combination; P. Huber, "Robust estimation of a location parameter" (1964);
// M. Herbster, M. Warmuth, "Tracking the best expert" (1998).
#pragma once

#include <array>
#include <cstdint>

#include "core/expert.h"

namespace driftcast {

inline constexpr std::size_t kJointColumn = kExperts;  // of the guard: the joint forecast itself
inline constexpr std::size_t kGuardColumns = kExperts + 1;
using GuardWeights = std::array<float, kGuardColumns>;

// What a segment's matured labels say of one horizon. Plain.
struct JointCrowd {
  std::array<float, kExperts*(kExperts + 1) / 2> a{};  // discounted mean of f f' / scale, lower triangle, row by row
  std::array<float, kExperts> b{};                     // discounted mean of f y / scale
  ExpertForecasts weights{};                           // solved from these
  GuardWeights guard{};                                // average of the users' guards
  std::uint32_t labels = 0;
};

// What one user's matured labels say of one horizon. Plain.
struct JointUser {
  // Discounted sums over labels, over scale. The network's are zero until it has spoken.
  std::array<float, 6> a{};  // arima arima, arima others, others others; arima network, others network, network network
  std::array<float, 3> b{};  // arima y, others y; network y
  GuardWeights guard{};
  std::uint32_t labels = 0;
};

struct JointForecast {
  double mean = 0;            // of the horizon's sum, >= 0
  double joint = 0;           // before the guard
  ExpertForecasts weights{};  // effective weight of each expert in `mean`
};

// `crowd` with no labels stands for the prior; likewise the user for the crowd.
JointForecast joint_forecast(const VolumeForecasts& volume, const JointUser& user, const JointCrowd& crowd,
                             const ExpertForecasts& prior);

// Learns a matured label: what was forecast, what came. `variance` is that of the forecast's distribution, > 0.
// Updates the user and the crowd. Cost: O(kExperts^2); every now and then a solve of that size times a hundred.
void joint_learn(JointUser& user, JointCrowd& crowd, const ExpertForecasts& prior, const VolumeForecasts& volume,
                 double joint, double y, double variance, double rate);

// After a confirmed drift: most of what a user's labels taught is forgotten.
void joint_forget(JointUser& user);

}  // namespace driftcast
