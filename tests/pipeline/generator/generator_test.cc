// What the generator says of itself must be true of its lines: they are read back and counted again.
#include "pipeline/generator/generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>
#include <variant>

#include "core/hash.h"
#include "pipeline/decode.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

// A day long enough to see things, an audience dense enough to count them.
GeneratorOptions dense() {
  GeneratorOptions options;
  options.events = 40'000;
  options.users = 200;
  options.days = 30;
  return options;
}

// All records are events, each at its time.
GeneratorOptions tidy() {
  GeneratorOptions options = dense();
  options.disorder = options.late = options.duplicates = options.broken = 0;
  return options;
}

std::string text_of(const GeneratorOptions& options) {
  Generator generator(options);
  std::string text;
  while (generator.next(text)) {
  }
  return text;
}

struct Told {
  std::string user, category;
  Kind kind = Kind::kOther;
  EventTime at;
  std::uint64_t id = 0;
  double amount = 0;
};

// Reads a line as the pipeline would.
class Reader {
 public:
  std::variant<Told, Reason> read(std::string_view line) {
    Arena arena;
    bytes_.assign(line).append(kPadding, '\0');
    const Decoded decoded =
        decoder_.decode({{}, std::string_view(bytes_).substr(0, line.size()), std::nullopt, 0}, arena);
    if (const auto* rejected = std::get_if<Rejected>(&decoded)) return rejected->reason;
    const Event& event = std::get<Event>(decoded);
    return Told{
        std::string(event.user), std::string(event.category), event.kind, event.at, event.event_id, event.amount};
  }
  Told event(std::string_view line) { return std::get<Told>(read(line)); }

 private:
  const PipelineOptions pipeline_{};
  const OperatorOptions operators_{};
  Decoder decoder_{pipeline_, operators_};
  std::string bytes_;
};

// Calls with every record, without its line feed, and the generator as it stands behind it.
template <class Consumer>
void for_each(Generator& generator, Consumer consume) {
  for (std::string line; generator.next(line); line.clear()) {
    ASSERT_EQ(line.find('\n'), line.size() - 1) << line;
    consume(std::string_view(line).substr(0, line.size() - 1));
  }
}

std::vector<Told> events_of(const GeneratorOptions& options) {
  Generator generator(options);
  Reader reader;
  std::vector<Told> events;
  for_each(generator, [&](std::string_view line) { events.push_back(reader.event(line)); });
  return events;
}

std::string item_of(std::string_view line) {
  constexpr std::string_view kKey = R"("item_id":")";
  const std::size_t begin = line.find(kKey) + kKey.size();
  return std::string(line.substr(begin, line.find('"', begin) - begin));
}

TEST(Generator, SaysTheSameForTheSameSeed) {
  const std::string once = text_of(dense());
  EXPECT_EQ(once, text_of(dense()));
  GeneratorOptions other = dense();
  other.seed = 2;
  EXPECT_NE(once, text_of(other));
}

TEST(Generator, SaysTheSameOnEveryMachine) {
  GeneratorOptions options;
  options.events = 5000;
  options.users = 300;
  EXPECT_EQ(hash64(text_of(options)), 17852152053881320509U)
      << "if the generator was changed on purpose, this number changes, too";
}

TEST(Generator, MakesExactlyAsManyRecordsAsAskedFor) {
  for (const std::int64_t events : {1, 2, 17, 1000, 30'000}) {
    for (const std::int64_t users : {1, 3, 5000}) {
      for (const int span : {1, 7, 90}) {
        GeneratorOptions options = dense();
        options.events = events;
        options.users = users;
        options.days = span;
        options.duplicates = options.broken = 0.1;
        Generator generator(options);
        std::int64_t records = 0;
        for_each(generator, [&](std::string_view) { ++records; });
        const Generated& made = generator.made();
        EXPECT_EQ(records, events) << users << " users, " << span << " days";
        EXPECT_EQ(made.records, records);
        EXPECT_EQ(made.events + made.duplicates + made.broken, records);
      }
    }
  }
}

TEST(Generator, WritesEventsThatTheDecoderTakesAsTheyAre) {
  GeneratorOptions options = dense();
  options.broken = 0;
  std::array<int, driftcast::kKinds> kinds{};
  for (const Told& event : events_of(options)) {
    EXPECT_NE(event.id, 0U);
    ++kinds[static_cast<std::size_t>(event.kind)];
  }
  for (const Kind kind : {Kind::kView, Kind::kClick, Kind::kCart, Kind::kPurchase, Kind::kReturn}) {
    EXPECT_GT(kinds[static_cast<std::size_t>(kind)], 0) << name(kind);
  }
  EXPECT_EQ(kinds[static_cast<std::size_t>(Kind::kOther)], 0);
}

TEST(Generator, TellsTimeInOrderWhenNothingIsHeldUp) {
  Generator generator(tidy());
  Reader reader;
  EventTime before = tidy().start;
  for_each(generator, [&](std::string_view line) {
    const EventTime at = reader.event(line).at;
    EXPECT_EQ(at, generator.now());
    EXPECT_GE(at, before);
    before = at;
  });
  EXPECT_LT(before, tidy().start + days{tidy().days});
}

TEST(Generator, EndsItsLastSessionWithinTheLastDay) {
  GeneratorOptions options = tidy();
  options.days = 1;
  options.events = 300'000;
  Generator generator(options);
  for_each(generator, [](std::string_view) {});
  EXPECT_LT(generator.now(), options.start + days{1});
  EXPECT_GT(generator.now(), options.start + hours{23});
}

TEST(Generator, FillsTheWholeSpanWithAWeeklyRhythm) {
  GeneratorOptions options = tidy();
  options.users = 5000;
  options.days = 28;
  options.drift_share = 0;
  const StepGrid grid;
  std::map<Step, int> by_day;
  std::array<double, 7> by_weekday{};
  std::array<int, 24> by_hour{};
  for (const Told& event : events_of(options)) {
    ++by_day[grid.step_of(event.at)];
    ++by_weekday[static_cast<std::size_t>(grid.season(grid.step_of(event.at)))];
    ++by_hour[static_cast<std::size_t>((event.at - grid.start(grid.step_of(event.at))) / hours{1})];
  }
  EXPECT_EQ(by_day.size(), 28U);
  for (const auto& [day, events] : by_day) EXPECT_GT(events, 40'000 / 28 / 3) << day;
  EXPECT_GT(by_weekday[1] + by_weekday[2], 1.15 * (by_weekday[5] + by_weekday[6]));  // office hours outweigh
  EXPECT_GT(by_hour[10], 5 * by_hour[3]);
  EXPECT_GT(by_hour[20], 5 * by_hour[3]);
}

TEST(Generator, HasFewDenseUsersAndManySparseOnesByTheExponent) {
  GeneratorOptions options = tidy();
  options.users = 2000;
  options.drift_share = 0;
  options.head = 0;
  const auto share_of_top_20 = [&](double zipf) {
    options.zipf = zipf;
    std::unordered_map<std::string, int> count;
    for (const Told& event : events_of(options)) ++count[event.user];
    std::vector<int> counts;
    for (const auto& [user, n] : count) counts.push_back(n);
    counts.resize(2000);
    std::partial_sort(counts.begin(), counts.begin() + 20, counts.end(), std::greater<>());
    return std::accumulate(counts.begin(), counts.begin() + 20, 0.0) / 40'000;
  };
  EXPECT_LT(share_of_top_20(0), 0.05);
  EXPECT_NEAR(share_of_top_20(1.1), 0.53, 0.1);  // of everybody always there: sum k^-1.1, k <= 20, over k <= 2000
  EXPECT_GT(share_of_top_20(2), 0.9);
}

TEST(Generator, LetsUsersComeOneAfterTheOther) {
  std::map<std::string, EventTime> first;
  const GeneratorOptions options = tidy();
  for (const Told& event : events_of(options)) first.emplace(event.user, event.at);
  const auto late_comers = std::count_if(first.begin(), first.end(), [&](const auto& entry) {
    return entry.second > options.start + days{options.days / 3};
  });
  EXPECT_GT(late_comers, 20);
  EXPECT_LT(late_comers, 120);
}

TEST(Generator, LetsThingsBeBoughtAfterTheyWereInTheCartAndReturnedAfterTheyWereBought) {
  Generator generator(tidy());
  Reader reader;
  std::map<std::string, std::set<std::string>> cart;
  std::map<std::string, std::map<std::string, double>> bought;
  int purchases = 0, returns = 0;
  for_each(generator, [&](std::string_view line) {
    const Told event = reader.event(line);
    const std::string item = item_of(line);
    if (event.kind == Kind::kCart) cart[event.user].insert(item);
    if (event.kind == Kind::kPurchase) {
      ++purchases;
      EXPECT_TRUE(cart[event.user].contains(item)) << line;
      EXPECT_GT(event.amount, 0) << line;
      bought[event.user][item] = event.amount;
    } else if (event.kind == Kind::kReturn) {
      ++returns;
      EXPECT_EQ(event.amount, -bought[event.user][item]) << line;
    } else {
      EXPECT_EQ(event.amount, 0) << line;
    }
  });
  EXPECT_GT(purchases, 500);
  EXPECT_GT(returns, 50);
}

TEST(Generator, RepeatsRecordsOfTheLastMinutesByteForByte) {
  GeneratorOptions options = dense();
  options.broken = options.late = 0;
  options.duplicates = 0.1;
  Generator generator(options);
  Reader reader;
  std::unordered_map<std::string, EventTime> seen;
  std::set<std::uint64_t> ids;
  int repeated = 0;
  for_each(generator, [&](std::string_view line) {
    ids.insert(reader.event(line).id);
    const auto [place, is_new] = seen.emplace(line, generator.now());
    if (is_new) return;
    ++repeated;
    EXPECT_LE(generator.now() - place->second, minutes{10});
  });
  EXPECT_EQ(repeated, generator.made().duplicates);
  EXPECT_NEAR(repeated, 4000, 250);
  EXPECT_EQ(ids.size(), seen.size());
}

TEST(Generator, HoldsUpAsManyRecordsAsChosen) {
  GeneratorOptions options = dense();
  options.duplicates = options.broken = 0;
  options.disorder = 0.1;
  options.late = 0.05;
  Generator generator(options);
  Reader reader;
  int late = 0, disordered = 0;
  for_each(generator, [&](std::string_view line) {
    const Duration delay = generator.now() - reader.event(line).at;
    late += delay > hours{1} ? 1 : 0;
    disordered += delay > Duration{0} && delay <= hours{1} ? 1 : 0;
    EXPECT_GE(delay, Duration{0});
    EXPECT_LE(delay, hours{24});
  });
  EXPECT_EQ(late, generator.made().late);
  EXPECT_EQ(disordered, generator.made().disordered);
  EXPECT_NEAR(late, 2000, 250);
  EXPECT_NEAR(disordered, 4000, 300);
}

TEST(Generator, BreaksAsManyRecordsAsChosenEachInItsOwnWay) {
  GeneratorOptions options = dense();
  options.duplicates = 0;
  options.broken = 0.1;
  Generator generator(options);
  Reader reader;
  std::map<Reason, int> reasons;
  int broken = 0;
  for_each(generator, [&](std::string_view line) {
    const auto read = reader.read(line);
    if (const auto* reason = std::get_if<Reason>(&read)) ++broken, ++reasons[*reason];
  });
  EXPECT_EQ(broken, generator.made().broken);
  EXPECT_NEAR(broken, 4000, 250);
  EXPECT_GE(reasons.size(), 12U);
  for (const auto& [reason, times] : reasons) EXPECT_GT(times, 50) << name(reason);
}

// What a user did on both sides of a moment, recounted from the lines as a reader with an hour of lateness would.
struct Sides {
  std::array<std::int64_t, 2> events{};
  std::array<std::map<std::string, double>, 2> categories;

  double share(std::size_t side, const std::vector<std::string>& names) const {
    double sum = 0;
    for (const std::string& category : names) {
      const auto found = categories[side].find(category);
      sum += found == categories[side].end() ? 0 : found->second;
    }
    return sum / std::max<double>(1, static_cast<double>(events[side]));
  }
};

class GeneratorLabels : public testing::Test {
 protected:
  void make(const GeneratorOptions& options) {
    Generator generator(options);
    Reader reader;
    for_each(generator, [&](std::string_view line) {
      const auto read = reader.read(line);
      const auto* event = std::get_if<Told>(&read);
      const bool counts = event != nullptr && generator.now() - event->at <= hours{1} && ids_.insert(event->id).second;
      if (counts) events_[event->user].push_back(*event);
    });
    labels_ = generator.labels();
  }

  Sides sides(const std::string& user, EventTime at) {
    Sides result;
    for (const Told& event : events_[user]) {
      const std::size_t side = event.at < at ? 0 : 1;
      ++result.events[side];
      result.categories[side][event.category] += 1;
    }
    return result;
  }

  std::map<std::string, std::vector<Told>> events_;
  std::set<std::uint64_t> ids_;
  std::vector<PlantedLabel> labels_;
};

TEST_F(GeneratorLabels, CountTheUsersEventsOnBothSidesWhateverHappensToTheRecords) {
  GeneratorOptions options = dense();
  options.drift_share = 0.3;
  options.drift_volume = 0.3;
  options.disorder = 0.05;
  options.late = options.duplicates = options.broken = 0.02;
  make(options);
  std::map<PlantedKind, int> kinds;
  for (const PlantedLabel& label : labels_) {
    ++kinds[label.kind];
    const Sides real = sides(label.user, label.kind == PlantedKind::kSteady ? kEndOfTime : label.at);
    EXPECT_EQ(label.events_before, real.events[0]) << label.user;
    EXPECT_EQ(label.events_after, real.events[1]) << label.user;
  }
  EXPECT_GT(kinds[PlantedKind::kMix], 20);
  EXPECT_GT(kinds[PlantedKind::kVolume], 5);
  EXPECT_GT(kinds[PlantedKind::kQuiet], 5);
  EXPECT_GT(kinds[PlantedKind::kSteady], 50);
}

TEST_F(GeneratorLabels, NameWhatAUserLikedBeforeAndAfter) {
  GeneratorOptions options = dense();
  options.drift_share = 0.5;
  options.drift_volume = 0;
  make(options);
  int checked = 0;
  for (const PlantedLabel& label : labels_) {
    if (label.kind != PlantedKind::kMix || std::min(label.events_before, label.events_after) < 100) continue;
    ++checked;
    const Sides real = sides(label.user, label.at);
    EXPECT_GT(real.share(0, label.from), 0.5) << label.user;  // of three of up to six favourites
    EXPECT_LT(real.share(1, label.from), 0.25) << label.user;
    EXPECT_LT(real.share(0, label.to), 0.25) << label.user;
    EXPECT_GT(real.share(1, label.to), 0.7) << label.user;
    for (const std::string& category : label.to) EXPECT_THAT(label.from, testing::Not(testing::Contains(category)));
  }
  EXPECT_GT(checked, 10);
}

TEST_F(GeneratorLabels, TellBothHalvesOfASteadyUsersLifeAlike) {
  GeneratorOptions options = dense();
  options.drift_share = 0;
  make(options);
  int checked = 0;
  for (const PlantedLabel& label : labels_) {
    if (label.kind != PlantedKind::kSteady || label.events_before < 400) continue;
    const Sides real = sides(label.user, options.start + days{options.days / 2});
    if (std::min(real.events[0], real.events[1]) < 150) continue;
    ++checked;
    for (const auto& [category, times] : real.categories[0]) {
      EXPECT_NEAR(real.share(0, {category}), real.share(1, {category}), 0.2) << label.user << " " << category;
    }
  }
  EXPECT_GT(checked, 10);
}

TEST_F(GeneratorLabels, TellHowManyTimesAsMuchAUserDoes) {
  GeneratorOptions options = dense();
  options.drift_share = 0.5;
  options.drift_volume = 1;
  make(options);
  std::map<double, std::pair<double, double>> days_per_factor;  // events per day before and after, summed over users
  for (const PlantedLabel& label : labels_) {
    if (label.kind != PlantedKind::kVolume || label.at - options.start < days{14}) continue;  // there from early on
    EXPECT_EQ(label.from, label.to);
    auto& [before, after] = days_per_factor[label.factor];
    const EventTime end = options.start + days{options.days};
    for (const Told& event : events_[label.user]) {
      before += event.at >= label.at - days{7} && event.at < label.at ? 1 : 0;  // whole weeks: no rhythm to see
      after += event.at >= label.at && event.at < std::min(label.at + days{7}, end) ? 1 : 0;
    }
  }
  ASSERT_EQ(days_per_factor.size(), 2U);
  for (const auto& [factor, events] : days_per_factor) {
    EXPECT_NEAR(events.second / events.first / factor, 1, 0.25) << "factor " << factor;
  }
}

TEST_F(GeneratorLabels, TellWhenAUserIsAwayAndWhenBack) {
  make(tidy());
  int pauses = 0, back = 0;
  for (const PlantedLabel& label : labels_) {
    if (label.kind != PlantedKind::kQuiet) continue;
    ++pauses;
    for (const Told& event : events_[label.user]) {  // a session under way at midnight ends within the hour
      const bool away = event.at >= label.at + hours{1} && event.at < label.until.value_or(kEndOfTime);
      EXPECT_FALSE(away) << label.user << " at " << rfc3339(event.at);
      back += label.until && event.at >= *label.until ? 1 : 0;
    }
  }
  EXPECT_GT(pauses, 5);
  EXPECT_GT(back, 100);
}

}  // namespace
}  // namespace driftcast
