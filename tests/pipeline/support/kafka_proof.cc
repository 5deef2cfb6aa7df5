#include "tests/pipeline/support/kafka_proof.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "pipeline/file_source.h"
#include "tests/pipeline/support/kafka_job.h"
#include "tests/pipeline/support/lines_of.h"

namespace driftcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* kOutputTopics[] = {"forecasts", "drift", "sessions", "late", "dlq"};
constexpr const char* kStates = "states";
constexpr milliseconds kPiece{40};  // between two writes to the input

// The text of a field, or nothing: also where the line is no JSON.
std::string field_of(const std::string& line, const std::string& field) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains(field) || !json[field].is_string()) return "";
  return json[field].get<std::string>();
}

bool is_letter(const std::string& topic) { return topic == "late" || topic == "dlq"; }

std::string run_well(const std::vector<std::string>& arguments) {
  const Ended ended = run_child(arguments);
  if (ended.code != 0) throw std::runtime_error(arguments[0] + " failed: " + ended.talk);
  return ended.talk;
}

std::vector<std::string> with_sets(std::vector<std::string> arguments, const std::vector<std::string>& settings) {
  for (const std::string& set : settings) arguments.insert(arguments.end(), {"--set", set});
  return arguments;
}

// Lines of what describe says, but for its heading.
std::vector<std::string> states_in(const std::string& dir) {
  std::istringstream text(run_well({"describe", "--state", "--set", "state.dir=" + dir}));
  std::vector<std::string> lines;
  std::string line;
  std::getline(text, line);
  while (std::getline(text, line)) lines.push_back(line);
  return lines;
}

void sort_all(Observed& observed) {
  for (auto& [topic, records] : observed) std::ranges::sort(records);
}

}  // namespace

std::string difference(const Observed& expected, const Observed& actual) {
  for (const auto& [topic, records] : expected) {
    const std::vector<std::string>& others = actual.at(topic);
    std::vector<std::string> lacking, surplus;
    std::ranges::set_difference(records, others, std::back_inserter(lacking));
    std::ranges::set_difference(others, records, std::back_inserter(surplus));
    if (lacking.empty() && surplus.empty()) continue;
    std::string text = topic + ": " + std::to_string(lacking.size()) + " of " + std::to_string(records.size()) +
                       " lacking, " + std::to_string(surplus.size()) + " too many";
    if (!lacking.empty()) text += "\n  lacking, for instance:  " + lacking[0].substr(0, 600);
    if (!surplus.empty()) text += "\n  too many, for instance: " + surplus[0].substr(0, 600);
    return text;
  }
  return "";
}

// --- evidence ---

// What the source of files makes of the lines: the same keys, in the same partitions. In turns, so that time passes in all
// partitions alike.
std::vector<NewRecord> Evidence::read(const std::string& path) {
  PipelineOptions options;
  options.source = {path, kPartitions, 20, false};
  const auto source = FileSource::open(options);
  if (!source) throw std::runtime_error(source.error().message);
  std::vector<NewRecord> records;
  for (std::size_t before = records.size();; before = records.size()) {
    for (Partition p = 0; p < kPartitions; ++p) {
      Slice slice;
      if (!(*source)->poll(p, 20, slice)) throw std::runtime_error("cannot read " + path);
      for (const Record& record : slice.records) {
        NewRecord& made = records.emplace_back();
        made.partition = p;
        if (!record.key.empty()) made.key = std::string(record.key);
        if (record.value) made.value = std::string(*record.value);
      }
    }
    if (records.size() == before) return records;
  }
}

Evidence::Evidence(const std::string& path) {
  std::ofstream(path, std::ios::app) << R"({"type":"advance","close":true})" << '\n';  // closes every partition
  records_ = read(path);
  const ScratchDir dir;
  std::vector<std::string> settings = {"source.path=" + path, "source.partitions=" + std::to_string(kPartitions),
                                       "sink.dir=" + dir.path("out"), "state.dir=" + dir.path("state")};
  for (const std::string topic : kOutputTopics) settings.push_back("topics." + topic + "=" + topic);
  run_well(with_sets({"run", "--no-close"}, settings));
  for (const std::string topic : kOutputTopics) {
    std::vector<std::string>& records = in_files_[topic];
    for (const std::string& line : lines_of(dir.path("out/" + topic + ".jsonl"))) {
      records.push_back(is_letter(topic) ? line : field_of(line, "user") + " " + line);
    }
  }
  in_files_[kStates] = states_in(dir.path("state"));
  sort_all(in_files_);
}

Evidence Evidence::generated(int events, int users, int days, std::uint64_t seed) {
  const ScratchDir dir;
  const std::string path = dir.path("events.jsonl");
  run_well({"generate", "--events", std::to_string(events), "--users", std::to_string(users), "--days",
            std::to_string(days), "--late", "0.02", "--duplicates", "0.02", "--broken", "0.01", "--seed",
            std::to_string(seed), "--out", path});
  return Evidence(path);
}

Evidence Evidence::recorded(const std::string& path) {
  const ScratchDir dir;
  const std::string plain = dir.path("events.jsonl");
  if (std::system(("zcat -f '" + path + "' > '" + plain + "'").c_str()) != 0) {
    throw std::runtime_error("cannot read " + path);
  }
  return Evidence(plain);
}

// --- scene ---

Scene::Scene(const Evidence& evidence, Settings settings)
    : evidence_(evidence), settings_(std::move(settings)), broker_(KafkaBroker::shared()) {
  static int made = 0;
  prefix_ = "proof" + std::to_string(++made) + "-";
  broker_.create_topic(prefix_ + "input", Evidence::kPartitions);
}

Scene::~Scene() {
  if (feeder_.joinable()) feeder_.join();
}

void Scene::write(std::size_t from, std::size_t to) {
  const auto begin = evidence_.records().begin();
  broker_.produce(prefix_ + "input",
                  {begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to)});
}

void Scene::feed(milliseconds duration) {
  feeding_ = true;
  feeder_ = std::thread([this, duration] {
    const auto began = steady_clock::now();
    const std::size_t count = evidence_.records().size();
    for (std::size_t written = 0; written < count;) {
      const auto passed = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
      const bool over = passed >= duration;
      const std::size_t due =
          over ? count : count * static_cast<std::size_t>(passed.count()) / static_cast<std::size_t>(duration.count());
      if (due > written) write(written, due);
      written = due;
      if (!over) std::this_thread::sleep_for(kPiece);
    }
    feeding_ = false;
  });
}

void Scene::feed_share(double from, double to) {
  const auto count = static_cast<double>(evidence_.records().size());
  write(static_cast<std::size_t>(from * count), static_cast<std::size_t>(to * count));
}

void Scene::await_feed() {
  if (feeder_.joinable()) feeder_.join();
}

std::vector<std::string> Scene::arguments_of(const std::string& name) const {
  std::vector<std::string> settings = {"kafka.brokers=" + broker_.brokers(),
                                       "kafka.group=" + prefix_ + "group",
                                       "kafka.instance=" + name,
                                       "topics.input=" + prefix_ + "input",
                                       "topics.changelog=" + prefix_ + "changelog",
                                       "state.dir=" + state_of(name),
                                       "changelog.interval=300ms",
                                       "kafka.client.session.timeout.ms=2000",
                                       "kafka.client.heartbeat.interval.ms=300",
                                       "kafka.client.transaction.timeout.ms=2000"};
  for (const std::string topic : kOutputTopics) settings.push_back("topics." + topic + "=" + prefix_ + topic);
  settings.insert(settings.end(), settings_.begin(), settings_.end());
  return with_sets({"run", "--create-topics"}, settings);
}

void Scene::start(const std::string& name, const std::string& kill_at, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = arguments_of(name);
  arguments.insert(arguments.end(), more.begin(), more.end());
  instances_[name] = std::make_unique<Child>(arguments, kill_at);
  names_.insert(name);
}

bool Scene::runs(const std::string& name) {
  const auto found = instances_.find(name);
  if (found == instances_.end()) return false;
  if (found->second->runs()) return true;
  wait(name);
  return false;
}

void Scene::send(const std::string& name, int signal) { instances_.at(name)->send(signal); }

void Scene::check(const std::string& name, const Ended& ended) {
  constexpr int kFenced = 75;
  const bool as_it_may = ended.signal == SIGKILL || ended.code == 0 || ended.code == kFenced;
  EXPECT_TRUE(as_it_may) << name << " ended with " << ended.code << ", signal " << ended.signal << ": " << ended.talk;
  killed_ += ended.signal == SIGKILL ? 1 : 0;
}

Ended Scene::wait(const std::string& name) {
  const Ended ended = instances_.at(name)->wait();
  instances_.erase(name);
  check(name, ended);
  return ended;
}

void Scene::kill(const std::string& name) {
  if (!instances_.contains(name)) return;
  send(name, SIGKILL);
  wait(name);
}

void Scene::stop(const std::string& name) {
  if (!instances_.contains(name)) return;
  send(name, SIGTERM);
  const Ended ended = wait(name);
  EXPECT_TRUE(ended.code == 0 || ended.signal == SIGKILL) << name << " ended with " << ended.code << ended.talk;
}

void Scene::forget_state(const std::string& name) { std::filesystem::remove_all(state_of(name)); }

// Of each partition as the instance has left it that came furthest: the last one has nothing to do with those that others
// had finished.
std::vector<std::string> Scene::newest_states() const {
  std::map<int, std::pair<long long, std::string>> newest;
  for (const std::string& name : names_) {
    if (!std::filesystem::exists(state_of(name))) continue;
    for (const std::string& line : states_in(state_of(name))) {
      int partition = 0;
      long long position = 0;
      std::istringstream(line) >> partition >> position;
      auto& known = newest[partition];
      if (known.second.empty() || position > known.first) known = {position, line};
    }
  }
  std::vector<std::string> lines;
  for (const auto& [partition, state] : newest) lines.push_back(state.second);
  return lines;
}

Observed Scene::settle() {
  await_feed();
  std::vector<std::string> left;
  for (const auto& [name, instance] : instances_) left.push_back(name);
  for (const std::string& name : left) stop(name);
  start("last", "", {"--until", "end"});
  const Ended ended = wait("last");
  EXPECT_EQ(ended.code, 0) << ended.talk;
  Observed observed;
  for (const std::string topic : kOutputTopics) {
    std::vector<std::string>& records = observed[topic];
    for (const StoredRecord& record : broker_.read_all(prefix_ + topic, Isolation::kReadCommitted)) {
      records.push_back(is_letter(topic) ? envelope_of(record)
                                         : record.key.value_or("(null)") + " " + record.value.value_or("(null)"));
    }
  }
  observed[kStates] = newest_states();
  sort_all(observed);
  return observed;
}

}  // namespace driftcast
