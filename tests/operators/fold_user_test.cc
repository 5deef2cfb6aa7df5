// Fold: events of one user become sessions and closed steps, whatever their order within the lateness. Slow twins
// recompute sessions, windows and models from the list of all events.
#include "operators/fold_user.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "operators/accumulate.h"
#include "tests/operators/support/single_user.h"

namespace driftcast {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// Steps of an hour, sessions end after ten minutes, events may be half an hour late, dormant after six steps.
OperatorOptions short_steps() {
  OperatorOptions options;
  options.session = {minutes{10}, minutes{100'000}};
  options.time.step.width = minutes{60};
  options.time.lateness = minutes{30};
  options.time.dormant_after = 6;
  options.categories = {4, 4};
  options.drift.min_events = 1'000'000;  // silent: these tests are about counts
  options.horizons = {2, 5};
  return options;
}

std::vector<std::int64_t> counts(const FoldOutputs& out) {
  std::vector<std::int64_t> result;
  for (const StepClosed& step : out.steps) result.push_back(step.count);
  return result;
}

std::vector<Step> steps(const FoldOutputs& out) {
  std::vector<Step> result;
  for (const StepClosed& step : out.steps) result.push_back(step.step);
  return result;
}

TEST(FoldUser, AStepClosesWhenTheWatermarkReachesItsEnd) {
  SingleUser ann(short_steps());
  ann.take({10});
  ann.take({50});
  ann.advance(event_time(60 * 60'000 - 1));
  EXPECT_THAT(ann.out.steps, IsEmpty());
  ann.advance(event_time(60 * 60'000));
  ASSERT_THAT(ann.out.steps, SizeIs(1));
  EXPECT_EQ(ann.out.steps[0].count, 2);
  EXPECT_EQ(millis(ann.out.steps[0].as_of), 60 * 60'000);
}

TEST(FoldUser, AnEventOfAnOlderStepIsStillCountedThere) {
  SingleUser ann(short_steps());
  ann.take({50});
  ann.take({80});
  ann.take({55});
  ann.take({81});
  ann.advance_to_minute(120);
  EXPECT_THAT(counts(ann.out), ElementsAre(2, 2));
}

TEST(FoldUser, BeforeItsFirstStepHasClosedAnEarlierEventMovesTheBeginningBack) {
  SingleUser ann(short_steps());
  ann.take({65});
  ann.take({50});
  ann.advance_to_minute(120);
  EXPECT_THAT(steps(ann.out), ElementsAre(0, 1));
  EXPECT_EQ(millis(ann.out.steps[0].first_seen), 50 * 60'000);
  EXPECT_EQ(ann.out.steps[1].steps, 2);
}

TEST(FoldUser, ASessionCountsToTheStepItStartsIn) {
  SingleUser ann(short_steps());
  for (const std::int64_t minute : {40, 55, 64, 73, 110}) ann.take({minute});
  ann.advance_to_minute(240);
  ASSERT_THAT(ann.out.steps, SizeIs(4));
  EXPECT_FLOAT_EQ(at(ann.out.steps[0].row, Feature::kSessions), static_cast<float>(std::log1p(2)));
  EXPECT_FLOAT_EQ(at(ann.out.steps[1].row, Feature::kSessions), static_cast<float>(std::log1p(1)));
  EXPECT_THAT(counts(ann.out), ElementsAre(2, 3, 0, 0));
  EXPECT_THAT(ann.out.sessions, SizeIs(3));
}

TEST(FoldUser, SessionsComeOutAsSoonAsNothingCanExtendThem) {
  SingleUser ann(short_steps());
  ann.take({10, "books", Kind::kView});
  ann.take({15, "music", Kind::kPurchase, 9.5});
  ann.take({17, "books", Kind::kView});
  ann.advance(event_time(27 * 60'000));
  EXPECT_THAT(ann.out.sessions, IsEmpty());
  ann.advance(event_time(27 * 60'000 + 1));
  ASSERT_THAT(ann.out.sessions, SizeIs(1));
  const Session& session = ann.out.sessions[0];
  EXPECT_EQ(millis(session.start), 10 * 60'000);
  EXPECT_EQ(millis(session.end), 17 * 60'000);
  EXPECT_EQ(session.events, 3);
  EXPECT_EQ(session.amount, 9.5);
  EXPECT_THAT(session.kinds, ElementsAre(2, 0, 0, 1, 0, 0));
  EXPECT_THAT(session.categories, ElementsAre(std::pair("books", 2), std::pair("music", 1)));
}

TEST(FoldUser, WithoutModelsOnlySessionsComeOutAndTheyAreTheSame) {
  OperatorOptions idle = short_steps();
  idle.models = false;
  SingleUser ann(short_steps()), bob(idle);
  for (const int minute : {0, 5, 14, 30, 65, 66, 200}) {
    ann.take({minute});
    bob.take({minute});
  }
  ann.advance_to_minute(1000);
  bob.advance_to_minute(1000);
  ASSERT_THAT(bob.out.sessions, SizeIs(ann.out.sessions.size()));
  for (std::size_t i = 0; i < bob.out.sessions.size(); ++i) {
    EXPECT_EQ(bob.out.sessions[i].start, ann.out.sessions[i].start);
    EXPECT_EQ(bob.out.sessions[i].end, ann.out.sessions[i].end);
    EXPECT_EQ(bob.out.sessions[i].categories, ann.out.sessions[i].categories);
  }
  EXPECT_THAT(ann.out.steps, Not(IsEmpty()));
  EXPECT_THAT(bob.out.steps, IsEmpty());
}

TEST(FoldUser, ASessionKeepsTheEventsOfACategoryThatLostItsSlot) {
  SingleUser ann(short_steps());
  ann.take({1, "a"});
  for (const char* category : {"b", "c", "d", "e"}) {
    ann.take({2, category});
    ann.take({2, category});
  }
  ann.advance_to_minute(60);
  ASSERT_THAT(ann.out.sessions, SizeIs(1));
  EXPECT_THAT(ann.out.sessions[0].categories, ElementsAre(std::pair("b", 2), std::pair("c", 2), std::pair("d", 2),
                                                          std::pair("e", 2), std::pair("__other__", 1)));
  EXPECT_TRUE(ann.out.steps[0].capped);
}

TEST(FoldUser, TheSameEventIdWithinTheLatenessIsADuplicate) {
  SingleUser ann(short_steps());
  EXPECT_TRUE(ann.take({100, "books", Kind::kView, 0, 0, 7}));
  EXPECT_FALSE(ann.take({100, "books", Kind::kView, 0, 0, 7}));
  EXPECT_FALSE(ann.take({90, "music", Kind::kView, 0, 0, 7}));
  EXPECT_TRUE(ann.take({100, "books", Kind::kView, 0, 0, 8}));
  EXPECT_TRUE(ann.take({100}));  // events without an id are never duplicates
  EXPECT_TRUE(ann.take({100}));
  EXPECT_TRUE(ann.take({130, "books", Kind::kView, 0, 0, 9}));
  EXPECT_FALSE(ann.take({131, "books", Kind::kView, 0, 0, 9}));
  EXPECT_TRUE(ann.take({132}));
  EXPECT_TRUE(ann.take({132, "books", Kind::kView, 0, 0, 7}));  // the first 7 lies before the watermark by now
  EXPECT_EQ(ann.state.events, 7);
}

TEST(FoldUser, IdsAreForgottenWhenTheyCannotComeAgain) {
  SingleUser ann(short_steps());
  for (int minute = 0; minute < 300; ++minute)
    ann.take({minute, "books", Kind::kView, 0, 0, 1000 + static_cast<std::uint64_t>(minute)});
  EXPECT_THAT(ann.state.seen, SizeIs(31));
}

TEST(FoldUser, NothingIsDueForAUserThatIsUnknownOrDormant) {
  SingleUser ann(short_steps());
  EXPECT_EQ(next_due(ann.state, short_steps()), kEndOfTime);
  ann.take({10});
  EXPECT_EQ(millis(next_due(ann.state, short_steps())), 20 * 60'000 + 1);
  ann.advance_to_minute(60 * 100);
  EXPECT_EQ(next_due(ann.state, short_steps()), kEndOfTime);
}

// --- twins: everything recomputed from the list of all accepted events ---

struct Life {
  std::vector<Deed> taken;  // in order of arrival
  FoldOutputs out;
  UserState state;
};

// Events in bursts and after pauses, somewhat out of order, at equal times, too late; then all is closed.
Life live(const OperatorOptions& options, const std::vector<std::tuple<int, int, int, int>>& moves) {
  SingleUser ann(options);
  Life life;
  std::int64_t now = 1'000'000;
  for (const auto& [pause, back, category, kind] : moves) {
    now += pause < 60 ? pause / 4 : pause < 90 ? pause : pause * 8;
    const Deed deed{now - back, "c" + std::to_string(category), static_cast<Kind>(kind), kind * 1.5,
                    static_cast<float>(kind) * 1000};
    if (ann.take(deed)) life.taken.push_back(deed);
  }
  ann.advance_to_minute(now + 60 * 20);
  life.out = std::move(ann.out);
  life.state = ann.state;
  return life;
}

auto moves() {
  return rc::gen::container<std::vector<std::tuple<int, int, int, int>>>(rc::gen::tuple(
      rc::gen::inRange(0, 100), rc::gen::weightedOneOf<int>({{3, rc::gen::just(0)}, {1, rc::gen::inRange(0, 45)}}),
      rc::gen::inRange(0, 7), rc::gen::inRange(0, 6)));
}

// Times in order, cut where the distance exceeds the gap: (start, end, events) in minutes.
std::vector<std::array<std::int64_t, 3>> merged_intervals(const std::vector<Deed>& taken, std::int64_t gap) {
  std::vector<std::int64_t> times;
  for (const Deed& deed : taken) times.push_back(deed.minute);
  std::sort(times.begin(), times.end());
  std::vector<std::array<std::int64_t, 3>> sessions;
  for (const std::int64_t t : times) {
    if (sessions.empty() || t - sessions.back()[1] > gap) sessions.push_back({t, t, 0});
    sessions.back()[1] = t;
    ++sessions.back()[2];
  }
  return sessions;
}

RC_GTEST_PROP(FoldUserTwin, SessionsEqualMergedIntervals, ()) {
  const Life life = live(short_steps(), *moves());
  std::vector<std::array<std::int64_t, 3>> published;
  for (const Session& session : life.out.sessions) {
    published.push_back({millis(session.start) / 60'000, millis(session.end) / 60'000, session.events});
    std::int64_t by_category = 0;
    for (const auto& [category, events] : session.categories) by_category += events;
    RC_ASSERT(by_category == session.events);
  }
  std::sort(published.begin(), published.end());
  RC_ASSERT(published == merged_intervals(life.taken, 10));
}

// What the twin knows of a step.
struct StepSum {
  std::array<std::int64_t, kKinds> kinds{};
  std::int64_t sessions = 0;
  float dwell_s = 0, amount = 0;
  std::map<std::string, int> categories;
};

std::map<Step, StepSum> sums_by_step(const std::vector<Deed>& taken) {
  std::map<Step, StepSum> sums;
  for (const Deed& deed : taken) {
    StepSum& sum = sums[deed.minute / 60];
    ++sum.kinds[static_cast<std::size_t>(deed.kind)];
    sum.dwell_s += deed.dwell_ms / 1000;
    sum.amount += static_cast<float>(deed.amount);
    ++sum.categories[deed.category];
  }
  for (const auto& session : merged_intervals(taken, 10)) ++sums[session[0] / 60].sessions;
  return sums;
}

float log1p_of(double x) { return static_cast<float>(std::copysign(std::log1p(std::abs(x)), x)); }

RC_GTEST_PROP(FoldUserTwin, WindowsEqualThoseRecomputedFromAllEvents, ()) {
  const Life life = live(short_steps(), *moves());
  auto sums = sums_by_step(life.taken);
  std::map<Step, StepSum> closed_sums = sums;
  for (const StepClosed& closed : life.out.steps) {
    const StepSum sum = sums[closed.step];
    closed_sums.erase(closed.step);
    if (!closed.publish) continue;  // has no row
    FeatureRow row = closed.row;
    for (std::size_t k = 0; k < kKinds; ++k) RC_ASSERT(row[k] == log1p_of(static_cast<double>(sum.kinds[k])));
    RC_ASSERT(at(row, Feature::kSessions) == log1p_of(static_cast<double>(sum.sessions)));
    RC_ASSERT(at(row, Feature::kDwell) == log1p_of(sum.dwell_s));
    RC_ASSERT(at(row, Feature::kAmount) == log1p_of(sum.amount));
    RC_ASSERT(at(row, Feature::kCategories) == log1p_of(static_cast<double>(sum.categories.size())));
    double events = 0, purchases = 0, amount = 0;
    for (Step step = closed.step; step > closed.step - 5; --step) {
      for (const std::int64_t kind : sums[step].kinds) events += static_cast<double>(kind);
      purchases += static_cast<double>(sums[step].kinds[static_cast<std::size_t>(Kind::kPurchase)]);
      amount += sums[step].amount;
    }
    RC_ASSERT(at(row, Feature::kMeanEvents5) == log1p_of(events / 5));
    RC_ASSERT(at(row, Feature::kMeanPurchases5) == log1p_of(purchases / 5));
    RC_ASSERT(at(row, Feature::kMeanAmount5) == log1p_of(amount / 5));
  }
  RC_ASSERT(closed_sums.empty());  // no step with events is missing
}

// Steps come in order; what lies between two of them was skipped as a gap, and only after dormancy.
RC_GTEST_PROP(FoldUserTwin, NoStepIsClosedTwiceOrLeftOut, ()) {
  const Life life = live(short_steps(), *moves());
  Step next = life.taken.empty() ? 0
                                 : std::min_element(
                                       life.taken.begin(), life.taken.end(),
                                       [](auto& a, auto& b) {
                                         return a.minute < b.minute;
                                       })->minute /
                                       60;
  std::uint32_t silence = 0;
  for (const StepClosed& closed : life.out.steps) {
    RC_ASSERT(closed.step == next + closed.gap);
    RC_ASSERT(closed.gap == 0 || silence == 6U);
    RC_ASSERT(closed.returned == (silence == 6U));
    silence = closed.count > 0 ? 0 : silence + 1;
    RC_ASSERT(closed.silence == silence);
    next = closed.step + 1;
  }
}

// All members, so that every bit counts.
auto members(const ArimaState& a) {
  return std::tuple(a.phi, a.theta, a.p11, a.p12, a.p22, a.z, a.w, a.e, a.gradient_phi, a.gradient_theta, a.s2, a.mean,
                    a.variance, a.n);
}
auto members(const ExpertState& e) {
  return std::tuple(e.fast, e.slow, e.rate, e.season, e.season_exposure, e.tsb_size, e.tsb_probability, e.tsb_sizes,
                    e.n);
}

// The online models are where they would be, had they learned the whole history of steps at the end.
RC_GTEST_PROP(FoldUserTwin, ModelsEqualThoseThatLearnTheWholeHistoryAtOnce, ()) {
  const OperatorOptions options = short_steps();
  const Life life = live(options, *moves());
  auto sums = sums_by_step(life.taken);
  const ModelSet& models = default_models();
  ArimaState arima{};
  ExpertState experts = experts_start();
  double rate = 0.5;  // of a user of whom nothing is known
  for (const StepClosed& closed : life.out.steps) {
    const auto& prior = models.segments[static_cast<std::size_t>(segment_of(rate, models))].arima;
    if (closed.gap > 0) {
      experts_skip(experts, closed.gap);
      arima_skip(arima, prior, closed.gap);
    }
    double y = 0;
    for (const std::int64_t kind : sums[closed.step].kinds) y += static_cast<double>(kind);
    RC_ASSERT(static_cast<double>(closed.count) == y);
    if (experts.n == 0) {
      arima = arima_start(prior);
      const double more = std::max(0.0, static_cast<double>(sums[closed.step].sessions) - 1);
      arima.z = static_cast<float>(arima.z + more / (more + 6) * (std::sqrt(y) - arima.z));
    }
    experts_learn(experts, static_cast<float>(y), options.time.step.season(closed.step));
    arima_learn(arima, prior, static_cast<float>(std::sqrt(y)));
    const double n = std::min(experts.n, 50U);
    rate = (n * experts.rate + 10 * 0.5) / (n + 10);
  }
  RC_ASSERT(members(experts) == members(life.state.experts));
  RC_ASSERT(members(arima) == members(life.state.arima));
}

// --- no leak ---

struct Known {
  std::array<VolumeForecasts, kHorizonSlots> volume{};
  std::int64_t count = 0;
  float rate = 0;
};

std::map<Step, Known> known_at(const FoldOutputs& out) {
  std::map<Step, Known> known;
  for (const StepClosed& closed : out.steps) known[closed.step] = {closed.volume, closed.count, closed.rate};
  return known;
}

// Events of later steps arrive before a step closes: what is forecast of volume must not have seen them.
RC_GTEST_PROP(FoldUserLeak, VolumeForecastsDoNotChangeWithTheEventsOfLaterSteps, ()) {
  const auto all = *moves();
  const auto cut = *rc::gen::inRange<std::size_t>(0, all.size() + 1);
  auto permuted = all;
  std::reverse(permuted.begin() + static_cast<std::ptrdiff_t>(cut), permuted.end());
  const Life life = live(short_steps(), all);
  const Life other = live(short_steps(), permuted);
  Step same = 0;  // up to here both lives have the same events
  for (std::size_t i = 0; i < std::max(life.taken.size(), other.taken.size()); ++i) {
    const bool both = i < life.taken.size() && i < other.taken.size() &&
                      life.taken[i].minute == other.taken[i].minute &&
                      life.taken[i].category == other.taken[i].category && life.taken[i].kind == other.taken[i].kind;
    if (both) continue;
    same = std::numeric_limits<Step>::max();
    for (const Life* each : {&life, &other}) {
      for (std::size_t j = i; j < each->taken.size(); ++j) same = std::min(same, each->taken[j].minute / 60);
    }
    break;
  }
  const auto known = known_at(life.out);
  const auto other_known = known_at(other.out);
  for (const auto& [step, mine] : known) {
    if (step >= same) continue;
    const auto found = other_known.find(step);
    if (found == other_known.end()) continue;  // dormant there at the end
    RC_ASSERT(found->second.count == mine.count);
    RC_ASSERT(found->second.rate == mine.rate);
    for (std::size_t h = 0; h < 2; ++h) RC_ASSERT(found->second.volume[h].mean == mine.volume[h].mean);
  }
}

}  // namespace
}  // namespace driftcast
