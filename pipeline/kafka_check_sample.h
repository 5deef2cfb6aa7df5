// Are the records of the input what a job expects: readable with the field mapping, and keyed by user?
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "pipeline/finding.h"
#include "pipeline/kafka_reader.h"

namespace driftcast {

struct InputSample {
  int records = 0;
  int decoded = 0;                      // are events, advances or erasures
  std::map<std::string, int> rejected;  // how many, by reason and field
  int users = 0;                        // of the decoded ones: are about a user
  int other_key = 0;                    // of those: have a key, and it is not the user
  int other_partition = 0;              // of the rest: lie where murmur2 of the user would not put them
  std::string example;                  // the first of these two
};

// Of the newest `most` offsets, spread evenly over the partitions.
Result<InputSample> sample_input(KafkaReader& reader, const Settings& settings, std::int64_t most);

inline constexpr std::int64_t kNewestRecords = 1000;

// What they say: whether the field mapping fits them, and, if some are about users, whether they are keyed by user.
Finding check_decoding(const InputSample& sample, const std::string& input);
std::optional<Finding> check_keys(const InputSample& sample, const std::string& input);

// Both, of the newest ones.
std::vector<Finding> check_sample(KafkaReader& reader, const Settings& settings);

}  // namespace driftcast
