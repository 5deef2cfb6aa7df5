// KafkaBroker: a real Apache Kafka of one node, and what a test does with its topics.
//
// tools/kafka_broker.py starts it in a directory of its own and ends it with this process, however that ends: returning,
// aborting, killed. The tests of a process share one, so each uses topics of its own. Waits for what it has asked for;
// what cannot be done within half a minute throws std::runtime_error that says what was tried.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/scratch_dir.h"

namespace driftcast {

using RecordHeaders = std::vector<std::pair<std::string, std::string>>;

struct NewRecord {
  std::optional<std::string> key = {}, value = {};  // none: null
  std::optional<std::int32_t> partition = {};       // none: by murmur2 of the key, as of the Java client; no key: any
  std::optional<std::int64_t> timestamp_ms = {};    // none: now
  RecordHeaders headers = {};
};

struct StoredRecord {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string> key, value;
  std::int64_t timestamp_ms = 0;
  RecordHeaders headers;

  bool operator==(const StoredRecord&) const = default;
};

enum class Isolation { kReadUncommitted, kReadCommitted };

// A transaction whose records are in the log. One that is ended neither way stays open until the broker gives it up,
// after a minute, or until the next one on the same topic begins.
class KafkaTransaction {
 public:
  struct Producer;
  explicit KafkaTransaction(std::unique_ptr<Producer> producer);
  KafkaTransaction(KafkaTransaction&&) noexcept;
  ~KafkaTransaction();

  void commit();
  void abort();

 private:
  std::unique_ptr<Producer> producer_;
};

class KafkaBroker {
 public:
  static KafkaBroker& shared();  // started on first use

  explicit KafkaBroker(std::string how = "");  // options of the tool's start
  KafkaBroker(const KafkaBroker&) = delete;
  KafkaBroker& operator=(const KafkaBroker&) = delete;
  ~KafkaBroker();

  const std::string& brokers() const { return brokers_; }  // as in bootstrap.servers

  void kill();   // by SIGKILL; nothing on disk is lost
  void start();  // again, at the same address

  void create_topic(const std::string& topic, int partitions, const std::map<std::string, std::string>& config = {});
  void grow_topic(const std::string& topic, int partitions);  // to so many
  void delete_topic(const std::string& topic);

  // Returns when all records are in the log, of each partition in this order.
  void produce(const std::string& topic, const std::vector<NewRecord>& records);
  KafkaTransaction begin(const std::string& topic, const std::vector<NewRecord>& records);

  // Everything from the beginning of every partition to its end now, by partition and offset. A reader of committed
  // records waits for the transactions that are open now: a commit is answered before it can be seen.
  std::vector<StoredRecord> read_all(const std::string& topic, Isolation isolation) const;

 protected:
  std::string tool(const std::string& arguments) const;  // what it prints

  ScratchDir dir_;
  std::string how_;
  std::string brokers_;
};

}  // namespace driftcast
