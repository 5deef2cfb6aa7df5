#include "bench/kafka_place.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "config/files.h"
#include "pipeline/kafka_topics.h"

namespace driftcast::bench {
namespace {

constexpr std::string_view kDirectory = "driftcast-bench-";  // then the process id of who uses it
constexpr int kAnswerMs = 30'000;
constexpr std::chrono::seconds kPartitionsLimit{120};

std::string output_of(const std::string& command) {
  std::FILE* output = ::popen(command.c_str(), "r");
  if (output == nullptr) throw Failure(command + ": cannot be run");
  std::string text;
  for (int c = 0; (c = std::fgetc(output)) != EOF || (std::ferror(output) != 0 && errno == EINTR);) {
    if (c != EOF) text.push_back(static_cast<char>(c));
    std::clearerr(output);  // a signal came; the tool goes on
  }
  if (::pclose(output) != 0) throw Failure(command + ": failed, and said why");
  return text;
}

KafkaOptions options_of(const std::string& address, const std::string& group) {
  KafkaOptions options;
  options.brokers = address;
  options.group = group;
  return options;
}

std::string next_name() {
  static int made = 0;
  return fmt::format("job{}", ++made);
}

}  // namespace

// --- broker ---

Broker::Broker() {
  const std::filesystem::path temporary = std::filesystem::temp_directory_path();
  remove_remains(temporary.string(), kDirectory);  // of those that were killed
  dir_ = (temporary / fmt::format("{}{}-XXXXXX", kDirectory, ::getpid())).string();
  if (::mkdtemp(dir_.data()) == nullptr) throw Failure("cannot make a directory such as " + dir_);
  try {
    address_ = tool(fmt::format("start --with-parent {}", ::getpid()));
    address_.pop_back();  // the end of the line
  } catch (...) {
    clean();
    throw;
  }
}

Broker::~Broker() { clean(); }

// The tool removes what is the cluster's when this process has ended, should it be killed now.
void Broker::clean() {
  try {
    kill();
  } catch (const Failure& failure) {
    progress(failure.what());
  }
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

void Broker::kill() { tool("kill"); }
void Broker::start() { tool("start --node 1"); }

std::string Broker::tool(const std::string& arguments) const {
  return output_of("python3 '" DRIFTCAST_SOURCE_DIR "/tools/kafka_broker.py' --dir '" + dir_ + "/kafka' " + arguments);
}

void Broker::create_topic(const std::string& name, int partitions) {
  const KafkaClient client = need(KafkaClient::make(KafkaClient::Role::kProducer, options_of(address_, ""), {}));
  std::array<char, 256> why{};
  const KafkaPtr<rd_kafka_NewTopic_t> wanted(
      rd_kafka_NewTopic_new(name.c_str(), partitions, -1, why.data(), why.size()));
  if (!wanted) throw Failure("cannot make topic " + name + ": " + why.data());
  const KafkaPtr<rd_kafka_queue_s> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_NewTopic_t* topic = wanted.get();
  rd_kafka_CreateTopics(client.get(), &topic, 1, nullptr, queue.get());
  const KafkaPtr<rd_kafka_op_s> answer(rd_kafka_queue_poll(queue.get(), kAnswerMs));
  if (!answer || rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw Failure("cannot make topic " + name);
  }
  while (!need(client.find_topic(name))) pause(std::chrono::milliseconds{10});
}

// --- job ---

Job::Job(Broker& broker, const Common& common, const std::string& input, std::vector<std::string> settings)
    : common_(common),
      name_(next_name()),
      kafka_(options_of(broker.address(), name_ + "-group")),
      topics_{input,          name_ + "-forecasts", "", name_ + "-sessions", name_ + "-late",
              name_ + "-dlq", name_ + "-changelog"},
      state_(broker.path(name_ + "-state")),
      settings_(std::move(settings)),
      reader_(need(KafkaReader::open(kafka_))) {
  if (!need(reader_.client().find_topic(input))) broker.create_topic(input, common.partitions);
  need(create_topics(kafka_, topics_));
}

std::unique_ptr<Process> Job::start(bool to_end, const std::string& name) const {
  std::vector<std::string> command = {common_.binary, "run"};
  if (to_end) command.insert(command.end(), {"--until", "end"});
  std::vector<std::string> sets = {"kafka.brokers=" + kafka_.brokers,     "kafka.group=" + kafka_.group,
                                   "topics.input=" + topics_.input,       "topics.forecasts=" + topics_.forecasts,
                                   "topics.sessions=" + topics_.sessions, "topics.late=" + topics_.late,
                                   "topics.dlq=" + topics_.dlq,           "topics.changelog=" + topics_.changelog,
                                   "state.dir=" + state_ + name};
  if (!name.empty()) sets.push_back("kafka.instance=" + name);
  sets.insert(sets.end(), settings_.begin(), settings_.end());
  sets.insert(sets.end(), common_.sets.begin(), common_.sets.end());
  for (const std::string& set : sets) command.insert(command.end(), {"--set", set});
  return std::make_unique<Process>(command);
}

Job::Ends Job::ends_of_input() const {
  Ends ends;
  for (Partition p = 0; p < common_.partitions; ++p) ends[p] = need(reader_.client().range_of(topics_.input, p)).end;
  return ends;
}

std::int64_t Job::records_of_input() const {
  std::int64_t records = 0;  // written outside of transactions, so that each offset is a record
  for (Partition p = 0; p < common_.partitions; ++p) {
    const OffsetRange range = need(reader_.client().range_of(topics_.input, p));
    records += range.end - range.begin;
  }
  return records;
}

std::map<Partition, Offset> Job::committed() const {
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(rd_kafka_topic_partition_list_new(common_.partitions));
  for (Partition p = 0; p < common_.partitions; ++p) {
    rd_kafka_topic_partition_list_add(list.get(), topics_.input.c_str(), p);
  }
  std::map<Partition, Offset> found;
  if (rd_kafka_committed(reader_.client().get(), list.get(), kAnswerMs) != RD_KAFKA_RESP_ERR_NO_ERROR) return found;
  for (int i = 0; i < list->cnt; ++i) {
    if (list->elems[i].offset >= 0) found[list->elems[i].partition] = list->elems[i].offset;
  }
  return found;
}

std::int64_t Job::lag() const {
  const Ends ends = ends_of_input();
  const auto reached = committed();
  std::int64_t lag = 0;
  for (const auto& [partition, end] : ends) {
    const auto found = reached.find(partition);
    lag += end - (found == reached.end() ? 0 : std::min(found->second, end));
  }
  return lag;
}

bool Job::has_committed(const Ends& ends) const {
  const auto reached = committed();
  for (const auto& [partition, end] : ends) {
    const auto found = reached.find(partition);
    if (end > 0 && (found == reached.end() || found->second < end)) return false;
  }
  return true;
}

// --- topics ---

void generate(const Broker& broker, const Common& common, const std::string& topic,
              const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {
      common.binary,          "generate", "--topic", "--set", "kafka.brokers=" + broker.address(), "--set",
      "topics.input=" + topic};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Process(command).wait_well();
}

KafkaReader reader_of(const KafkaOptions& options, const std::string& topic, From from) {
  KafkaReader reader = need(KafkaReader::open(options));
  std::vector<KafkaReader::Stretch> stretches;
  const int partitions = need(reader.client().partitions_of(topic));
  for (Partition p = 0; p < partitions; ++p) {
    OffsetRange range = need(reader.client().range_of(topic, p));
    if (from == From::kEnd) range.begin = range.end;
    stretches.push_back({topic, p, range});
  }
  need(reader.assign(stretches));
  return reader;
}

Clock::time_point await_partitions(const Process& instance) {
  instance.await("partitions are assigned", kPartitionsLimit);
  return Clock::now();
}

}  // namespace driftcast::bench
