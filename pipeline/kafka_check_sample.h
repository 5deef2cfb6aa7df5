// Are the records of the input what a job expects: readable with the field mapping, and keyed by user?
#pragma once

#include <cstddef>
#include <map>
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

// What the newest thousand say.
std::vector<Finding> check_sample(KafkaReader& reader, const Settings& settings);

}  // namespace driftcast
