// The rules of the commit protocol that only real brokers can put to the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "pipeline/kafka_group.h"
#include "pipeline/kafka_sink.h"
#include "tests/pipeline/support/hanging_up.h"
#include "tests/pipeline/support/kafka_job.h"

namespace driftcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

OffsetCommit offset_of(Partition partition, Offset next) { return {partition, {next, 0}, 7, 1}; }

Outbox forecast(std::string_view value) {
  Outbox outbox;
  outbox.add(Topic::kForecasts, {1, 0}, "ann", value);
  return outbox;
}

void write_epoch(Log& log, std::string_view value) {
  ASSERT_TRUE(log.begin());
  ASSERT_TRUE(log.write(0, forecast(value)));
  ASSERT_TRUE(log.send_offsets(std::array{offset_of(0, 1)}));
}

Settings with_short_memberships() {
  Settings settings;
  settings.pipeline.kafka.client.values = {{"session.timeout.ms", "2000"},
                                           {"heartbeat.interval.ms", "300"},
                                           {"max.poll.interval.ms", "2000"},
                                           {"transaction.timeout.ms", "60000"}};
  return settings;
}

// Else an instance that slept while its partitions were given away would publish what their new owner publishes, too.
TEST(CommitRule3, WhoLostThePartitionsCannotCommitWhatWasReadBefore) {
  KafkaJob job(1, with_short_memberships());
  const auto sleeper = open_log(job.settings(), Until::kForever);
  ASSERT_TRUE(sleeper);
  write_epoch(*sleeper, "too late");
  Settings others = job.settings();
  others.pipeline.kafka.instance = "two";
  const auto successor = open_log(others, Until::kForever);  // once the sleeper has been silent for too long
  ASSERT_TRUE(successor);
  ASSERT_THAT(successor->assigned(), ElementsAre(0));
  const auto committed = sleeper->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kRollback) << committed.error().message;
  EXPECT_TRUE(sleeper->abort() || !sleeper->keeps_assignment());
  write_epoch(*successor, "in its place");
  ASSERT_TRUE(successor->commit());
  EXPECT_THAT(job.outputs(Topic::kForecasts), ElementsAre("ann in its place"));
}

// Else a transaction that took too long would end the process, though nobody else has its place.
TEST(CommitRule13, AnExpiredTransactionIsNoReasonToEnd) {
  Settings settings;
  settings.pipeline.kafka.client.values = {{"transaction.timeout.ms", "1000"}};
  KafkaJob job(1, settings);
  const auto log = open_log(job.settings(), Until::kForever);
  ASSERT_TRUE(log);
  write_epoch(*log, "expired");
  std::this_thread::sleep_for(seconds{4});  // the brokers look every second
  const auto committed = log->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kRollback) << committed.error().message;
  static_cast<void>(log->abort());
  const std::atomic<bool> never{false};
  const auto acquired = log->acquire(never);
  ASSERT_TRUE(acquired && *acquired) << acquired.error().message;
  write_epoch(*log, "done again");
  ASSERT_TRUE(log->commit());
  EXPECT_THAT(job.outputs(Topic::kForecasts), ElementsAre("ann done again"));
}

// Else a copy of the request to end a transaction, still on its way, could end a part of the next one.
TEST(CommitRule14, AConnectionThatBreaksDuringACommitEndsTheProducer) {
  KafkaJob job(1);
  const PipelineOptions& options = job.settings().pipeline;
  auto sink = KafkaSink::open(options.kafka, options.topics, "breaks", 1);
  ASSERT_TRUE(sink) << sink.error().message;
  ASSERT_TRUE((*sink)->begin());
  ASSERT_TRUE((*sink)->write(0, forecast("once")));
  KafkaBroker& broker = KafkaBroker::shared();
  broker.kill();
  std::thread revival([&] {
    std::this_thread::sleep_for(milliseconds{300});
    broker.start();
  });
  const auto committed = (*sink)->commit();
  revival.join();
  EXPECT_FALSE((*sink)->usable()) << "whatever came of the commit";
  sink = KafkaSink::open(options.kafka, options.topics, "breaks", 1);
  ASSERT_TRUE(sink) << sink.error().message;
  if (committed) {
    EXPECT_THAT(job.outputs(Topic::kForecasts), ElementsAre("ann once"));
  } else {
    EXPECT_THAT(job.outputs(Topic::kForecasts), IsEmpty());
  }
}

TEST(CommitRule14, AnAbortEndsTheProducer) {
  KafkaJob job(1);
  const PipelineOptions& options = job.settings().pipeline;
  auto sink = KafkaSink::open(options.kafka, options.topics, "aborts", 1);
  ASSERT_TRUE(sink) << sink.error().message;
  ASSERT_TRUE((*sink)->begin());
  ASSERT_TRUE((*sink)->write(0, forecast("never")));
  ASSERT_TRUE((*sink)->abort());
  EXPECT_FALSE((*sink)->usable());
  sink = KafkaSink::open(options.kafka, options.topics, "aborts", 1);
  ASSERT_TRUE(sink) << sink.error().message;
  ASSERT_TRUE((*sink)->begin());
  ASSERT_TRUE((*sink)->write(0, forecast("once")));
  ASSERT_TRUE((*sink)->commit());
  EXPECT_THAT(job.outputs(Topic::kForecasts), ElementsAre("ann once"));
}

// Each connection that breaks counts, also of many: the client itself tells of the first two in half a minute.
TEST(CommitRule14, EachConnectionThatBreaksIsNoticed) {
  constexpr int kBreaks = 8;
  HangingUp broker;
  KafkaOptions options;
  options.brokers = broker.address();
  options.client.values = {{"reconnect.backoff.ms", "20"}, {"reconnect.backoff.max.ms", "20"}};
  std::atomic<int> breaks{0};
  KafkaClient::Callbacks callbacks;
  callbacks.disconnect = [&] { ++breaks; };
  const auto client = KafkaClient::make(KafkaClient::Role::kProducer, options, {}, std::move(callbacks));
  ASSERT_TRUE(client) << client.error().message;
  for (int wait = 0; wait < 300 && breaks < kBreaks; ++wait) std::this_thread::sleep_for(milliseconds{50});
  EXPECT_GE(breaks, kBreaks);
}

// Else who is no member any more would commit under a generation that nobody fences.
TEST(CommitRule3, WhoHasNoGenerationIsNoMember) {
  EXPECT_FALSE(is_member(*membership_of(-1)));
  EXPECT_TRUE(is_member(*membership_of(0)));
}

}  // namespace
}  // namespace driftcast
