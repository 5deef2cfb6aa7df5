#include "tests/pipeline/support/world.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "models/cpu_network.h"
#include "pipeline/graph_runner.h"
#include "pipeline/instance.h"
#include "state/memory_store.h"
#include "tests/support/hex.h"
#include "tests/support/network_users.h"

namespace driftcast {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr int kUsers = 12;
constexpr int kCategories = 9;
constexpr std::uint64_t kLineage = 11;
constexpr EventTime kFirstDay = event_time(1'704'067'200'000);  // 2024-01-01

// Writes the records; keeps what has been so far, to repeat it.
class Author {
 public:
  Author(std::uint64_t seed, int records, int partitions) : random_(seed), records_(records), partitions_(partitions) {}

  std::vector<InputRecord> write() {
    while (written_ < records_) {
      ++written_;
      pass_time();
      write_one();
    }
    write_to_all(R"({"type":"advance","close":true})");
    return std::move(input_);
  }

 private:
  void pass_time() {
    now_ += Duration{random_.below(150'000)};
    if (random_.chance(0.004)) now_ += hours{random_.between(1, 9)};
  }

  void write_one() {
    const double kind = random_.unit();
    if (kind < 0.03) return write_rubbish();
    if (kind < 0.06 && !events_.empty()) return repeat();
    if (kind < 0.063) return write_to_all(R"({"type":"advance","timestamp":)" + time_text(now_) + "}");
    if (kind < 0.066) return write_to_all(R"({"type":"advance","close":true})");
    if (kind < 0.07) return input_.push_back({user(), std::nullopt, std::nullopt, std::nullopt});
    write_event();
  }

  void write_event() {
    const std::string who = user();
    const EventTime at = event_time_near_now();
    std::string value = R"({"user_id":")" + who + R"(","item_id":"i","event_type":")" + kind() + R"(","category":")" +
                        category(who) + R"(","timestamp":)" + time_text(at);
    if (random_.chance(0.5)) value += R"(,"event_id":"e)" + std::to_string(written_) + '"';
    if (random_.chance(0.3)) value += R"(,"dwell_ms":)" + std::to_string(random_.below(90'000));
    if (random_.chance(0.2)) value += R"(,"amount":)" + std::to_string(random_.between(-500, 2000)) + ".25";
    InputRecord record{who, value + "}", std::nullopt, std::nullopt};
    if (random_.chance(0.3)) record.timestamp = at + Duration{random_.below(60'000)};
    if (random_.chance(0.01)) record.timestamp = at - minutes{10};  // the event comes from the future
    if (random_.chance(0.05)) record.key.clear();
    events_.push_back(record);
    input_.push_back(std::move(record));
  }

  // Mostly now; often exactly the time of the event before; sometimes somewhat, sometimes much too late.
  EventTime event_time_near_now() {
    const double how = random_.unit();
    if (how < 0.1) return last_;
    if (how < 0.25) return now_ - Duration{random_.below(15 * 60'000)};
    if (how < 0.28) return now_ - Duration{random_.below(3 * 3600'000)};
    return last_ = now_;
  }

  void repeat() {
    const std::size_t recent = std::min<std::size_t>(events_.size(), 30);
    input_.push_back(events_[events_.size() - 1 - random_.below(static_cast<std::uint32_t>(recent))]);
  }

  void write_rubbish() {
    static const std::array<std::string, 6> kRubbish = {
        "",
        "not json",
        "[1,2]",
        R"({"user_id":"u1","item_id":"i"})",
        R"({"user_id":"u1","user_id":"u2"})",
        R"({"user_id":"u2","item_id":"i","event_type":"view","category":"c1","timestamp":"yesterday"})"};
    input_.push_back({user(), kRubbish[random_.below(kRubbish.size())], std::nullopt, std::nullopt});
  }

  void write_to_all(const std::string& value) {
    for (Partition p = 0; p < partitions_; ++p) input_.push_back({"", value, std::nullopt, p});
  }

  // A few users do most of it. In the second half another one becomes the busiest.
  std::string user() {
    const double place = random_.unit();
    const auto rank = static_cast<int>(place * place * kUsers);
    return "u" + std::to_string(late_half() ? (rank + 5) % kUsers : rank);
  }

  // Everybody has three favourites; in the second half they are others.
  std::string category(const std::string& who) {
    const int favourite = who.back() - '0' + (late_half() ? 4 : 0) + random_.between(0, 2);
    return "c" + std::to_string(random_.chance(0.15) ? random_.between(0, kCategories - 1) : favourite % kCategories);
  }

  std::string kind() {
    static const std::array<std::string, 7> kKinds = {"view", "view", "click", "cart", "purchase", "return", "wave"};
    return kKinds[random_.below(kKinds.size())];
  }

  bool late_half() const { return written_ > records_ / 2; }
  static std::string time_text(EventTime at) { return std::to_string(millis(at)); }

  Random random_;
  const int records_, partitions_;
  int written_ = 0;
  EventTime now_ = kFirstDay;
  EventTime last_ = now_;
  std::vector<InputRecord> input_, events_;
};

Result<std::unique_ptr<Assembly>> assemble(const Settings& settings, Log& log, Store& store, const Clock& clock,
                                           const ModelSet& models, Observer* observer = nullptr) {
  return Assembly::open(settings, models, log, store, clock, kLineage, {.observer = observer});
}

std::string text_of(const Mark& mark) {
  std::string text = "position " + std::to_string(mark.position.next_offset) + "." +
                     std::to_string(mark.position.ordinal) + " watermark " + std::to_string(millis(mark.watermark)) +
                     " newest " + std::to_string(millis(mark.newest)) + " counters";
  for (const std::int64_t counter : mark.counters) text += " " + std::to_string(counter);
  return text;
}

void add_states(Store& store, Partition partition, std::vector<std::string>& lines) {
  const std::string prefix = "partition " + std::to_string(partition) + " ";
  for (const TableId table : {TableId::kUsers, TableId::kWindows, TableId::kLedger, TableId::kPopulation}) {
    const auto scanned = store.scan(partition, table, [&](std::string_view key, std::string_view value) {
      lines.push_back(prefix + std::string(name(table)) + " " + std::string(key) + " " + hex(value));
      return Result<void>();
    });
    DRIFTCAST_CHECK(scanned.has_value());
  }
  const auto mark = store.mark(partition);
  DRIFTCAST_CHECK(mark.has_value());
  lines.push_back(prefix + (*mark ? text_of(**mark) : "has no mark"));
}

}  // namespace

Settings small_settings() {
  Settings settings;
  OperatorOptions& operators = settings.operators;
  operators.session = {minutes{5}, minutes{30}};
  operators.time.step = {hours{1}, minutes{10}};
  operators.time.lateness = minutes{20};
  operators.time.max_skew = minutes{5};
  operators.time.dormant_after = 4;
  operators.categories = {5, 3};
  operators.drift = {8, 0.5, 6};
  operators.horizons = {2, 5, 12};
  PipelineOptions& pipeline = settings.pipeline;
  pipeline.threads = 1;
  pipeline.explain = true;
  pipeline.epoch = {hours{1000}, 1LL << 40};
  pipeline.changelog = {hours{1000}, 1LL << 40};
  settings.state.cache_bytes = 1LL << 40;
  return settings;
}

Settings many_epochs() {
  Settings settings = small_settings();
  settings.pipeline.source.slice = 3;
  settings.pipeline.epoch = {Duration{5}, 4000};
  settings.pipeline.changelog.interval = Duration{100};
  return settings;
}

Settings epoch_for_everything() {
  Settings settings = small_settings();
  settings.pipeline.source.slice = 1;
  settings.pipeline.epoch = {Duration{0}, 1};
  settings.pipeline.changelog.interval = Duration{0};
  return settings;
}

Settings with_random_dials(Settings settings, Random& random) {
  OperatorOptions& operators = settings.operators;
  operators.session.gap = std::array{Duration{1}, Duration{minutes{5}}, Duration{hours{3}}}[random.below(3)];
  operators.session.max = operators.session.gap * random.between(1, 4);
  operators.time.step.width = std::array{minutes{1}, minutes{20}, minutes{1440}}[random.below(3)];
  operators.time.step.offset = std::array{Duration{-30'001}, Duration{0}, Duration{29'000}}[random.below(3)];
  operators.time.lateness = std::array{Duration{0}, Duration{minutes{20}}, Duration{hours{30}}}[random.below(3)];
  operators.time.dormant_after = std::array{1, 2, 14}[random.below(3)];
  operators.categories.max = random.between(1, 8);
  operators.categories.top = random.between(1, operators.categories.max);
  operators.drift.min_events = random.between(0, 8);
  operators.horizons = std::array{std::vector{1}, std::vector{1, 2, 3, 40}, std::vector{30, 365}}[random.below(3)];
  settings.pipeline.emit.drift = random.chance(0.8);
  settings.pipeline.emit.sessions = random.chance(0.8);
  settings.pipeline.emit.forecasts = random.chance(0.8);
  settings.operators.models = settings.pipeline.emit.forecasts || settings.pipeline.emit.drift;
  return settings;
}

Settings with_random_cuts(Settings settings, Random& random) {
  PipelineOptions& pipeline = settings.pipeline;
  pipeline.source.slice = std::array{1, 2, 7, 50, 10'000}[random.below(5)];
  pipeline.epoch.interval = Duration{std::array{0, 5, 50, 1'000'000}[random.below(4)]};
  pipeline.epoch.bytes = std::array{1, 2'000, 20'000, 1 << 30}[random.below(4)];
  pipeline.changelog.interval = Duration{std::array{0, 20, 200, 1'000'000}[random.below(4)]};
  pipeline.changelog.bytes = std::array{1, 10'000, 1 << 30, 1 << 30}[random.below(4)];
  settings.state.cache_bytes = std::array{1, 30'000, 100'000, 1 << 30}[random.below(4)];
  return settings;
}

ModelSet models_with_network(const Settings& settings, std::uint64_t seed) {
  const std::vector<int>& horizons = settings.operators.horizons;
  const NetworkWeights weights = some_network(16, 2, horizons, seed);
  ModelSet models = models_with(std::move(cpu_network(weights, horizons)).value(), weights);
  models.id = "network-" + std::to_string(seed);
  seal(models);
  return models;
}

std::vector<InputRecord> make_input(std::uint64_t seed, int records, int partitions) {
  return Author(seed, records, partitions).write();
}

std::vector<InputRecord> make_crowd(int users, int hours) {
  std::vector<InputRecord> input;
  const auto add = [&](const std::string& user, int minute) {
    const EventTime at = kFirstDay + minutes{minute};
    input.push_back({user,
                     R"({"user_id":")" + user + R"(","item_id":"i","event_type":"view","category":"c","timestamp":)" +
                         std::to_string(millis(at)) + "}",
                     std::nullopt, Partition{0}});
  };
  for (int user = 0; user < users; ++user) add("u" + std::to_string(1000 + user), 20);
  for (int hour = 1; hour <= hours; ++hour) add("late", 60 * hour + 40);
  return input;
}

void append(MemoryLog& log, std::span<const InputRecord> input) {
  for (const InputRecord& record : input) {
    const std::optional<std::string_view> value = record.value;
    if (record.partition) {
      log.append_to(*record.partition, record.key, value, record.timestamp);
    } else {
      log.append(record.key, value, record.timestamp);
    }
  }
}

Result<Counters> run_to_end(const Settings& settings, Log& log, Store& store, const ModelSet& models,
                            Observer* observer) {
  const TickingClock clock;
  auto assembly = assemble(settings, log, store, clock, models, observer);
  if (!assembly) return assembly.error();
  if (settings.pipeline.threads == 1) {
    DRIFTCAST_TRY(Instance(**assembly).run());
  } else {
    const std::atomic<bool> never{false};
    DRIFTCAST_TRY(run_graph(**assembly, never, [] {}));
  }
  return (*assembly)->counters();
}

Result<bool> run_steps(const Settings& settings, Log& log, Store& store, std::int64_t steps, const ModelSet& models) {
  const TickingClock clock;
  auto assembly = assemble(settings, log, store, clock, models);
  if (!assembly) return assembly.error();
  Instance instance(**assembly);
  for (std::int64_t i = 0; i < steps; ++i) {
    auto more = instance.step();
    if (!more) return more.error();
    if (!*more) return true;
  }
  return false;
}

Result<void> run_and_stop(const Settings& settings, Log& log, Store& store, std::int64_t steps,
                          const ModelSet& models) {
  const TickingClock clock;
  auto assembly = assemble(settings, log, store, clock, models);
  if (!assembly) return assembly.error();
  Instance instance(**assembly);
  for (std::int64_t i = 0; i < steps; ++i) {
    auto more = instance.step();
    if (!more) return more.error();
    if (!*more) return {};
  }
  instance.stop();
  return instance.run();
}

Outcome outcome_of(const MemoryLog& log, Store& store) {
  Outcome outcome;
  for (Partition p = 0; p < log.partitions(); ++p) {
    for (const std::string& line : log.outputs(p))
      outcome.lines.push_back("partition " + std::to_string(p) + " " + line);
    add_states(store, p, outcome.lines);
  }
  return outcome;
}

Outcome states_of(Store& store, int partitions) {
  Outcome outcome;
  for (Partition p = 0; p < partitions; ++p) add_states(store, p, outcome.lines);
  return outcome;
}

std::string difference(const Outcome& expected, const Outcome& actual) {
  const auto [e, a] =
      std::mismatch(expected.lines.begin(), expected.lines.end(), actual.lines.begin(), actual.lines.end());
  if (e == expected.lines.end() && a == actual.lines.end()) return "";
  const std::string wanted = e == expected.lines.end() ? "nothing more" : *e;
  const std::string found = a == actual.lines.end() ? "nothing more" : *a;
  const auto same = std::mismatch(wanted.begin(), wanted.end(), found.begin(), found.end()).first - wanted.begin();
  const std::size_t from = static_cast<std::size_t>(std::max<std::ptrdiff_t>(same - 40, 0));
  return "line " + std::to_string(e - expected.lines.begin()) + ", " + wanted.substr(0, 40) + ", from character " +
         std::to_string(from) + ":\n  expected " + wanted.substr(from, 200) + "\n  but got  " +
         found.substr(std::min(from, found.size()), 200);
}

Outcome outcome_of_one_run(std::span<const InputRecord> input, int partitions, const Settings& settings,
                           const ModelSet& models) {
  MemoryLog log(partitions);
  MemoryStore store;
  append(log, input);
  const auto counters = run_to_end(settings, log, store, models);
  DRIFTCAST_CHECK(counters.has_value());
  return outcome_of(log, store);
}

}  // namespace driftcast
