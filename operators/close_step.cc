#include "operators/close_step.h"

#include <algorithm>
#include <cmath>

#include "operators/accumulate.h"
#include "operators/detect.h"

namespace driftcast {
namespace {

constexpr std::array<std::uint32_t, 5> kPublishedSilences = {0, 1, 3, 7, 14};
constexpr double kCrowdMass = 2;    // of recent popularity, in events, in the shares
constexpr double kSteadyMass = 40;  // most that the counts since the last drift weigh there, in events
constexpr float kSpreadWeight = 0.02F;
constexpr double kPriorOccasions = 6;
constexpr double kRatePrior = 0.5,
                 kRateSteps = 10;  // events per step of an unknown user, and what that weighs in steps

std::uint32_t next_published(std::uint32_t silence, int dormant_after) {
  const auto last = static_cast<std::uint32_t>(dormant_after);
  for (const std::uint32_t candidate : kPublishedSilences) {
    if (candidate > silence && candidate < last) return candidate;
  }
  return last;
}

// Events per step as far as they are known: users appear because they are active, so the first steps say little.
double shrunk_rate(const UserState& user) {
  const double n = std::min(user.experts.n, 50U);
  return (n * user.experts.rate + kRateSteps * kRatePrior) / (n + kRateSteps);
}

// A user's first step is a biased sample, since users are first seen when they do something; one session of a hundred
// events may never come again. But its sessions are so many occasions: k of them move the first level as k - 1
// observations would move a prior that weighs kPriorOccasions.
ArimaState start_arima(const ArimaPrior& prior, double events, std::int64_t sessions) {
  ArimaState arima = arima_start(prior);
  const double more = std::max(0.0, static_cast<double>(sessions) - 1);
  arima.z = static_cast<float>(arima.z + more / (more + kPriorOccasions) * (std::sqrt(events) - arima.z));
  return arima;
}

// Catches the models up with steps in which nothing was recorded because the user was dormant.
void skip_steps(UserState& user, std::uint32_t gap, const ModelSet::Segment& segment) {
  if (gap == 0) return;
  experts_skip(user.experts, gap);
  arima_skip(user.arima, segment.arima, gap);
}

// What every expert says of every horizon.
void forecast_volumes(const UserState& user, const FoldContext& context, int next_season, StepClosed& closed) {
  const ModelSet::Segment& segment = context.models.segments[closed.segment];
  const double crowd_mean = segment_mean(context.population, closed.segment, segment.mean);
  for (std::size_t h = 0; h < context.options.horizons.size(); ++h) {
    const int horizon = context.options.horizons[h];
    VolumeForecasts& volume = closed.volume[h];
    volume.set(Expert::kArima, arima_volume(user.arima, segment.arima, horizon));
    for (const Expert expert :
         {Expert::kEwmaSlow, Expert::kEwmaFast, Expert::kSeasonal, Expert::kTsb, Expert::kSegment}) {
      volume.set(expert, experts_volume(user.experts, expert, horizon, next_season, crowd_mean));
    }
  }
}

void complete_row(FeatureRow& row, const UserState& user, const ArimaPrior& prior, const StepClosed& closed,
                  float innovation, int season) {
  at(row, Feature::kLevelFast) = std::log1p(user.experts.fast);
  at(row, Feature::kLevelMedium) = std::log1p(user.experts.slow);
  at(row, Feature::kLevelSlow) = std::log1p(user.experts.rate);
  const double root = std::max(0.0, arima_forecast(user.arima, prior, 1).mean);
  at(row, Feature::kArimaLevel) = static_cast<float>(std::log1p(root * root));
  at(row, Feature::kArimaInnovation) = innovation / std::sqrt(std::max(user.arima.s2, 1e-9F));
  at(row, Feature::kDriftScore) = static_cast<float>(std::max(0.0, e_detector_log_r(user.mix.detector)));
  at(row, Feature::kGap) = std::log1p(static_cast<float>(closed.idle));
  at(row, Feature::kActiveSteps) = std::log1p(static_cast<float>(closed.active_steps));
  at(row, Feature::kLifetime) = std::log1p(static_cast<float>(closed.steps));
  const auto [sine, cosine] = place_in_season(season);
  at(row, Feature::kSeasonSin) = sine;
  at(row, Feature::kSeasonCos) = cosine;
}

// Shares of the coming events: the user's discounted mass plus a little of the crowd's recent popularity. The top ones
// by name, the rest as `other`.
void rank_interests(const UserState& user, const FoldContext& context, StepClosed& closed) {
  const Interests& interests = user.interests;
  const double unit = interests.level_unit;
  const double steady = std::min(1.0, kSteadyMass / std::max(1.0F, interests.total.reference));
  const double mass = interests.total.level / unit + steady * interests.total.reference + kCrowdMass;
  struct Ranked {
    double share;
    const std::string* category;
    const Interest* slot;  // null: popular with the crowd, but nothing of the user's
  };
  std::vector<Ranked> ranked;
  ranked.reserve(interests.slots.size() + kPopular);
  for (std::size_t i = 0; i < interests.slots.size(); ++i) {
    const Interest& slot = interests.slots[i];
    const double crowd = kCrowdMass * popularity(context.population, interests.hashes[i]);
    ranked.push_back({(slot.level / unit + steady * slot.reference + crowd) / mass, &slot.category, &slot});
  }
  for (const std::uint64_t hash : context.population.popular) {
    const CrowdCategory* crowd = find(context.population, hash);
    if (crowd == nullptr || find(interests, hash) != kNoSlot) continue;
    ranked.push_back({kCrowdMass * popularity(context.population, hash) / mass, &crowd->category, nullptr});
  }
  const auto top = std::min(ranked.size(), static_cast<std::size_t>(context.options.categories.top));
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(top), ranked.end(),
                    [](const Ranked& a, const Ranked& b) {
                      return a.share != b.share ? a.share > b.share : *a.category < *b.category;
                    });
  const auto share_of = [](float part, float total) { return total > 0 ? part / total : 0.0F; };
  const Masses& total = interests.total;
  double named = 0;
  closed.interests.reserve(top);
  for (std::size_t i = 0; i < top; ++i) {
    const auto& [share, category, slot] = ranked[i];
    const float trend =
        slot == nullptr ? 0.0F : share_of(slot->recent, total.recent) - share_of(slot->reference, total.reference);
    named += share;
    closed.interests.push_back({*category, static_cast<float>(share), trend});
  }
  closed.other = static_cast<float>(std::max(0.0, 1 - named));
}

// As of the step's end: events of later steps may have come already.
void describe_user(const UserState& user, StepClosed& closed) {
  closed.events = user.events;
  for (const OpenStep& later : user.steps) closed.events -= events_in(later);
  closed.steps = closed.step - user.first_step + 1;
  closed.active_steps = user.experts.tsb_sizes;
  closed.first_seen = user.first_seen;
  closed.rate = static_cast<float>(shrunk_rate(user));
  closed.capped = user.interests.capped;
}

}  // namespace

bool forecast_due(std::uint32_t silence, int dormant_after) {
  if (silence >= static_cast<std::uint32_t>(dormant_after)) return true;
  return std::find(kPublishedSilences.begin(), kPublishedSilences.end(), silence) != kPublishedSilences.end();
}

void close_step(UserState& user, std::string_view name, FoldContext& context, FoldOutputs& out) {
  const OperatorOptions& options = context.options;
  const StepGrid& grid = options.time.step;
  const auto dormant_after = static_cast<std::uint32_t>(options.time.dormant_after);
  const bool was_dormant = user.silence >= dormant_after;
  const Step step = was_dormant ? user.steps.front().step : user.next_step;

  StepClosed& closed = out.steps.emplace_back();
  closed.user = name;
  closed.step = step;
  closed.as_of = grid.end(step);
  closed.gap = static_cast<std::uint32_t>(std::min<Step>(step - user.next_step, 1'000'000));
  closed.returned = was_dormant;

  OpenStep counts = take_step(user.steps, step);
  for (const OpenSession& session : user.sessions) counts.sessions += grid.step_of(session.start) == step ? 1 : 0;
  closed.count = events_in(counts);
  const auto y = static_cast<double>(closed.count);
  user.next_step = step + 1;
  closed.idle = user.silence + closed.gap + (closed.count > 0 ? 0 : 1);
  user.silence = closed.silence = closed.count > 0 ? 0 : user.silence + 1;
  closed.dormant = user.silence >= dormant_after;
  closed.publish = forecast_due(user.silence, options.time.dormant_after);

  const auto segment = static_cast<std::size_t>(segment_of(shrunk_rate(user), context.models));
  const ModelSet::Segment& prior = context.models.segments[segment];
  if (user.experts.n == 0) user.arima = start_arima(prior.arima, y, counts.sessions);
  skip_steps(user, closed.gap, prior);
  const std::optional<DriftStage> reached = detect_volume(user, y, closed.as_of, options.drift);
  const auto distance = static_cast<float>(y) - user.experts.rate;
  user.spread += kSpreadWeight * (distance * distance - user.spread);
  experts_learn(user.experts, static_cast<float>(y), grid.season(step));
  const float innovation = arima_learn(user.arima, prior.arima, static_cast<float>(std::sqrt(y)));
  count_step(context.population, static_cast<int>(segment), y);
  if (reached) out.signals.push_back(raise(user, DriftKind::kVolume, *reached, closed.as_of, step));

  describe_user(user, closed);
  closed.segment = static_cast<std::uint8_t>(segment_of(closed.rate, context.models));
  push_recent(user.recent, counts, closed.gap);
  closed.reset = user.reset;
  user.reset = false;
  closed.drift = drift_status(user);
  const int longest = options.horizons.back();
  closed.valid_until =
      closed.as_of +
      grid.width * (closed.dormant
                        ? longest
                        : static_cast<int>(next_published(user.silence, options.time.dormant_after) - user.silence));
  if (closed.publish) {
    closed.row = count_features(counts, user.recent);
    complete_row(closed.row, user, prior.arima, closed, innovation, grid.season(step));
    forecast_volumes(user, context, grid.season(step + 1), closed);
    rank_interests(user, context, closed);
  }
  if (closed.count > 0) settle(user.interests);
}

}  // namespace driftcast
