// Drift detector: evidence that a stream of observations no longer follows its reference, as e-processes.
//
// Each observation brings a likelihood ratio L of the alternative (recent) against the reference, tempered to
// L = ratio / 2 + 1/2, so that no single one costs more than half of the evidence. Two statistics in O(1):
//   R <- (1 + R) L                                  Shiryaev-Roberts: alarm when R >= the wanted run length
//   M <- (M + W h) L;  W <- W (1 - h);  E = M + W   e-value of "no change yet", for e-BH over many users
// Under the reference the expected time to a false alarm is at least the run length, and E has mean 1 at any time.
// h = W / (200 + W) spreads E's stakes over the possible times of the change: W = 200 / (200 + n) are left after n
// observations. (A constant h would leave an old user nothing to stake; log E would go to minus infinity.)
// Source: Shin, Ramdas, Rinaldo, "E-detectors" (2022); Wang, Ramdas, "False discovery rate control with e-values" (2022).
#pragma once

#include <cstdint>
#include <span>

namespace driftcast {

inline constexpr float kMostEvidence = 1e30F;  // R and M are capped here

struct EDetector {
  float r = 0, m = 0, w = 1;
};

inline EDetector e_detector_start() { return {}; }

// Takes one observation's tempered ratio (> 0; what is not finite counts as no evidence). Cost: a few nanoseconds.
void e_detector_update(EDetector& detector, double ratio);

// After an alarm: R starts anew, the e-value goes on.
inline void e_detector_clear_alarm(EDetector& detector) { detector.r = 0; }

double e_detector_log_r(const EDetector& detector);  // log(1 + R), so that it starts at zero
double e_detector_log_e(const EDetector& detector);  // log E

// ratio / 2 + 1/2 of two probabilities of what was observed.
inline double tempered_ratio(double alternative, double reference) { return 0.5 * alternative / reference + 0.5; }

// Tempered ratio of two negative binomial laws of size `dispersion` (variance = mean + mean^2 / dispersion) at count y.
double volume_ratio(double y, double alternative_mean, double reference_mean, double dispersion);

// Jensen-Shannon divergence, in [0, ln 2], of two histograms of equal length (any totals); 0 when one is empty.
double js_divergence(std::span<const float> a, std::span<const float> b);

// e-BH at level q over `hypotheses` e-values, of which only `descending` (logs, largest first) may be above 1/q:
// true when one with this log e-value is rejected. Cost: O(length).
bool e_bh_rejects(std::span<const float> descending, float log_e, std::int64_t hypotheses, double q);

}  // namespace driftcast
