// KafkaGroup: this instance as a member of a consumer group: which partitions it holds, and by what right.
//
// Partitions are given and asked back all together (the eager protocol). What is committed carries the membership as it
// was when they were given: a member who has joined anew meanwhile has another generation, and may hold others. With a
// name (kafka.instance) the membership is static: who returns under it within the session time-out has its partitions
// again at once, and whoever else bears it is fenced.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/kafka_handle.h"
#include "pipeline/options.h"

namespace driftcast {

// False for one who is no member any more, or not yet: what it commits nobody would fence.
bool is_member(const rd_kafka_consumer_group_metadata_s& membership);

class KafkaGroup {
 public:
  enum class Standing { kJoining, kHolding, kAskedBack, kLost };

  // Connects; is no member yet. Fails with kUnavailable when nobody answers in time, with kConfig when there is no such
  // topic.
  static Result<std::unique_ptr<KafkaGroup>> open(const KafkaOptions& options, const std::string& topic, Until until);
  ~KafkaGroup();  // leaves the group, unless the membership is static

  const KafkaClient& client() const { return client_; }
  int partitions() const { return partitions_; }  // of the topic

  // Asks for membership. To be called once, when all else is known to be in order.
  Result<void> join();

  // Lets the client speak; to be called more often than max.poll.interval.ms, by one thread. Waits up to so long for
  // news. Fails with kRestart when another instance bears this one's name, or when the client is of no more use; with
  // kRefused when there is no right to the group.
  Result<Standing> serve(int wait_ms);

  // Whether brokers can be reached. Once they could not, it asks them, at most once a second. Same thread as serve().
  bool reaches_brokers();

  const std::vector<Partition>& assigned() const { return assigned_; }  // ascending
  void give_back();                                                     // all of them, so that the group can go on

  // As it was when the partitions were given; and whether it still is so. The latter from any thread.
  const rd_kafka_consumer_group_metadata_s& membership() const { return *membership_; }
  bool is_current() const;

 private:
  KafkaGroup(std::string name, std::string topic) : name_(std::move(name)), topic_(std::move(topic)) {}
  void rebalance(bool given, std::vector<Partition> partitions);

  std::string name_;
  std::string topic_;
  std::atomic<Standing> standing_{Standing::kJoining};
  bool leaving_ = false;
  bool brokers_down_ = false;
  std::chrono::steady_clock::time_point brokers_asked_{};
  std::vector<Partition> assigned_;
  KafkaPtr<rd_kafka_consumer_group_metadata_s> membership_;
  int partitions_ = 0;
  KafkaClient client_;
};

}  // namespace driftcast
