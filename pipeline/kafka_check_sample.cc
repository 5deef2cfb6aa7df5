#include "pipeline/kafka_check_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/hash.h"
#include "pipeline/decode.h"
#include "pipeline/terminal.h"

namespace driftcast {
namespace {

constexpr std::size_t kNamedReasons = 3;
constexpr Duration kWait{500};
constexpr std::chrono::seconds kPatience{15};  // without any record

using Stretches = std::vector<KafkaReader::Stretch>;

Result<Stretches> all_of(const KafkaReader& reader, const std::string& topic, int partitions) {
  Stretches stretches;
  for (Partition partition = 0; partition < partitions; ++partition) {
    const auto range = reader.client().range_of(topic, partition);
    if (!range) return range.error();
    stretches.push_back({topic, partition, *range});
  }
  return stretches;
}

std::int64_t size_of(const KafkaReader::Stretch& stretch) { return stretch.range.end - stretch.range.begin; }

// Keeps the ends of the stretches; what a short one leaves goes to the longer ones.
void keep_newest(Stretches& stretches, std::int64_t most) {
  std::sort(stretches.begin(), stretches.end(), [](const auto& a, const auto& b) { return size_of(a) < size_of(b); });
  auto others = static_cast<std::int64_t>(stretches.size());
  for (KafkaReader::Stretch& stretch : stretches) {
    const std::int64_t kept = std::min(size_of(stretch), (most + others - 1) / others);
    stretch.range.begin = stretch.range.end - kept;
    most -= kept;
    --others;
  }
}

class Sampler {
 public:
  Sampler(const Settings& settings, int partitions)
      : decoder_(settings.pipeline, settings.operators), partitions_(partitions) {}

  void add(const KafkaRecord& record) {
    ++sample_.records;
    const std::string key = record.key.value_or("");
    const std::string value = record.value.value_or("") + std::string(kPadding, '\0');
    Record bare{"", std::nullopt, record.timestamp, record.offset};  // the key is looked at below
    if (record.value) bare.value = std::string_view(value).substr(0, record.value->size());
    if (!record.value) bare.key = key;
    Arena arena;
    const Decoded decoded = decoder_.decode(bare, arena);
    if (const auto* rejected = std::get_if<Rejected>(&decoded)) return add(*rejected);
    ++sample_.decoded;
    if (const auto* event = std::get_if<Event>(&decoded)) add_user(record, key, event->user);
    if (const auto* erase = std::get_if<Erase>(&decoded)) add_user(record, key, erase->user);
  }

  const InputSample& sample() const { return sample_; }

 private:
  void add(const Rejected& rejected) {
    std::string why(name(rejected.reason));
    if (!rejected.field.empty()) why.append(" ").append(rejected.field);
    ++sample_.rejected[why];
  }

  void add_user(const KafkaRecord& record, const std::string& key, std::string_view user) {
    ++sample_.users;
    const Partition own = partition_of(user, partitions_);
    const std::string where = fmt::format("partition {} offset {}", record.partition, record.offset);
    if (!key.empty() && key != user) {
      ++sample_.other_key;
      note(fmt::format("{} has the key '{}', but is about user '{}'", where, printable(key, true),
                       printable(user, true)));
    } else if (record.partition != own) {
      ++sample_.other_partition;
      note(fmt::format("{} is about user '{}', who belongs to partition {}", where, printable(user, true), own));
    }
  }

  void note(std::string example) {
    if (sample_.example.empty()) sample_.example = std::move(example);
  }

  Decoder decoder_;
  int partitions_;
  InputSample sample_;
};

std::string text_of(const std::string& input) { return "topics.input '" + input + "'"; }

// "missing_field /category 12, syntax 3": the most frequent ones first.
std::string reasons_of(const InputSample& sample) {
  std::vector<std::pair<int, std::string>> reasons;
  for (const auto& [why, count] : sample.rejected) reasons.emplace_back(-count, why);
  std::sort(reasons.begin(), reasons.end());
  std::string text;
  for (std::size_t i = 0; i < std::min(reasons.size(), kNamedReasons); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", reasons[i].second, -reasons[i].first);
  }
  return reasons.size() > kNamedReasons ? text + " and others" : text;
}

}  // namespace

Finding check_decoding(const InputSample& sample, const std::string& topic) {
  const std::string input = text_of(topic);
  if (sample.records == 0) return fine(input + " holds no records to look at yet");
  const std::string what = fmt::format("{}: {} of the newest {} records decode", input, sample.decoded, sample.records);
  if (sample.decoded == sample.records) return fine(what);
  const std::string told = what + "; the others do not: " + reasons_of(sample);
  if (sample.decoded > 0) return warning(told, "they will be dead letters; mapping.* says where the fields are");
  return problem(told, "mapping.* must say where the fields are; docs/configuration.md has examples");
}

std::optional<Finding> check_keys(const InputSample& sample, const std::string& topic) {
  const std::string input = text_of(topic);
  if (sample.users == 0) return std::nullopt;
  if (sample.other_key + sample.other_partition == 0) {
    return fine(fmt::format("{}: all {} of them about a user are keyed by user", input, sample.users));
  }
  const std::string counts = fmt::format(
      "of {} records {} have another key than their user, and {} lie in another partition than murmur2 of the user "
      "gives; {}",
      sample.users, sample.other_key, sample.other_partition, sample.example);
  const std::string advice =
      "all events of a user must lie in one partition: write them with the user id as key and the partitioner "
      "of Kafka's Java client (librdkafka: partitioner=murmur2_random); a topic that was given more partitions "
      "must be written anew";
  if (sample.other_key > 0) return problem(input + " is not keyed by user: " + counts, advice);
  return warning(input + " may be written with different partitioners: " + counts, advice);
}

Result<InputSample> sample_input(KafkaReader& reader, const Settings& settings, std::int64_t most) {
  const std::string& topic = settings.pipeline.topics.input;
  const auto partitions = reader.client().partitions_of(topic);
  if (!partitions) return partitions.error();
  auto stretches = all_of(reader, topic, *partitions);
  if (!stretches) return stretches.error();
  keep_newest(*stretches, most);
  DRIFTCAST_TRY(reader.assign(*stretches));
  Sampler sampler(settings, *partitions);
  auto last = std::chrono::steady_clock::now();
  while (!reader.at_end()) {
    const auto record = reader.poll(kWait);
    if (!record) return record.error();
    const auto now = std::chrono::steady_clock::now();
    if (now - last > kPatience) {
      return error(ErrorCode::kUnavailable, "topic '" + topic + "' cannot be read to its end: no more comes");
    }
    if (!*record) continue;
    last = now;
    if (sampler.sample().records < most) sampler.add(**record);
  }
  return sampler.sample();
}

std::vector<Finding> check_sample(KafkaReader& reader, const Settings& settings) {
  const std::string& input = settings.pipeline.topics.input;
  const auto sample = sample_input(reader, settings, kNewestRecords);
  if (!sample) return {problem(text_of(input) + ": " + sample.error().message, "allow Read on it")};
  std::vector<Finding> findings = {check_decoding(*sample, input)};
  if (auto keys = check_keys(*sample, input)) findings.push_back(std::move(*keys));
  return findings;
}

}  // namespace driftcast
