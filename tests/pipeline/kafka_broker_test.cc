// The broker that the other tests rely on: it keeps what it is given, and shows what was committed.
#include "tests/pipeline/support/kafka_broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "core/hash.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kAtNoon = 1'709'294'400'000;  // 2024-03-01

std::vector<std::string> values(const std::vector<StoredRecord>& records) {
  std::vector<std::string> result;
  for (const StoredRecord& record : records) result.push_back(record.value.value_or("null"));
  return result;
}

TEST(KafkaBroker, ReturnsRecordsAsTheyWereProduced) {
  KafkaBroker& kafka = KafkaBroker::shared();
  kafka.create_topic("as-produced", 2);
  kafka.produce("as-produced", {{.key = "ada", .value = "first", .partition = 1, .timestamp_ms = kAtNoon},
                                {.key = "ada", .value = std::nullopt, .partition = 1, .timestamp_ms = kAtNoon + 1},
                                {.key = std::nullopt,
                                 .value = std::string("\0\xff", 2),
                                 .partition = 0,
                                 .timestamp_ms = kAtNoon - 1,
                                 .headers = {{"reason", "late"}, {"empty", ""}}},
                                {.key = "", .value = "", .partition = 1, .timestamp_ms = kAtNoon}});
  EXPECT_THAT(
      kafka.read_all("as-produced", Isolation::kReadCommitted),
      ElementsAre(
          StoredRecord{0, 0, std::nullopt, std::string("\0\xff", 2), kAtNoon - 1, {{"reason", "late"}, {"empty", ""}}},
          StoredRecord{1, 0, "ada", "first", kAtNoon, {}}, StoredRecord{1, 1, "ada", std::nullopt, kAtNoon + 1, {}},
          StoredRecord{1, 2, "", "", kAtNoon, {}}));
}

TEST(KafkaBroker, HidesTheRecordsOfAnAbortedTransaction) {
  KafkaBroker& kafka = KafkaBroker::shared();
  kafka.create_topic("aborted", 1);
  kafka.begin("aborted", {{.value = "one"}, {.value = "two"}}).commit();
  kafka.begin("aborted", {{.value = "taken back"}}).abort();
  kafka.begin("aborted", {{.value = "three"}}).commit();
  kafka.begin("aborted", {{.value = "taken back too"}}).abort();
  EXPECT_THAT(values(kafka.read_all("aborted", Isolation::kReadCommitted)), ElementsAre("one", "two", "three"));
  EXPECT_THAT(values(kafka.read_all("aborted", Isolation::kReadUncommitted)),
              ElementsAre("one", "two", "taken back", "three", "taken back too"));
}

TEST(KafkaBroker, IsReadToItsEndOnceAnOpenTransactionIsCommitted) {
  KafkaBroker& kafka = KafkaBroker::shared();
  kafka.create_topic("open", 2);
  kafka.produce("open", {{.value = "before", .partition = 0}, {.value = "elsewhere", .partition = 1}});
  KafkaTransaction transaction = kafka.begin("open", {{.value = "in it", .partition = 0}});
  kafka.produce("open", {{.value = "behind it", .partition = 0}});
  auto committed = std::async(std::launch::async, [&] { return kafka.read_all("open", Isolation::kReadCommitted); });
  for (int while_it_waits = 0; while_it_waits < 5; ++while_it_waits) {
    EXPECT_EQ(kafka.read_all("open", Isolation::kReadUncommitted).size(), 4);
  }
  transaction.commit();
  EXPECT_THAT(values(committed.get()), ElementsAre("before", "in it", "behind it", "elsewhere"));
}

TEST(KafkaBroker, KeepsItsRecordsWhenItIsKilledAndStartedAgain) {
  KafkaBroker& kafka = KafkaBroker::shared();
  kafka.create_topic("kept", 1);
  kafka.produce("kept", {{.value = "before"}});
  kafka.begin("kept", {{.value = "committed before"}}).commit();
  const std::string address = kafka.brokers();
  kafka.kill();
  kafka.start();
  EXPECT_EQ(kafka.brokers(), address);
  kafka.produce("kept", {{.value = "after"}});
  EXPECT_THAT(values(kafka.read_all("kept", Isolation::kReadCommitted)),
              ElementsAre("before", "committed before", "after"));
}

TEST(KafkaBroker, GivesAKeyToThePartitionThatWeExpect) {
  constexpr int kPartitions = 7;
  KafkaBroker& kafka = KafkaBroker::shared();
  kafka.create_topic("by-key", kPartitions);
  std::vector<NewRecord> records{{.key = ""}, {.key = "\xc3\xa9t\xc3\xa9"}, {.key = std::string("\0\x80", 2)}};
  for (int user = 0; user < 500; ++user) records.push_back({.key = "u" + std::to_string(user)});
  kafka.produce("by-key", records);
  const std::vector<StoredRecord> stored = kafka.read_all("by-key", Isolation::kReadCommitted);
  EXPECT_EQ(stored.size(), records.size());
  for (const StoredRecord& record : stored) EXPECT_EQ(record.partition, partition_of(*record.key, kPartitions));
}

TEST(KafkaBroker, ForgetsATopicThatIsDeleted) {
  KafkaBroker& kafka = KafkaBroker::shared();
  kafka.create_topic("deleted", 2);
  kafka.produce("deleted", {{.value = "gone"}});
  kafka.delete_topic("deleted");
  EXPECT_THROW(kafka.read_all("deleted", Isolation::kReadCommitted), std::runtime_error);
  kafka.create_topic("deleted", 1);
  EXPECT_THAT(kafka.read_all("deleted", Isolation::kReadCommitted), IsEmpty());
}

}  // namespace
}  // namespace driftcast
