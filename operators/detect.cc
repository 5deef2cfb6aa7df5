#include "operators/detect.h"

#include <algorithm>
#include <cmath>

namespace driftcast {
namespace {

constexpr double kPriorMass = 5;
constexpr double kVolumeCaution = 40;     // times the run length: the volume of a step has heavier tails than its law
constexpr std::size_t kNamed = 3;         // categories named on each side of a signal
constexpr float kSmallestChange = 0.02F;  // of a share, to be named

void reach(DriftState& drift, DriftStage stage, EventTime at) {
  drift.stage = stage;
  drift.since = at;
  drift.quiet = 0;
}

// Lets verdicts lapse; true when an unconfirmed alarm just did.
bool lapse(DriftState& drift) {
  ++drift.observed;
  if (drift.stage == DriftStage::kNone || ++drift.quiet < kAlarmMemory) return false;
  const bool unconfirmed = drift.stage == DriftStage::kAlarm;
  drift.stage = DriftStage::kNone;
  return unconfirmed;
}

float share(float mass, float total) { return total > 0 ? mass / total : 0; }

std::vector<ShareChange> named_changes(const std::vector<ShareChange>& changes, float sign) {
  std::vector<ShareChange> named;
  for (const ShareChange& change : changes) {
    if (sign * (change.to - change.from) >= kSmallestChange) named.push_back(change);
  }
  const auto larger = [sign](const ShareChange& a, const ShareChange& b) {
    const float da = sign * (a.to - a.from);
    const float db = sign * (b.to - b.from);
    return da != db ? da > db : a.category < b.category;
  };
  std::sort(named.begin(), named.end(), larger);
  if (named.size() > kNamed) named.resize(kNamed);
  return named;
}

void describe_mix(const Interests& interests, DriftSignal& signal) {
  std::vector<ShareChange> changes;
  std::vector<float> reference{interests.other.reference};
  std::vector<float> recent{interests.other.recent};
  for (const Interest& slot : interests.slots) {
    changes.push_back(
        {slot.category, share(slot.reference, interests.total.reference), share(slot.recent, interests.total.recent)});
    reference.push_back(slot.reference);
    recent.push_back(slot.recent);
  }
  signal.rising = named_changes(changes, 1);
  signal.falling = named_changes(changes, -1);
  signal.severity = static_cast<float>(js_divergence(recent, reference));
}

void start_anew(UserState& user, DriftKind kind) {
  if (kind == DriftKind::kMix) {
    forget_reference(user.interests);
    user.mix.detector = e_detector_start();
  } else {
    user.experts.rate = user.experts.fast;
    user.volume.detector = e_detector_start();
  }
}

// The alternative is what the user likes of late: the mean of a short memory, which is quick, and of a long one, which
// wavers less. A category that is new to the user is no evidence: both sides are taken to expect novelty alike. Else
// whoever tries many things would look ever more changed, since the long reference leaves less room for the unseen.
double mix_ratio(const Interests& interests, const Event& event, int slot, const Population& population) {
  if (slot == kNoSlot) return 1;
  const double prior = kPriorMass * popularity(population, event.category_hash);
  const Interest& interest = interests.slots[static_cast<std::size_t>(slot)];
  const auto probability = [prior](double mass, double total, double unit) {
    return (mass / unit + prior) / (total / unit + kPriorMass);
  };
  const double quick = probability(interest.recent, interests.total.recent, interests.recent_unit);
  const double calm = probability(interest.level, interests.total.level, interests.level_unit);
  return tempered_ratio((quick + calm) / 2, probability(interest.reference, interests.total.reference, 1));
}

}  // namespace

std::optional<DriftStage> detect_mix(UserState& user, std::string_view name, const Event& event, int slot,
                                     const DriftOptions& options, Population& population) {
  if (lapse(user.mix)) {
    start_anew(user, DriftKind::kMix);
    remove_candidate(population, name);
  }
  const auto needed = static_cast<std::uint32_t>(std::max(options.min_events, 1));
  if (user.mix.observed < needed) return std::nullopt;
  if (user.mix.observed == needed) ++population.monitored;
  e_detector_update(user.mix.detector, mix_ratio(user.interests, event, slot, population));
  const auto log_e = static_cast<float>(e_detector_log_e(user.mix.detector));
  update_candidate(population, name, log_e, options.fdr);
  if (user.mix.stage == DriftStage::kAlarm) {
    if (!confirmed(population, log_e, options.fdr)) return std::nullopt;
    remove_candidate(population, name);
    return DriftStage::kConfirmed;
  }
  if (e_detector_log_r(user.mix.detector) < std::log(options.run_length)) return std::nullopt;
  return DriftStage::kAlarm;
}

std::optional<DriftStage> detect_volume(UserState& user, double y, EventTime at, const DriftOptions& options) {
  if (lapse(user.volume)) start_anew(user, DriftKind::kVolume);
  if (user.volume.stage == DriftStage::kConfirmed && user.volume.since == at) return std::nullopt;
  const ExpertState& experts = user.experts;
  const double reference = experts.rate;
  if (user.volume.observed < 2 * static_cast<std::uint32_t>(options.min_events) || reference <= 0) return std::nullopt;
  const double excess = std::max(user.spread - reference, 0.05 * reference);
  const double dispersion = reference * reference / excess;
  e_detector_update(user.volume.detector, volume_ratio(y, std::max<double>(experts.fast, 1e-3), reference, dispersion));
  const double bar = std::log(kVolumeCaution * options.run_length);
  if (user.volume.stage == DriftStage::kAlarm) {
    if (e_detector_log_e(user.volume.detector) < bar) return std::nullopt;
    return DriftStage::kConfirmed;
  }
  if (e_detector_log_r(user.volume.detector) < bar) return std::nullopt;
  return DriftStage::kAlarm;
}

DriftSignal raise(UserState& user, DriftKind kind, DriftStage stage, EventTime at, Step step) {
  DriftState& drift = kind == DriftKind::kMix ? user.mix : user.volume;
  DriftSignal signal;
  signal.at = at;
  signal.step = step;
  signal.ordinal = user.signals++;
  signal.kind = kind;
  signal.stage = stage;
  signal.events = user.events;
  signal.evidence = static_cast<float>(stage == DriftStage::kAlarm ? e_detector_log_r(drift.detector)
                                                                   : e_detector_log_e(drift.detector));
  if (kind == DriftKind::kMix) {
    describe_mix(user.interests, signal);
  } else {
    signal.severity = std::abs(std::log((user.experts.fast + 0.01F) / (user.experts.rate + 0.01F)));
  }
  reach(drift, stage, at);
  e_detector_clear_alarm(drift.detector);
  if (stage == DriftStage::kConfirmed) {
    start_anew(user, kind);
    arima_shake(user.arima);
    user.reset = true;
  }
  return signal;
}

DriftStatus drift_status(const UserState& user) {
  const auto status = [](const DriftState& drift, DriftKind kind) {
    return DriftStatus{drift.stage, kind, drift.since};
  };
  const DriftStatus mix = status(user.mix, DriftKind::kMix);
  const DriftStatus volume = status(user.volume, DriftKind::kVolume);
  if (mix.stage != volume.stage) return mix.stage > volume.stage ? mix : volume;
  return mix.since >= volume.since ? mix : volume;
}

}  // namespace driftcast
