// The program that shows what is published: what a person sees of it, which records, and when it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>

#include "tests/pipeline/support/child.h"
#include "tests/pipeline/support/kafka_broker.h"
#include "tests/pipeline/support/kafka_job.h"
#include "tests/pipeline/support/shell.h"
#include "tests/pipeline/support/story.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr std::int64_t kAtNoon = 1'709'294'400'000;  // 2024-03-01

using Arguments = std::vector<std::string>;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Ada's last forecast, her confirmed drift and her last session, as they are published.
std::string last_forecast(const std::string& user = "ada") {
  Trajectory trajectory = ada();
  trajectory.user = user;
  return lines_of(forecast_lines(trajectory)).back();
}
std::string last_drift() { return lines_of(drift_lines(ada())).back(); }
std::string last_session() { return lines_of(session_lines(ada())).back(); }

// The topics of a job that publishes whatever a test wants.
class KafkaTail : public Shell {
 protected:
  void publish(const std::string& topic, const std::string& user, std::optional<std::string> value) {
    broker_.produce(topic, {{.key = user, .value = std::move(value), .partition = 0, .timestamp_ms = kAtNoon}});
  }

  Arguments tail(const Arguments& how) const {
    Arguments arguments = job_.arguments();
    arguments.insert(arguments.begin(), "tail");
    arguments.insert(arguments.end(), how.begin(), how.end());
    return arguments;
  }

  // Of so many records, begun with the oldest; without the talk about the topics.
  std::vector<std::string> shown(int records, Arguments how = {}) const {
    how.insert(how.end(), {"--from-beginning", "--max", std::to_string(records)});
    const Ended ended = run_child(tail(how));
    EXPECT_EQ(ended.code, 0) << ended.talk;
    std::vector<std::string> lines = lines_of(ended.talk);
    std::erase_if(lines, [](const std::string& line) { return line.starts_with("following "); });
    return lines;
  }

  KafkaBroker& broker_ = KafkaBroker::shared();
  KafkaJob job_{1};
  const TopicOptions& topics_ = job_.settings().pipeline.topics;
};

TEST_F(KafkaTail, TellsForecastsAndDriftsInALineEach) {
  publish(topics_.forecasts, "ada", last_forecast());
  publish(topics_.drift, "ada", last_drift());
  publish(topics_.sessions, "ada", last_session());
  EXPECT_THAT(shown(2), UnorderedElementsAre("2024-03-01T12:00:00Z ada forecast as of 2024-02-29T00:00:00Z: "
                                             "7 steps 21 (10 to 35), 14 steps 46 (28 to 63); garden 75 %, books 20 %",
                                             "2024-03-01T12:00:00Z ada drift at 2024-02-20T12:00:00Z: mix confirmed, "
                                             "severity 0.25; rising garden 5 % -> 75 %; falling books 90 % -> 20 %"));
}

TEST_F(KafkaTail, TellsSessionsWhenItIsAskedTo) {
  publish(topics_.forecasts, "ada", last_forecast());
  publish(topics_.sessions, "ada", last_session());
  EXPECT_THAT(shown(1, {"--type", "session"}),
              ElementsAre("2024-03-01T12:00:00Z ada session 2024-02-28T09:00:00Z to 2024-02-28T10:00:00Z: 5 events, "
                          "amount 0"));
}

TEST_F(KafkaTail, PassesTheValuesOnAsTheyAre) {
  publish(topics_.forecasts, "ada", last_forecast());
  publish(topics_.forecasts, "ada", " {\"from\": \"elsewhere\"}");
  publish(topics_.forecasts, "ada", std::nullopt);
  EXPECT_THAT(shown(3, {"--json"}), ElementsAre(last_forecast(), " {\"from\": \"elsewhere\"}", "null"));
}

TEST_F(KafkaTail, ShowsOnlyTheUsersAndTypesThatAreAskedFor) {
  for (const std::string user : {"ada", "bob", "cy", "dan"}) publish(topics_.forecasts, user, last_forecast(user));
  publish(topics_.forecasts, "dan", "rubbish");
  publish(topics_.drift, "ada", last_drift());
  EXPECT_THAT(shown(2, {"--type", "forecast", "--user", "dan", "--user", "bob"}),
              ElementsAre(HasSubstr(" bob forecast"), HasSubstr(" dan forecast")));
  EXPECT_THAT(shown(1, {"--type", "drift"}), ElementsAre(HasSubstr(" ada drift")));
}

TEST_F(KafkaTail, ShowsWhatIsNoRecordOfOursWithoutHarmToTheTerminal) {
  const std::string before = "2024-03-01T12:00:00Z " + topics_.forecasts + " partition 0 offset ";
  const std::string forecast = last_forecast();
  publish(topics_.forecasts, "ada", std::nullopt);
  publish(topics_.forecasts, "ada", "");
  publish(topics_.forecasts, "ada", "\x1b[2Jgone\xff");
  publish(topics_.forecasts, "ada", R"({"type":"forecast","user":"ada"})");
  publish(topics_.forecasts, "ada", forecast.substr(0, forecast.size() / 2));
  EXPECT_THAT(shown(5), ElementsAre(before + "0, no record of driftcast: null", before + "1, no record of driftcast: ",
                                    before + R"(2, no record of driftcast: \u{1b}[2Jgone\x{ff})",
                                    before + R"(3, no record of driftcast: {"type":"forecast","user":"ada"})",
                                    AllOf(HasSubstr("4, no record of driftcast: "), HasSubstr("\"user\":\"ada\""))));
}

TEST_F(KafkaTail, DoesNotShowWhatWasTakenBack) {
  broker_.begin(topics_.forecasts, {{.key = "bob", .value = last_forecast("bob")}}).abort();
  broker_.begin(topics_.forecasts, {{.key = "ada", .value = last_forecast()}}).commit();
  EXPECT_THAT(shown(1), ElementsAre(HasSubstr(" ada forecast")));
}

TEST_F(KafkaTail, FollowsFromNowOnUntilItIsStopped) {
  publish(topics_.forecasts, "bob", last_forecast("bob"));
  Child child(tail({}));
  while (child.talk().find("following " + topics_.drift) == std::string::npos) continue;
  publish(topics_.forecasts, "ada", last_forecast());
  while (child.talk().find(" ada forecast") == std::string::npos) continue;
  child.send(SIGTERM);
  const Ended ended = child.wait();
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.talk, Not(HasSubstr("bob")));
}

TEST_F(KafkaTail, EndsQuietlyWhenNobodyReadsItsOutputAnyMore) {
  publish(topics_.forecasts, "ada", last_forecast());
  std::string command = "driftcast";
  for (const std::string& argument : tail({"--from-beginning"})) command += " '" + argument + "'";
  EXPECT_EQ(shell(command + " | head -n 1; exit ${PIPESTATUS[0]}"), 0);
  EXPECT_THAT(printed(), HasSubstr(" ada forecast"));
  EXPECT_EQ(talk(), "following " + topics_.forecasts + "\nfollowing " + topics_.drift + "\n");
}

TEST_F(KafkaTail, SaysThatATopicIsMissing) {
  const Ended ended = run_child(tail({"--set", "topics.drift=not-there"}));
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, HasSubstr("there is no topic 'not-there'"));
}

}  // namespace
}  // namespace driftcast
