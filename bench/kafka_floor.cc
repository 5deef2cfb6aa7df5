// Scenario `floor`: what reading and parsing alone cost, beside the whole job.
//
// All of it in this process, whose CPU time holds the client's threads, too; nothing else runs in it meanwhile.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <memory>

#include "bench/kafka_report.h"
#include "bench/kafka_scenarios.h"
#include "config/settings.h"
#include "pipeline/decode.h"
#include "pipeline/kafka_source.h"

namespace driftcast::bench {
namespace {

constexpr std::size_t kSlice = 1000;

// As the job's own consumer, but for the group.
KafkaClient consumer(const KafkaOptions& options) {
  KafkaClient::Properties properties = {{"group.id", options.group},
                                        {"enable.auto.commit", "false"},
                                        {"enable.partition.eof", "true"},
                                        {"isolation.level", "read_committed"}};
  std::ranges::copy(KafkaSource::fetching(), std::back_inserter(properties));
  return need(KafkaClient::make(KafkaClient::Role::kConsumer, options, properties));
}

// The client alone: every record is fetched, handed out in batches, and let go.
std::int64_t consume(const Job& job) {
  const KafkaClient client = consumer(job.kafka());
  const Job::Ends ends = job.ends_of_input();
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(rd_kafka_topic_partition_list_new(1));
  for (const auto& [partition, end] : ends) {
    rd_kafka_topic_partition_list_add(list.get(), job.topics().input.c_str(), partition)->offset = 0;
  }
  need(checked(rd_kafka_assign(client.get(), list.get()), "read the input"));
  const KafkaPtr<rd_kafka_queue_s> queue(rd_kafka_queue_get_consumer(client.get()));
  std::array<rd_kafka_message_t*, kSlice> messages{};
  std::int64_t records = 0;
  for (std::size_t ended = 0; ended < ends.size();) {
    pause(std::chrono::milliseconds{0});
    const ssize_t count = rd_kafka_consume_batch_queue(queue.get(), 100, messages.data(), messages.size());
    for (ssize_t i = 0; i < count; ++i) {
      const KafkaPtr<rd_kafka_message_s> message(messages[static_cast<std::size_t>(i)]);
      ended += message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ? 1 : 0;
      records += message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? 1 : 0;
    }
  }
  return records;
}

// As the job reads: from a queue per partition, the records copied into slices; and parsed or not.
std::int64_t read_slices(const Job& job, bool parse) {
  const KafkaClient client = consumer(job.kafka());
  const Job::Ends ends = job.ends_of_input();
  std::vector<Partition> partitions;
  for (const auto& [partition, end] : ends) partitions.push_back(partition);
  const auto source = need(KafkaSource::open(client, job.topics().input, partitions, {}, ends));
  for (const Partition partition : partitions) source->seek(partition, source->start_offset(partition));
  const Settings settings;
  Decoder decoder(settings.pipeline, settings.operators);
  std::int64_t records = 0;
  for (bool more = true; more;) {
    pause(std::chrono::milliseconds{0});
    more = false;
    for (const Partition partition : partitions) {
      DecodedSlice slice;
      need(source->poll(partition, kSlice, slice.slice));
      if (parse) decoder.decode(slice);
      records += static_cast<std::int64_t>(slice.slice.records.size());
      more = more || !source->exhausted(partition);
    }
  }
  return records;
}

double cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct Cost {
  std::vector<double> cpu_us, rate;

  void add(std::int64_t expected, const std::function<std::int64_t()>& read) {
    const double cpu = cpu_s();
    const auto began = Clock::now();
    const std::int64_t records = read();
    if (records != expected) throw Failure(fmt::format("{} of {} records were read", records, expected));
    cpu_us.push_back(1e6 * (cpu_s() - cpu) / static_cast<double>(records));
    rate.push_back(static_cast<double>(records) / seconds_since(began));
  }
};

struct FloorOptions {
  std::int64_t events = 1'000'000;
  int runs = 3;
};

void floor(const Common& common, const FloorOptions& options) {
  Broker broker;
  broker.create_topic("events", common.partitions);
  progress("generating events");
  generate(broker, common, "events", {"--events", std::to_string(options.events), "--days", "30", "--seed", "42"});
  Cost alone, sliced, parsed, whole;
  for (int run = 1; run <= options.runs; ++run) {
    progress(fmt::format("run {} of {}", run, options.runs));
    const Job job(broker, common, "events");
    const std::int64_t records = job.records_of_input();
    alone.add(records, [&] { return consume(job); });
    sliced.add(records, [&] { return read_slices(job, false); });
    parsed.add(records, [&] { return read_slices(job, true); });
    const Pass made = pass(job);
    whole.cpu_us.push_back(1e6 * made.ended.cpu_s / static_cast<double>(records));
    whole.rate.push_back(static_cast<double>(records) / made.work_s);
  }
  Report report(fmt::format("floor: {} events of 100000 users, 30 days, seed 42, {} partitions, {} run(s)",
                            options.events, common.partitions, options.runs));
  const std::pair<const char*, const Cost*> rows[] = {{"the client alone", &alone},
                                                      {"the job's source, records copied", &sliced},
                                                      {"the job's source, records parsed", &parsed},
                                                      {"the whole job", &whole}};
  for (const auto& [what, cost] : rows) {
    report.row(fmt::format("CPU us/event, {}", what), cost->cpu_us, 2);
    report.row(fmt::format("events/s, {}", what), cost->rate);
  }
}

}  // namespace

void add_floor(CLI::App& app, Common& common) {
  auto* command = add_scenario(app, common, "floor", "what reading and parsing alone cost, beside the whole job");
  auto options = std::make_shared<FloorOptions>();
  command->add_option("--events", options->events, "Events in the topic")->capture_default_str();
  command->add_option("--runs", options->runs, "Runs of each")->check(CLI::Range(1, 100))->capture_default_str();
  command->callback([&common, options] { floor(common, *options); });
}

}  // namespace driftcast::bench
