// The program before it has begun: brokers that do not answer yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/kafka_check_topics.h"
#include "pipeline/kafka_start_check.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kNobody = "127.0.0.1:1";  // listens there

// Else an instance that happens to start while brokers come and go would have to be started by hand.
TEST(KafkaStart, RefusesNothingBecauseNobodyAnswers) {
  KafkaOptions options;
  options.brokers = kNobody;
  const auto client = KafkaClient::make(KafkaClient::Role::kConsumer, options, {{"group.id", "nobody"}});
  ASSERT_TRUE(client) << client.error().message;
  const auto findings = check_topics(*client, PipelineOptions());
  EXPECT_THAT(findings, testing::SizeIs(1)) << "each would wait";
  const auto judged = judge(findings);
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().code, ErrorCode::kUnavailable) << judged.error().message;
  EXPECT_THAT(judged.error().message, Not(HasSubstr("cannot run on these topics")));
}

}  // namespace
}  // namespace driftcast
