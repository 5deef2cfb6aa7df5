// All brokers vanish under a running instance: it waits, says so to who asks, and goes on by itself when they are back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/pipeline/support/http_client.h"
#include "tests/pipeline/support/kafka_proof.h"

namespace driftcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kInstance = "one";

std::string address_of(const Scene& scene) { return address_in(scene.talk(kInstance)); }

// Whether the answer to such a question comes to begin so, within half a minute.
bool comes_to(const Scene& scene, const std::string& path, const std::string& answer) {
  const auto deadline = steady_clock::now() + seconds{30};
  while (steady_clock::now() < deadline) {
    const std::string address = address_of(scene);
    if (!address.empty() && http_get(address, path).find(answer) != std::string::npos) return true;
    std::this_thread::sleep_for(milliseconds{50});
  }
  return false;
}

const Evidence& evidence() {
  static const Evidence made = Evidence::generated(6'000, 150, 20, 9);
  return made;
}

TEST(KafkaOutage, IsWaitedForLongerThanTheSessionAndTheTransactionLast) {
  Scene scene(evidence(), {"http.listen=127.0.0.1:0"});
  scene.feed_share(0, 0.5);
  scene.start(kInstance);
  ASSERT_TRUE(comes_to(scene, "/readyz", " 200 ")) << scene.talk(kInstance);
  ASSERT_TRUE(comes_to(scene, "/metrics", "driftcast_position_offset{partition=\"0\"}"));
  scene.feed_share(0.5, 0.7);  // some of it is under way when the brokers go
  KafkaBroker::shared().kill();
  EXPECT_TRUE(comes_to(scene, "/readyz", " 503 ")) << scene.talk(kInstance);
  EXPECT_THAT(http_get(address_of(scene), "/livez"), HasSubstr(" 200 "));
  std::this_thread::sleep_for(seconds{4});
  ASSERT_TRUE(scene.runs(kInstance));
  KafkaBroker::shared().start();
  EXPECT_TRUE(comes_to(scene, "/readyz", " 200 ")) << scene.talk(kInstance);
  scene.feed_share(0.7, 1);
  EXPECT_EQ(difference(evidence().in_files(), scene.settle()), "");
}

// What an operator would build alarms on.
TEST(KafkaMetrics, TellOfPartitionsEpochsAndRecords) {
  Scene scene(evidence(), {"http.listen=127.0.0.1:0"});
  scene.feed_share(0, 1);
  scene.start(kInstance);
  ASSERT_TRUE(comes_to(scene, "/metrics", "driftcast_records_total{outcome=\"advance\"} 4\n")) << scene.talk(kInstance);
  ASSERT_TRUE(comes_to(scene, "/metrics", "driftcast_lag_records{partition=\"3\"} 0\n"));
  EXPECT_THAT(http_get(address_of(scene), "/metrics"),
              AllOf(HasSubstr("driftcast_records_total{outcome=\"dead_letter\"} "),
                    HasSubstr("driftcast_watermark_delay_seconds{partition=\"0\"} "),
                    HasSubstr("driftcast_restore_progress_ratio{partition=\"0\"} 1\n"),
                    HasSubstr("driftcast_epoch_duration_seconds_count "), HasSubstr("driftcast_batch_steps_count "),
                    HasSubstr("driftcast_commit_duration_seconds_bucket{le=\"15\"} "),
                    HasSubstr("driftcast_matured_forecasts_total{horizon=\"7\"} "), HasSubstr("driftcast_ready 1\n")));
  scene.stop(kInstance);
  // The next process has not done what this one did: a rate over both must not jump.
  scene.start(kInstance);
  ASSERT_TRUE(comes_to(scene, "/readyz", " 200 ")) << scene.talk(kInstance);
  EXPECT_THAT(http_get(address_of(scene), "/metrics"), HasSubstr("driftcast_records_total{outcome=\"processed\"} 0\n"));
  scene.stop(kInstance);
}

}  // namespace
}  // namespace driftcast
