#include "pipeline/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace driftcast {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::array kHorizons = {7, 30};
constexpr EventTime kWatermark = event_time(1'709'294'400'500);              // 2024-03-01, half a second past noon
const Metrics::WallTime kNow{std::chrono::milliseconds{1'709'298'000'000}};  // an hour after noon

std::string text(const Metrics& metrics) { return metrics.text(kNow); }

Counters counters(std::initializer_list<std::pair<Counter, std::int64_t>> values) {
  Counters counters{};
  for (const auto& [counter, value] : values) counters[static_cast<std::size_t>(counter)] = value;
  return counters;
}

TEST(Metrics, AddUpWhatBecameOfTheRecords) {
  Metrics metrics(kHorizons);
  metrics.count(counters({{Counter::kRecords, 16}, {Counter::kProcessed, 10}, {Counter::kLate, 3}}));
  metrics.count(counters({{Counter::kRecords, 1}, {Counter::kProcessed, 1}, {Counter::kUsers, 1}}));
  metrics.count(counters({{Counter::kDuplicate, 2}, {Counter::kDeadLetter, 5}, {Counter::kErased, 4}}));
  EXPECT_THAT(text(metrics), AllOf(HasSubstr("\n# TYPE driftcast_records_total counter\n"),
                                   HasSubstr("\ndriftcast_records_total{outcome=\"processed\"} 11\n"),
                                   HasSubstr("\ndriftcast_records_total{outcome=\"late\"} 3\n"),
                                   HasSubstr("\ndriftcast_records_total{outcome=\"duplicate\"} 2\n"),
                                   HasSubstr("\ndriftcast_records_total{outcome=\"dead_letter\"} 5\n"),
                                   HasSubstr("\ndriftcast_records_total{outcome=\"erased\"} 4\n"),
                                   HasSubstr("\ndriftcast_users_total 1\n")));
}

TEST(Metrics, CountExactlyFarBeyondAMillion) {
  Metrics metrics(kHorizons);
  metrics.count(counters({{Counter::kProcessed, 123'456'789'012}, {Counter::kSteps, 1}}));
  EXPECT_THAT(text(metrics), HasSubstr("\ndriftcast_records_total{outcome=\"processed\"} 123456789012\n"));
}

TEST(Metrics, ShowWhereAPartitionStands) {
  Metrics metrics(kHorizons);
  metrics.partition(3, {.position = 1200, .lag = 34, .watermark = kWatermark, .restored = 0.5});
  EXPECT_THAT(text(metrics), AllOf(HasSubstr("\ndriftcast_position_offset{partition=\"3\"} 1200\n"),
                                   HasSubstr("\ndriftcast_lag_records{partition=\"3\"} 34\n"),
                                   HasSubstr("\ndriftcast_watermark_timestamp_seconds{partition=\"3\"} 1709294400.5\n"),
                                   HasSubstr("\ndriftcast_watermark_delay_seconds{partition=\"3\"} 3599.5\n"),
                                   HasSubstr("\ndriftcast_restore_progress_ratio{partition=\"3\"} 0.5\n")));
}

TEST(Metrics, LeaveOutWhatIsNotKnownOfAPartition) {
  Metrics metrics(kHorizons);
  metrics.partition(0, {.position = 0});
  EXPECT_THAT(text(metrics), AllOf(HasSubstr("driftcast_position_offset{partition=\"0\"} 0"),
                                   Not(HasSubstr("driftcast_lag_records{")), Not(HasSubstr("_delay_seconds{"))));
  metrics.partition(0, {.lag = 1, .watermark = kWatermark});
  EXPECT_THAT(text(metrics),
              AllOf(Not(HasSubstr("driftcast_position_offset{")), HasSubstr("driftcast_lag_records{partition=\"0\"} 1"),
                    HasSubstr("driftcast_watermark_delay_seconds{partition=\"0\"} 3599.5")));
}

TEST(Metrics, EndTheSeriesOfAPartitionThatIsGone) {
  Metrics metrics(kHorizons);
  metrics.partition(0, {.position = 1, .watermark = kWatermark});
  metrics.partition(1, {.position = 2, .watermark = kWatermark});
  EXPECT_THAT(text(metrics), HasSubstr("driftcast_watermark_delay_seconds{partition=\"0\"}"));
  metrics.forget(0);
  metrics.forget(7);
  EXPECT_THAT(text(metrics), AllOf(Not(HasSubstr("partition=\"0\"")), HasSubstr("partition=\"1\"")));
}

TEST(Metrics, MeasureEpochsCommitsAndBatches) {
  Metrics metrics(kHorizons);
  metrics.committed(
      {.records = 500, .duration = std::chrono::milliseconds{120}, .commit = std::chrono::milliseconds{8}});
  metrics.batch(3);
  EXPECT_THAT(text(metrics), AllOf(HasSubstr("\ndriftcast_epoch_duration_seconds_bucket{le=\"0.1\"} 0\n"),
                                   HasSubstr("\ndriftcast_epoch_duration_seconds_bucket{le=\"0.15\"} 1\n"),
                                   HasSubstr("\ndriftcast_commit_duration_seconds_sum 0.008"),
                                   HasSubstr("\ndriftcast_epoch_records_sum 500\n"),
                                   HasSubstr("\ndriftcast_batch_steps_bucket{le=\"4\"} 1\n")));
}

TEST(Metrics, CountRollbacksByReasonAndRebalances) {
  Metrics metrics(kHorizons);
  metrics.rolled_back("abortable");
  metrics.rolled_back("abortable");
  metrics.rolled_back("fenced");
  metrics.rebalanced();
  EXPECT_THAT(text(metrics), AllOf(HasSubstr("\ndriftcast_rollbacks_total{reason=\"abortable\"} 2\n"),
                                   HasSubstr("\ndriftcast_rollbacks_total{reason=\"fenced\"} 1\n"),
                                   HasSubstr("\ndriftcast_rebalances_total 1\n")));
}

TEST(Metrics, SayWhereTheNetworkRuns) {
  Metrics metrics(kHorizons);
  EXPECT_THAT(text(metrics), AllOf(HasSubstr("\ndriftcast_network_on_device 0\n"),
                                   HasSubstr("\ndriftcast_network_device_lost_total 0\n")));
  metrics.network_on_device(true);
  EXPECT_THAT(text(metrics), HasSubstr("\ndriftcast_network_on_device 1\n"));
  metrics.network_device_lost();
  EXPECT_THAT(text(metrics), AllOf(HasSubstr("\ndriftcast_network_on_device 0\n"),
                                   HasSubstr("\ndriftcast_network_device_lost_total 1\n")));
}

TEST(Metrics, AreNotReadyUntilTold) {
  Metrics metrics(kHorizons);
  EXPECT_EQ(metrics.unready(), "starting");
  EXPECT_THAT(text(metrics), HasSubstr("\ndriftcast_ready 0\n"));
  metrics.ready();
  EXPECT_EQ(metrics.unready(), "");
  EXPECT_THAT(text(metrics), HasSubstr("\ndriftcast_ready 1\n"));
  metrics.not_ready("restoring");
  EXPECT_EQ(metrics.unready(), "restoring");
}

TEST(Metrics, SumTheErrorsOfForecastsByHorizon) {
  Metrics metrics(kHorizons);
  PendingForecast forecast;
  forecast.mean = 2.5F;
  const std::vector<Matured> matured = {{0, forecast, 4}, {0, forecast, 2}, {1, forecast, 2.5}};
  metrics.forecast_scores().judged({}, matured, std::nullopt);
  EXPECT_THAT(text(metrics),
              AllOf(HasSubstr("\ndriftcast_matured_forecasts_total{horizon=\"7\"} 2\n"),
                    HasSubstr("\ndriftcast_matured_forecasts_absolute_error_total{horizon=\"7\"} 2\n"),
                    HasSubstr("\ndriftcast_matured_forecasts_total{horizon=\"30\"} 1\n"),
                    HasSubstr("\ndriftcast_matured_forecasts_absolute_error_total{horizon=\"30\"} 0\n")));
}

TEST(Metrics, TellOfTheProcess) {
  const std::string told = text(Metrics(kHorizons));
  EXPECT_THAT(told, AllOf(HasSubstr("\ndriftcast_build_info{version=\""), HasSubstr("\nprocess_cpu_seconds_total "),
                          HasSubstr("\nprocess_start_time_seconds "), HasSubstr("\nprocess_resident_memory_bytes "),
                          Not(HasSubstr("process_resident_memory_bytes 0\n")), Not(HasSubstr("nan"))));
}

TEST(Metrics, MayBeToldAndReadByManyThreads) {
  Metrics metrics(kHorizons);
  const auto work = [&](int partition) {
    for (int turn = 0; turn < 200; ++turn) {
      metrics.count(counters({{Counter::kProcessed, 1}}));
      metrics.partition(partition, {.position = turn, .watermark = kWatermark});
      metrics.rolled_back("abortable");
      if (turn % 10 == 0) metrics.forget(partition);
      if (turn % 20 == 0) text(metrics);
    }
  };
  std::vector<std::thread> threads;
  for (int partition = 0; partition < 3; ++partition) threads.emplace_back(work, partition);
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(text(metrics), AllOf(HasSubstr("\ndriftcast_records_total{outcome=\"processed\"} 600\n"),
                                   HasSubstr("\ndriftcast_rollbacks_total{reason=\"abortable\"} 600\n")));
}

}  // namespace
}  // namespace driftcast
