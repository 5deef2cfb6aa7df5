// How the operators' states are written, field by field, for whatever archive asks (state/codec.h has two). Operators
// do not include this: pipeline does, when it makes tables of them. A change here raises the state's kFormat.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/hash.h"
#include "operators/ledger.h"
#include "operators/population.h"
#include "operators/user_state.h"
#include "operators/window_state.h"

namespace driftcast {

// --- users ---

// Times as distances from the entry before. Until format 2 an id was a varint and a time its own.
template <class Archive>
void fields(Archive& archive, SeenEvents& seen) {
  EventTime before{};
  archive.each(seen.oldest_first_, [&before](Archive& each, SeenEvent& event) {
    if (each.version() < 2) return each(event.at, event.id);
    Duration distance = event.at - before;
    each(distance);
    before = event.at = before + distance;
    each.fixed(event.id);
  });
}
template <class Archive>
void fields(Archive& archive, EDetector& detector) {
  std::array<float, 3> values{detector.r, detector.m, detector.w};
  archive(values);
  detector.r = values[0];
  detector.m = values[1];
  detector.w = values[2];
}
template <class Archive>
void fields(Archive& archive, DriftState& drift) {
  archive(drift.observed);
  if (drift.observed == 0) return;
  archive(drift.detector, drift.stage);
  if (drift.stage != DriftStage::kNone) archive(drift.since, drift.quiet);
}
template <class Archive>
void fields(Archive& archive, Interests& interests) {
  archive(interests.slots, interests.other, interests.total, interests.level_unit, interests.recent_unit,
          interests.capped);
  if constexpr (Archive::kDecoding) {
    interests.hashes.clear();
    for (const Interest& slot : interests.slots) interests.hashes.push_back(hash64(slot.category));
  }
}
// All that says when a user falls due; a stored one begins with it.
template <class Archive>
void head_fields(Archive& archive, UserState& user) {
  archive(user.first_seen, user.events, user.first_step, user.next_step, user.silence, user.signals, user.known,
          user.reset, user.sessions, user.steps);
}
template <class Archive>
void fields(Archive& archive, UserState& user) {
  head_fields(archive, user);
  archive(user.seen, user.interests, user.mix, user.volume);
  ExpertState& experts = user.experts;
  ArimaState& arima = user.arima;
  archive(user.recent.events, user.recent.purchases, user.recent.amount, experts.season, experts.tsb_sizes, experts.n,
          arima.n);
  float* const plain[] = {&experts.fast,
                          &experts.slow,
                          &experts.rate,
                          &experts.season_exposure,
                          &experts.tsb_size,
                          &experts.tsb_probability,
                          &arima.phi,
                          &arima.theta,
                          &arima.p11,
                          &arima.p12,
                          &arima.p22,
                          &arima.z,
                          &arima.w,
                          &arima.e,
                          &arima.gradient_phi,
                          &arima.gradient_theta,
                          &arima.s2,
                          &arima.mean,
                          &arima.variance,
                          &user.spread};
  std::array<float, std::size(plain)> values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = *plain[i];
  archive(values);
  for (std::size_t i = 0; i < values.size(); ++i) *plain[i] = values[i];
}

// --- windows ---

// A bit for each value that is not zero, then those. Varints would cost more: halves fill their bits.
template <class Archive>
void fields(Archive& archive, WindowRow& row) {
  std::uint32_t present = 0;
  for (std::size_t f = 0; f < kStoredFeatures; ++f) present |= (row.values[f].bits != 0 ? 1U : 0U) << f;
  archive(present);
  for (std::size_t f = 0; f < kStoredFeatures; ++f) {
    if ((present >> f & 1U) == 0) continue;
    std::uint8_t low = static_cast<std::uint8_t>(row.values[f].bits & 0xFF);
    std::uint8_t high = static_cast<std::uint8_t>(row.values[f].bits >> 8);
    archive.bytes(low, high);
    row.values[f].bits = static_cast<std::uint16_t>(low | high << 8);
  }
}
// Steps as distances from the row before.
template <class Archive>
void fields(Archive& archive, WindowState& window) {
  std::uint32_t rows = static_cast<std::uint32_t>(window.rows.size());
  archive(rows);
  if constexpr (Archive::kDecoding) window.rows.resize(std::min<std::size_t>(rows, kWindowRows));
  Step before = 0;
  for (WindowRow& row : window.rows) {
    Step distance = row.step - before;
    archive(distance, row);
    before = row.step = before + distance;
  }
  if (archive.version() < 2) return;
  archive.block(window.carried);
  if (!window.carried.empty()) archive.fixed(window.network);
}

// --- ledger ---

template <class Archive>
void fields(Archive& archive, VolumeForecasts& volume) {
  archive(volume.available, volume.mean);
}
// Until format 4 the network said nothing of the dispersion. Four values have as many tags as three.
template <class Archive>
void fields(Archive& archive, PendingForecast& forecast) {
  archive(forecast.cell, forecast.volume);
  std::array<float, 3> first{forecast.joint, forecast.mean, forecast.variance};
  std::array<float, 4> all{forecast.joint, forecast.mean, forecast.variance, forecast.dispersion};
  if (archive.version() < 4) {
    archive(first);
    all = {first[0], first[1], first[2], 0};
  } else {
    archive(all);
  }
  forecast.joint = all[0];
  forecast.mean = all[1];
  forecast.variance = all[2];
  forecast.dispersion = all[3];
}
// Until format 2 there were no moments of the network. Eight values have as many tags as three and two: those of a user
// whom no network knows cost nothing, and the ninth is only there when they do.
template <class Archive>
void fields(Archive& archive, JointUser& joint) {
  archive(joint.labels);
  if (joint.labels == 0) return;
  auto& [aa, ao, oo, an, on, nn] = joint.a;
  auto& [ay, oy, ny] = joint.b;
  if (archive.version() < 2) {
    std::array<float, 3> a{aa, ao, oo};
    std::array<float, 2> b{ay, oy};
    archive(a, b, joint.guard);
    joint.a = {a[0], a[1], a[2]};
    joint.b = {b[0], b[1]};
    return;
  }
  std::array<float, 8> moments{aa, ao, oo, ay, oy, an, on, nn};
  archive(moments);
  joint.a = {moments[0], moments[1], moments[2], moments[5], moments[6], moments[7]};
  joint.b = {moments[3], moments[4], ny};
  if (nn > 0) archive(ny);
  archive(joint.guard);
}
// Until format 3, of ledgers and crowds alike, the dispersion was estimated from moments; it is learned anew.
template <class Archive>
void fields(Archive& archive, Spread& spread) {
  archive(spread.labels);
  if (spread.labels == 0) return;
  if (archive.version() < 3) {
    float error = 0, mean = 0, square = 0;
    archive(error, mean, square, spread.width);
  } else {
    archive(spread.dispersion, spread.width);
  }
}
template <class Archive>
void fields(Archive& archive, HorizonLedger& horizon) {
  archive(horizon.joint, horizon.spread, horizon.pending);
  Step before = 0;
  std::int64_t total = 0;
  for (PendingForecast& forecast : horizon.pending) {  // as distances from the forecast before
    Step distance = forecast.step - before;
    std::int64_t more = forecast.total_before - total;
    archive(distance, more);
    before = forecast.step = before + distance;
    total = forecast.total_before = total + more;
  }
}
template <class Archive>
void fields(Archive& archive, Ledger& ledger) {
  archive(ledger.total, ledger.horizons);
}

// --- population ---

template <class Archive>
void fields(Archive& archive, CrowdCategory& category) {
  archive(category.category, category.hash, category.mass);
}
template <class Archive>
void fields(Archive& archive, DriftCandidate& candidate) {
  archive(candidate.user, candidate.log_e);
}
template <class Archive>
void fields(Archive& archive, Population& population) {
  archive(population.step, population.unit, population.total, population.categories, population.popular,
          population.step_sum, population.step_weight, population.monitored, population.candidates);
}
template <class Archive>
void fields(Archive& archive, JointCrowd& joint) {
  archive(joint.a, joint.b, joint.weights, joint.guard, joint.labels);
}
template <class Archive>
void fields(Archive& archive, CrowdHorizon& horizon) {
  archive(horizon.joint, horizon.spread);
}
template <class Archive>
void fields(Archive& archive, Crowd& crowd) {
  archive(crowd.cells);
}

}  // namespace driftcast
