// Judge: forecasts teach when their outcome is known and never before; weights, widths and bounds follow from that.
#include "operators/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/operators/support/single_user.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

OperatorOptions horizons_of(std::vector<int> horizons) {
  OperatorOptions options;
  options.horizons = std::move(horizons);
  return options;
}

// A ledger and a crowd, fed with steps made by hand.
class Bench {
 public:
  explicit Bench(std::vector<int> horizons, const ModelSet& models = default_models())
      : options(horizons_of(std::move(horizons))), context{options, models, crowd} {}
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  OperatorOptions options;
  Crowd crowd;
  Ledger ledger;
  JudgeContext context;
  std::vector<Matured> matured;  // by the last step

  // Every expert but the network forecasts `level` events per step.
  StepClosed step_closed(Step step, std::int64_t count, double level) const {
    StepClosed closed;
    closed.user = "ann";
    closed.step = step;
    closed.count = count;
    closed.publish = true;
    closed.steps = 100;
    closed.segment = 4;
    closed.rate = static_cast<float>(level);
    for (std::size_t h = 0; h < options.horizons.size(); ++h) {
      for (std::size_t k = 0; k + 1 < kExperts; ++k) {
        closed.volume[h].set(static_cast<Expert>(k), level * options.horizons[h]);
      }
    }
    return closed;
  }

  std::optional<Forecast> take(const StepClosed& closed) {
    matured.clear();
    return judge(ledger, closed, context, &matured);
  }
  std::optional<Forecast> take(Step step, std::int64_t count, double level = 3) {
    return take(step_closed(step, count, level));
  }

  // "made after step: what came", of one horizon.
  std::vector<std::pair<Step, double>> outcomes(std::size_t slot) const {
    std::vector<std::pair<Step, double>> result;
    for (const Matured& each : matured) {
      if (each.slot == slot) result.emplace_back(each.forecast.step, each.y);
    }
    return result;
  }
};

TEST(Judge, AForecastMeetsItsOutcomeWhenItsLastStepHasClosed) {
  Bench bench({1, 3});
  bench.take(10, 5);
  EXPECT_THAT(bench.matured, IsEmpty());
  bench.take(11, 2);
  EXPECT_THAT(bench.outcomes(0), ElementsAre(std::pair(10, 2)));
  EXPECT_THAT(bench.outcomes(1), IsEmpty());
  bench.take(12, 4);
  EXPECT_THAT(bench.outcomes(0), ElementsAre(std::pair(11, 4)));
  bench.take(13, 1);
  EXPECT_THAT(bench.outcomes(1), ElementsAre(std::pair(10, 2 + 4 + 1)));
}

TEST(Judge, ForecastsThatMaturedDuringDormancyAreScoredWithTheKnownZeros) {
  Bench bench({1, 7, 30});
  bench.take(10, 5);
  StepClosed back = bench.step_closed(20, 6, 3);
  back.gap = 9;
  bench.take(back);
  EXPECT_THAT(bench.outcomes(0), ElementsAre(std::pair(10, 0)));
  EXPECT_THAT(bench.outcomes(1), ElementsAre(std::pair(10, 0)));
  EXPECT_THAT(bench.outcomes(2), IsEmpty());  // its last step is the 40th
  StepClosed later = bench.step_closed(45, 3, 3);
  later.gap = 24;
  bench.take(later);
  EXPECT_THAT(bench.outcomes(2), ElementsAre(std::pair(10, 6)));
}

TEST(Judge, AForecastWhoseLastStepIsTheReturnCountsThatStep) {
  Bench bench({7});
  bench.take(10, 5);
  StepClosed back = bench.step_closed(17, 6, 3);
  back.gap = 6;
  bench.take(back);
  EXPECT_THAT(bench.outcomes(0), ElementsAre(std::pair(10, 6)));
}

TEST(Judge, NotMoreThanABoundedNumberOfForecastsWait) {
  Bench bench({1, 8, 30});
  for (Step step = 0; step < 100; ++step) bench.take(step, 1);
  EXPECT_THAT(bench.ledger.horizons[0].pending, SizeIs(1));
  EXPECT_THAT(bench.ledger.horizons[1].pending, SizeIs(8));
  std::vector<Step> waiting;
  for (const PendingForecast& forecast : bench.ledger.horizons[2].pending) waiting.push_back(forecast.step);
  EXPECT_THAT(waiting, ElementsAre(72, 76, 80, 84, 88, 92, 96));
}

TEST(Judge, WithoutAForecastDueItOnlyLearns) {
  Bench bench({1});
  bench.take(10, 5);
  StepClosed quiet = bench.step_closed(11, 0, 3);
  quiet.publish = false;
  EXPECT_EQ(bench.take(quiet), std::nullopt);
  EXPECT_THAT(bench.outcomes(0), ElementsAre(std::pair(10, 0)));
  EXPECT_THAT(bench.ledger.horizons[0].pending, IsEmpty());
}

TEST(Judge, TheBasisSaysHowManyOutcomesAreKnown) {
  Bench bench({1, 30});
  EXPECT_EQ(bench.take(0, 1)->basis, Basis::kCold);
  EXPECT_EQ(bench.take(1, 1)->basis, Basis::kWarm);
  for (Step step = 2; step < 30; ++step) bench.take(step, 1);
  EXPECT_EQ(bench.ledger.horizons[0].spread.labels, 29U);
  EXPECT_EQ(bench.take(30, 1)->basis, Basis::kFull);
}

TEST(Judge, PassesOnWhatTheStepSays) {
  Bench bench({2, 5});
  StepClosed closed = bench.step_closed(10, 5, 4);
  closed.as_of = event_time(1000);
  closed.valid_until = event_time(2000);
  closed.first_seen = event_time(500);
  closed.events = 77;
  closed.capped = closed.dormant = true;
  closed.drift = {DriftStage::kAlarm, DriftKind::kVolume, event_time(900)};
  closed.interests = {{"books", 0.5F, 0.1F}, {"music", 0.25F, 0}};
  closed.other = 0.25F;
  const Forecast forecast = *bench.take(closed);
  EXPECT_EQ(forecast.step, 10);
  EXPECT_EQ(forecast.as_of, event_time(1000));
  EXPECT_EQ(forecast.valid_until, event_time(2000));
  EXPECT_EQ(forecast.first_seen, event_time(500));
  EXPECT_EQ(forecast.events, 77);
  EXPECT_EQ(forecast.steps, 100);
  EXPECT_TRUE(forecast.capped && forecast.dormant && !forecast.returned);
  EXPECT_EQ(forecast.drift.kind, DriftKind::kVolume);
  ASSERT_THAT(forecast.horizons, SizeIs(2));
  EXPECT_EQ(forecast.horizons[1].steps, 5);
  ASSERT_THAT(forecast.interests, SizeIs(2));
  const InterestForecast& books = forecast.interests[0];
  EXPECT_EQ(books.expected, 0.5 * forecast.horizons[0].mean);
  EXPECT_LE(books.lo, books.expected);
  EXPECT_GE(books.hi, books.expected);
  EXPECT_EQ(forecast.other, 0.25F);
}

// A network that knows every horizon and has learned from purchases.
NetForecast net_forecast(std::size_t horizons) {
  NetForecast net;
  net.purchases = true;
  for (std::size_t slot = 0; slot < horizons; ++slot) {
    net.available = static_cast<std::uint8_t>(net.available | 1U << slot);
    net.volume[slot] = 3.0F + static_cast<float>(slot);
    net.purchase[slot] = 0.25F;
    net.churn[slot] = 0.125F;
  }
  return net;
}

TEST(JudgeNetwork, IsOneMoreExpertOfTheHorizonsItKnows) {
  Bench bench({7, 14});
  StepClosed closed = bench.step_closed(10, 5, 3);
  closed.net = net_forecast(1);
  const Forecast forecast = *bench.take(closed);
  constexpr auto kNetwork = static_cast<std::size_t>(Expert::kNetwork);
  EXPECT_EQ(forecast.horizons[0].available, 0b1111111);
  EXPECT_EQ(forecast.horizons[0].parts[kNetwork], 3);
  EXPECT_EQ(forecast.horizons[1].available, 0b0111111);
  EXPECT_EQ(forecast.horizons[1].weights[kNetwork], 0);
}

TEST(JudgeNetwork, SaysHowWideTheDistributionIsBeforeLabelsHaveTaught) {
  Bench bench({7, 14});
  StepClosed closed = bench.step_closed(10, 5, 3);
  closed.net = net_forecast(1);
  closed.net->dispersion[0] = 0.75F;
  const Forecast forecast = *bench.take(closed);
  const HorizonForecast& known = forecast.horizons[0];
  const HorizonForecast& unknown = forecast.horizons[1];
  const double prior = default_models().segments[closed.segment].dispersion;
  EXPECT_DOUBLE_EQ(known.variance, known.mean + 0.75 * known.mean * known.mean);
  EXPECT_DOUBLE_EQ(unknown.variance, unknown.mean + prior * unknown.mean * unknown.mean);
  EXPECT_EQ(bench.ledger.horizons[0].pending.back().dispersion, 0.75F);
  EXPECT_EQ(bench.ledger.horizons[1].pending.back().dispersion, 0);
}

// What came is just what was forecast: the law was too wide. The same label says so of a wide law and not of a narrow one.
TEST(JudgeNetwork, ItsDispersionIsWhatALabelCorrects) {
  const auto learned = [](float dispersion) {
    Bench bench({1});
    StepClosed closed = bench.step_closed(10, 100, 100);
    closed.net = net_forecast(1);
    closed.net->volume[0] = 100;
    closed.net->dispersion[0] = dispersion;
    bench.take(closed);
    bench.take(bench.step_closed(11, 100, 100));
    return bench.ledger.horizons[0].spread.dispersion;
  };
  EXPECT_LT(learned(1), -0.05);
  EXPECT_NEAR(learned(1e-4F), 0, 0.01);
}

TEST(JudgeNetwork, PurchaseAndChurnArePublishedWhereItKnowsTheHorizon) {
  Bench bench({7, 14, 30});
  StepClosed closed = bench.step_closed(10, 5, 3);
  closed.net = net_forecast(3);
  closed.net->available = 0b101;
  const Forecast forecast = *bench.take(closed);
  EXPECT_EQ(forecast.horizons[0].purchase, 0.25);
  EXPECT_EQ(forecast.horizons[0].churn, 0.125);
  EXPECT_EQ(forecast.horizons[1].purchase, std::nullopt);
  EXPECT_EQ(forecast.horizons[1].churn, std::nullopt);
  EXPECT_EQ(forecast.horizons[2].purchase, 0.25);
}

TEST(JudgeNetwork, ThatNeverSawAPurchaseSaysNothingOfThemNorOfChurn) {
  Bench bench({7});
  StepClosed closed = bench.step_closed(10, 5, 3);
  EXPECT_EQ(bench.take(closed)->horizons[0].purchase, std::nullopt);
  closed.step = 11;
  closed.net = net_forecast(1);
  closed.net->purchases = false;
  const Forecast forecast = *bench.take(closed);
  EXPECT_EQ(forecast.horizons[0].purchase, std::nullopt);
  EXPECT_EQ(forecast.horizons[0].churn, std::nullopt);
}

TEST(JudgeNetwork, OverLongerHorizonsAPurchaseIsNotLessLikelyAndChurnNotMore) {
  Bench bench({1, 7, 14, 30});
  StepClosed closed = bench.step_closed(10, 5, 3);
  closed.net = net_forecast(4);
  closed.net->purchase = {0.25F, 0.5F, 0.375F, 0.75F};
  closed.net->churn = {0.5F, 0.25F, 0.375F, 0.125F};
  const Forecast forecast = *bench.take(closed);
  std::vector<std::optional<double>> purchase, churn;
  for (const HorizonForecast& horizon : forecast.horizons) {
    purchase.push_back(horizon.purchase);
    churn.push_back(horizon.churn);
  }
  EXPECT_THAT(purchase, ElementsAre(0.25, 0.5, 0.5, 0.75));
  EXPECT_THAT(churn, ElementsAre(0.5, 0.25, 0.25, 0.125));
}

TEST(JudgeNetwork, RefinesTheSharesWhenItKnowsTheFirstHorizon) {
  Bench bench({7, 14});
  StepClosed closed = bench.step_closed(10, 5, 3);
  closed.interests = {{"books", 0.5F, 0.1F}, {"music", 0.25F, 0}};
  closed.other = 0.25F;
  closed.net = net_forecast(2);
  closed.net->shares[1] = 2;
  const Forecast lifted = *bench.take(closed);
  EXPECT_EQ(lifted.interests[0].category, "music");
  EXPECT_GT(lifted.interests[0].share, 0.6F);
  EXPECT_FLOAT_EQ(static_cast<float>(lifted.interests[0].expected),
                  static_cast<float>(lifted.interests[0].share * lifted.horizons[0].mean));
  EXPECT_NEAR(lifted.interests[0].share + lifted.interests[1].share + lifted.other, 1, 1e-6);
  closed.step = 11;
  closed.net->available = 0b10;
  EXPECT_EQ(bench.take(closed)->interests[0].share, 0.5F);
}

// The label's words are those of the time when the forecast was made.
TEST(JudgeNetwork, TeachesOnlyWithTheForecastsInWhichItHasSpoken) {
  Bench bench({7});
  for (Step step = 0; step < 10; ++step) bench.take(step, 3);
  const JointUser& own = bench.ledger.horizons[0].joint;
  StepClosed closed = bench.step_closed(10, 3, 3);
  closed.net = net_forecast(1);
  bench.take(closed);
  for (Step step = 11; step < 17; ++step) bench.take(step, 3);
  EXPECT_EQ(own.labels, 10U);
  EXPECT_EQ(own.a[5], 0);
  bench.take(17, 3);
  EXPECT_EQ(own.labels, 11U);
  EXPECT_GT(own.a[5], 0);
}

// Of a model set whose priors prefer nobody.
ModelSet even_models() {
  ModelSet models = default_models();
  for (ModelSet::Segment& segment : models.segments) {
    for (ExpertForecasts& weights : segment.weights) {
      weights.fill(1.0F / 6);
      weights[static_cast<std::size_t>(Expert::kNetwork)] = 0;
    }
  }
  seal(models);
  return models;
}

double sum(const ExpertForecasts& weights) {
  double total = 0;
  for (const float weight : weights) total += weight;
  return total;
}

TEST(Judge, ExpertsThatSayTheSameAreBelievedAlikeAndAltogether) {
  const ModelSet models = even_models();
  Bench bench({1}, models);
  std::mt19937_64 random(1);
  std::poisson_distribution<std::int64_t> law(5);
  for (Step step = 0; step < 300; ++step) bench.take(step, law(random), 5);
  const Forecast forecast = *bench.take(300, 5, 5);
  EXPECT_NEAR(sum(forecast.horizons[0].weights), 1, 0.1);
  EXPECT_NEAR(forecast.horizons[0].mean, 5, 0.5);
}

TEST(Judge, AnExpertThatKnowsNothingHasLessThanATwentiethAfterTwoHundredLabels) {
  constexpr auto kUseless = static_cast<std::size_t>(Expert::kTsb);
  const ModelSet models = even_models();
  Bench bench({1}, models);
  std::mt19937_64 random(2);
  Forecast last;
  double level = 5;
  for (Step step = 0; step <= 200; ++step) {
    StepClosed closed = bench.step_closed(step, std::poisson_distribution<std::int64_t>(level)(random), 0);
    level = 2 + 8 * std::uniform_real_distribution<double>()(random);
    for (std::size_t k = 0; k + 1 < kExperts; ++k) closed.volume[0].set(static_cast<Expert>(k), level);
    closed.volume[0].set(Expert::kTsb, 12 * std::uniform_real_distribution<double>()(random));
    closed.rate = 6;
    last = *bench.take(closed);
  }
  EXPECT_EQ(bench.ledger.horizons[0].spread.labels, 200U);
  EXPECT_LT(last.horizons[0].weights[kUseless], 0.05);
}

TEST(Judge, AConfirmedDriftForgetsMostOfTheWeightsAndWidensTheBounds) {
  Bench bench({1});
  std::mt19937_64 random(3);
  std::poisson_distribution<std::int64_t> law(20);
  for (Step step = 0; step < 100; ++step) bench.take(step, law(random), 20);
  StepClosed drifted = bench.step_closed(100, 20, 20);
  const JointUser before = bench.ledger.horizons[0].joint;
  const float width = bench.ledger.horizons[0].spread.width;
  drifted.reset = true;
  bench.take(drifted);
  EXPECT_LT(bench.ledger.horizons[0].joint.a[0], 0.2F * before.a[0]);
  EXPECT_GT(bench.ledger.horizons[0].spread.width, width + 0.1F);
}

// Of many users together: their counts are negative binomial with this variance over mean.
double coverage(Bench& bench, std::vector<Ledger>& users, Step from, Step to, double excess, std::mt19937_64& random) {
  constexpr double kMean = 30;
  const double size = kMean / (excess - 1);
  std::int64_t hits = 0, labels = 0;
  for (Step step = from; step < to; ++step) {
    for (Ledger& user : users) {
      const double rate = std::gamma_distribution<double>(size, kMean / size)(random);
      std::swap(bench.ledger, user);
      bench.take(step, std::poisson_distribution<std::int64_t>(rate)(random), kMean);
      std::swap(bench.ledger, user);
      for (const Matured& each : bench.matured) {
        const Bounds bounds = bounds_of(each.forecast.mean, each.forecast.variance, bench.options.level);
        hits += each.y >= bounds.lo && each.y <= bounds.hi ? 1 : 0;
        ++labels;
      }
    }
  }
  return static_cast<double>(hits) / static_cast<double>(labels);
}

TEST(Judge, CoverageIsBackWithinThreeHundredLabelsAfterTheVarianceTrebled) {
  Bench bench({1});
  std::vector<Ledger> users(20);
  std::mt19937_64 random(4);
  coverage(bench, users, 0, 200, 2, random);
  EXPECT_NEAR(coverage(bench, users, 200, 500, 2, random), 0.9, 0.02);
  EXPECT_LT(coverage(bench, users, 500, 505, 6, random), 0.88);
  coverage(bench, users, 505, 800, 6, random);
  EXPECT_NEAR(coverage(bench, users, 800, 1100, 6, random), 0.9, 0.02);
}

// --- whole lives through fold and judge ---

struct Life {
  std::vector<Deed> taken;
  std::vector<StepClosed> steps;
  std::vector<Forecast> forecasts;
  std::vector<Matured> matured;
};

Life live(const std::vector<std::tuple<int, int>>& moves) {
  OperatorOptions options = horizons_of({1, 3, 10});
  options.time.step.width = std::chrono::minutes{60};
  options.time.lateness = std::chrono::minutes{20};
  options.time.dormant_after = 5;
  SingleUser ann(options);
  Crowd crowd;
  Ledger ledger;
  JudgeContext context{options, default_models(), crowd};
  Life life;
  std::int64_t now = 1'000'000;
  const auto judge_all = [&] {
    for (const StepClosed& closed : ann.out.steps) {
      if (auto forecast = judge(ledger, closed, context, &life.matured)) life.forecasts.push_back(std::move(*forecast));
      life.steps.push_back(closed);
    }
    ann.out.clear();
  };
  for (const auto& [pause, category] : moves) {
    now += pause < 80 ? pause / 3 : pause * 10;
    const Deed deed{now, "c" + std::to_string(category)};
    if (ann.take(deed)) life.taken.push_back(deed);
    judge_all();
  }
  ann.advance_to_minute(now + 60 * 10);
  judge_all();
  return life;
}

auto moves() {
  return rc::gen::container<std::vector<std::tuple<int, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, 100), rc::gen::inRange(0, 4)));
}

// The slow twin of maturing: the outcome is the number of all accepted events in the steps the forecast speaks of.
RC_GTEST_PROP(JudgeTwin, EveryOutcomeEqualsTheEventsCountedAnew, ()) {
  const Life life = live(*moves());
  const std::vector<int> horizons = {1, 3, 10};
  for (const Matured& each : life.matured) {
    const Step first = each.forecast.step + 1;
    const Step last = each.forecast.step + horizons[each.slot];
    const auto events = std::count_if(life.taken.begin(), life.taken.end(), [&](const Deed& deed) {
      return deed.minute / 60 >= first && deed.minute / 60 <= last;
    });
    RC_ASSERT(each.y == static_cast<double>(events));
    RC_ASSERT(life.steps.back().step >= last);
  }
}

bool same(const Forecast& a, const Forecast& b) {
  if (a.step != b.step || a.events != b.events || a.horizons.size() != b.horizons.size()) return false;
  for (std::size_t h = 0; h < a.horizons.size(); ++h) {
    const HorizonForecast& x = a.horizons[h];
    const HorizonForecast& y = b.horizons[h];
    if (x.mean != y.mean || x.lo != y.lo || x.hi != y.hi || x.weights != y.weights) return false;
  }
  return std::equal(a.interests.begin(), a.interests.end(), b.interests.begin(), b.interests.end(),
                    [](const InterestForecast& x, const InterestForecast& y) {
                      return x.category == y.category && x.share == y.share && x.expected == y.expected;
                    });
}

// Else an instance that replays its input would come out of it with another state than one that went on.
TEST(Judge, WhatIsForecastSilentlyTeachesTheSame) {
  Bench aloud({7, 30}), silent({7, 30});
  for (Step step = 0; step < 130; ++step) {
    StepClosed closed = aloud.step_closed(step, step * step % 11, 3 + 0.1 * static_cast<double>(step % 7));
    closed.publish = step % 3 != 1;
    closed.reset = step == 50;
    if (step >= 40 && step % 5 != 0) closed.net = net_forecast(2);
    const auto forecast = judge(aloud.ledger, closed, aloud.context);
    if (step < 90) {
      EXPECT_EQ(judge_silently(silent.ledger, closed, silent.context), forecast.has_value());
    } else if (const auto after = judge(silent.ledger, closed, silent.context)) {
      EXPECT_TRUE(forecast && same(*forecast, *after)) << step;
    }
  }
}

// No leak: what was forecast before the two futures part is the same, bit by bit.
RC_GTEST_PROP(JudgeLeak, PermutingTheFutureLeavesTheForecastsSoFarAsTheyAre, ()) {
  const auto all = *moves();
  const auto cut = *rc::gen::inRange<std::size_t>(0, all.size() + 1);
  const auto parting = all.begin() + static_cast<std::ptrdiff_t>(cut);
  auto permuted = all;
  std::reverse(permuted.begin() + static_cast<std::ptrdiff_t>(cut), permuted.end());
  const Life life = live(all);
  const Life other = live(permuted);
  const Life so_far = live({all.begin(), parting});
  // The end of `so_far` closes steps that the others may still fill: those before its last event's hour are common.
  const Step common = so_far.taken.empty() ? 0 : (so_far.taken.back().minute - 20) / 60;
  for (std::size_t i = 0; i < so_far.forecasts.size() && so_far.forecasts[i].step < common; ++i) {
    RC_ASSERT(i < life.forecasts.size() && i < other.forecasts.size());
    RC_ASSERT(same(life.forecasts[i], other.forecasts[i]));
    RC_ASSERT(same(life.forecasts[i], so_far.forecasts[i]));
  }
}

TEST(Judge, ALongerHorizonExpectsNoLessThanAShorter) {
  Bench bench({7, 14});
  for (Step step = 0; step < 60; ++step) {
    StepClosed closed = bench.step_closed(step, step % 3, 1);
    for (std::size_t k = 0; k + 1 < kExperts; ++k) closed.volume[0].set(static_cast<Expert>(k), 40);
    const auto forecast = bench.take(closed);
    ASSERT_TRUE(forecast);
    const HorizonForecast &week = forecast->horizons[0], &fortnight = forecast->horizons[1];
    EXPECT_LE(week.mean, fortnight.mean) << "after step " << step;
    EXPECT_LE(week.lo, fortnight.lo) << "after step " << step;
    EXPECT_LE(week.hi, fortnight.hi) << "after step " << step;
  }
}

TEST(Judge, ABurstThatTheNetworkMissesIsFollowedBeforeTheFirstOutcome) {
  const auto mean_after_burst = [](std::int64_t count) {
    Bench burst({7});
    std::optional<Forecast> forecast;
    for (Step step = 0; step <= 4; ++step) {
      StepClosed closed = burst.step_closed(step, step == 0 ? 0 : count, 3);
      closed.volume[0].set(Expert::kArima, 7.0 * 50);
      closed.net = net_forecast(1);
      closed.net->volume[0] = 30;
      forecast = burst.take(closed);
      EXPECT_THAT(burst.matured, IsEmpty());
    }
    return forecast->horizons[0].mean;
  };
  EXPECT_GT(mean_after_burst(50), 1.5 * mean_after_burst(4));
}

}  // namespace
}  // namespace driftcast
