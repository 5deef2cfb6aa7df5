// KafkaReplay: a topic as it is now, read from its first record to its last as often as wanted, through the stages and
// into nothing: no group is joined, nothing is written or committed. For those who learn from what has been.
#pragma once

#include <map>
#include <string>

#include "pipeline/kafka_handle.h"
#include "pipeline/run.h"

namespace driftcast {

class KafkaReplay {
 public:
  // Asks the brokers how far the topic reaches. kUnavailable: nobody answers; kConfig: there is no such topic.
  static Result<KafkaReplay> open(const KafkaOptions& options, const std::string& topic);

  // Runs over all of it, in states that are thrown away. Stopped by `stop`; `report` as in run_files.
  Result<Summary> run(const Settings& settings, const ModelSet& models, const std::atomic<bool>& stop,
                      const std::function<void(const Progress&)>& report, const Watchers& watchers) const;

 private:
  KafkaReplay(std::string topic, std::map<Partition, Offset> ends) : topic_(std::move(topic)), ends_(std::move(ends)) {}

  std::string topic_;
  std::map<Partition, Offset> ends_;  // behind the last record, when it was opened
};

}  // namespace driftcast
