#include "bench/kafka_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace driftcast::bench {
namespace {

constexpr std::chrono::milliseconds kBeat{5};  // between two looks at what is due: batches as other producers make them
constexpr std::string_view kProbe = "probe ";

// Activity like that of `generate`: of rank r proportional to (r + users / 1000)^-1.1.
std::vector<std::uint64_t> activity_of(std::uint32_t users) {
  std::vector<std::uint64_t> weights(users);
  const double head = 0.001 * users;
  const double most = std::pow(1 + head, -1.1);
  for (std::uint32_t r = 0; r < users; ++r) {
    weights[r] = 1 + static_cast<std::uint64_t>(1e6 * std::pow(r + 1 + head, -1.1) / most);
  }
  return weights;
}

EventTime wall_time() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return event_time(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

// What the feed writes is there at once: the writer's default gathers records for 20 ms.
KafkaOptions prompt(KafkaOptions options) {
  options.client.values.emplace_back("linger.ms", "1");
  options.client.values.emplace_back("fetch.wait.max.ms", "10");
  return options;
}

std::string probe_value() {
  const auto since = Clock::now().time_since_epoch();
  return fmt::format("{}{}", kProbe, std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

std::optional<Clock::time_point> written_at(const KafkaRecord& record) {
  const std::string value = record.value.value_or("");
  if (!value.starts_with(kProbe)) return std::nullopt;
  std::int64_t since = 0;
  std::from_chars(value.data() + kProbe.size(), value.data() + value.size(), since);
  return Clock::time_point{std::chrono::nanoseconds{since}};
}

}  // namespace

// --- events ---

LiveEvents::LiveEvents(std::uint32_t users)
    : catalogue_(24, 400),
      line_(catalogue_),
      activity_(activity_of(users)),
      digits_(std::max<std::size_t>(6, std::to_string(users - 1).size())) {}

// Four of five events are about one of two categories that the user always has.
void LiveEvents::next(EventTime at) {
  const std::uint32_t user = activity_.draw(random_);
  user_ = fmt::format("u{:0{}}", user, digits_);
  const bool usual = random_.chance(0.8);
  const auto category =
      usual ? static_cast<std::uint16_t>(scramble(user + random_.below(2)) % 24) : catalogue_.draw_category(random_);
  constexpr Kind kKinds[] = {Kind::kView, Kind::kView, Kind::kView, Kind::kClick, Kind::kCart, Kind::kPurchase};
  EventFields event;
  event.user = user_;
  event.item = catalogue_.draw_item(category, random_);
  event.kind = kKinds[random_.below(std::size(kKinds))];
  event.at = at;
  event.id = scramble(++count_);
  event.dwell_ms = 500 + random_.below(60'000);
  event.priced = event.kind == Kind::kPurchase;
  event.amount_cents = event.priced ? catalogue_.price_cents(event.item) : 0;
  value_.clear();
  line_.append(value_, event);
}

void write_events(const Job& job, std::int64_t events, std::uint32_t users) {
  LiveEvents source(users);
  const auto writer = need(KafkaWriter::open(job.kafka(), job.topics().input));
  for (std::int64_t i = 0; i < events; ++i) {
    source.next(wall_time());
    need(writer->write(source.user(), source.value()));
  }
  need(writer->flush());
}

void write_probes(const Job& job, int keys) {
  const auto writer = need(KafkaWriter::open(job.kafka(), job.topics().input));
  for (int key = 0; key < keys; ++key) need(writer->write(fmt::format("probe-{}", key), probe_value()));
  need(writer->flush());
}

// --- feed ---

Feed::Feed(const Job& job, const FeedOptions& options)
    : options_(options),
      source_(options.users),
      writer_(need(KafkaWriter::open(prompt(job.kafka()), job.topics().input))),
      thread_([this] { work(); }) {}

Feed::~Feed() {
  over_ = true;
  thread_.join();
}

void Feed::check() const {
  const std::lock_guard lock(mutex_);
  if (!failure_.empty()) throw Failure("the feed has failed: " + failure_);
}

void Feed::work() {
  try {
    double events = 0, probes = 0;
    auto before = Clock::now();
    while (!over_) {
      std::this_thread::sleep_for(kBeat);
      const auto now = Clock::now();
      const double passed = held_ ? 0 : seconds_between(before, now);
      before = now;
      write_until(events += passed * options_.rate, probes += passed * options_.probes);
    }
  } catch (const Failure& failure) {
    const std::lock_guard lock(mutex_);
    failure_ = failure.what();
  }
}

// Writes what is due of both.
void Feed::write_until(double events, double probes) {
  for (const EventTime now = wall_time(); static_cast<double>(events_) < events && !held_ && !over_; ++events_) {
    source_.next(now);
    need(writer_->write(source_.user(), source_.value()));
  }
  for (; static_cast<double>(probes_) < probes && !held_ && !over_; ++probes_) {
    need(writer_->write(fmt::format("probe-{}", probes_ % 1024), probe_value()));
  }
}

// --- probes ---

ProbeReader::ProbeReader(const Job& job)
    : partitions_(job.partitions()), reader_(reader_of(prompt(job.kafka()), job.topics().dlq, From::kEnd)) {}

std::optional<Probe> ProbeReader::next(std::chrono::milliseconds wait) {
  const auto record = reader_.poll(wait);
  const auto now = Clock::now();
  if (!record || !*record) return std::nullopt;  // a broker that is away will come again
  const auto written = written_at(**record);
  if (!written) return std::nullopt;
  return Probe{(*record)->partition, *written, now, (*record)->timestamp ? millis(*(*record)->timestamp) : 0};
}

std::vector<Probe> ProbeReader::all(std::chrono::milliseconds length) {
  std::vector<Probe> probes;
  for (const auto end = Clock::now() + length; Clock::now() < end;) {
    pause(std::chrono::milliseconds{0});
    if (auto probe = next(std::chrono::milliseconds{20})) probes.push_back(*probe);
  }
  return probes;
}

Probe ProbeReader::await(const std::function<bool(const Probe&)>& wanted, const Process& instance,
                         std::chrono::seconds limit) {
  const auto deadline = Clock::now() + limit;
  while (Clock::now() < deadline) {
    pause(std::chrono::milliseconds{0});
    instance.check_runs();
    const auto probe = next(std::chrono::milliseconds{20});
    if (probe && wanted(*probe)) return *probe;
  }
  throw Failure(fmt::format("no probe has come out as expected within {} s", limit.count()));
}

Probe ProbeReader::await_all(const std::function<bool(const Probe&)>& wanted, const Process& instance,
                             std::chrono::seconds limit) {
  std::set<Partition> good;
  const auto completes = [&](const Probe& probe) {
    if (wanted(probe)) good.insert(probe.partition);
    return good.size() == static_cast<std::size_t>(partitions_);
  };
  return await(completes, instance, limit);
}

}  // namespace driftcast::bench
