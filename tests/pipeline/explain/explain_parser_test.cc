#include "pipeline/explain/explain_parser.h"

#include <gtest/gtest.h>

#include "pipeline/slice.h"
#include "tests/pipeline/support/story.h"

namespace driftcast {
namespace {

std::optional<Published> parse(std::string line) {
  const std::size_t size = line.size();
  line.append(kPadding, 'x');
  return parse_published(std::string_view(line).substr(0, size));
}

std::string written(const std::string& user, const Published& published) {
  std::string line;
  if (const auto* forecast = std::get_if<Forecast>(&published.what)) {
    append_forecast(line, user, *forecast, default_models(), true);
  } else if (const auto* signal = std::get_if<DriftSignal>(&published.what)) {
    append_drift(line, user, *signal);
  } else {
    append_session(line, user, std::get<Session>(published.what));
  }
  return line;
}

// The id is made from numbers that are not published.
std::string without_id(const std::string& line) { return line.substr(line.find("\"user\"")); }

TEST(PublishedRecord, ReadsBackWhatWasWritten) {
  Trajectory trajectory = ada();
  Forecast& forecast = trajectory.forecasts.back();
  forecast.horizons[0].purchase = 0.75;
  forecast.horizons[0].churn = 0;
  forecast.drift = {DriftStage::kConfirmed, DriftKind::kVolume, february(20, 12)};
  forecast.capped = forecast.returned = true;
  trajectory.sessions.front().amount = -12.25;
  std::string line;
  append_forecast(line, "a \"b\"\n", forecast, default_models(), true);
  for (const std::string& text : {line, drift_lines(trajectory).substr(0, drift_lines(trajectory).find('\n')),
                                  session_lines(trajectory).substr(0, session_lines(trajectory).find('\n'))}) {
    const auto published = parse(text);
    ASSERT_TRUE(published) << text;
    EXPECT_EQ(without_id(written(published->user, *published)), without_id(text));
  }
  EXPECT_EQ(parse(line)->user, "a \"b\"\n");
}

TEST(PublishedRecord, MayBeWithoutPartsAndWithModelsOfALaterVersion) {
  std::string line;
  append_forecast(line, "ada", ada().forecasts.back(), default_models(), false);
  EXPECT_EQ(std::get<Forecast>(parse(line)->what).horizons[0].available, 0);
  line.insert(line.size() - 1, R"(,"parts":[{"steps":7,"oracle":3,"arima":2,"weights":{"oracle":0.5,"arima":0.25}}])");
  const HorizonForecast horizon = std::get<Forecast>(parse(line)->what).horizons[0];
  EXPECT_EQ(horizon.available, 1);
  EXPECT_EQ(horizon.parts[0], 2);
  EXPECT_EQ(horizon.weights[0], 0.25F);
  const std::string part = R"({"steps":7,"weights":{}})";
  EXPECT_TRUE(parse(line.substr(0, line.rfind(",\"parts\"")) + ",\"parts\":[" + part + "," + part + "]}"));
  EXPECT_FALSE(
      parse(line.substr(0, line.rfind(",\"parts\"")) + ",\"parts\":[" + part + "," + part + "," + part + "]}"));
}

TEST(PublishedRecord, IsReadWithoutProbabilitiesButNotWithImpossibleOnes) {
  const auto first = [](std::string addition) {
    std::string line;
    append_forecast(line, "ada", ada().forecasts.back(), default_models(), false);
    line.insert(line.find('}', line.find("\"volume\"")) + 1, addition);
    const auto published = parse(line);
    return published ? std::optional(std::get<Forecast>(published->what).horizons[0]) : std::nullopt;
  };
  ASSERT_TRUE(first(""));
  EXPECT_EQ(first("")->purchase, std::nullopt);
  EXPECT_EQ(first("")->churn, std::nullopt);
  ASSERT_TRUE(first(R"(,"churn":0.25)"));
  EXPECT_EQ(first(R"(,"churn":0.25)")->churn, 0.25);
  EXPECT_EQ(first(R"(,"churn":0.25)")->purchase, std::nullopt);
  EXPECT_FALSE(first(R"(,"purchase":1.25)"));
  EXPECT_FALSE(first(R"(,"purchase":"likely")"));
}

TEST(PublishedRecord, IsNotReadFromAnythingElse) {
  std::string line = drift_lines(ada());
  line.resize(line.find('\n'));
  ASSERT_TRUE(parse(line));
  const auto with = [&](const std::string& what, const std::string& instead) {
    std::string changed = line;
    const std::size_t place = changed.find(what);
    EXPECT_NE(place, std::string::npos);
    return changed.replace(place, what.size(), instead);
  };
  EXPECT_FALSE(parse(with("\"drift\"", "\"drizzle\"")));
  EXPECT_FALSE(parse(with("\"alarm\"", "\"panic\"")));
  EXPECT_FALSE(parse(with("2024-02-18T", "2024-02-31T")));
  EXPECT_FALSE(parse(with("\"events\":61", "\"events\":\"61\"")));
  EXPECT_FALSE(parse(with("\"rising\"", "\"raising\"")));
  EXPECT_FALSE(parse(line.substr(0, line.size() / 2)));
  EXPECT_FALSE(parse("[]"));
  EXPECT_FALSE(parse("{}"));
}

}  // namespace
}  // namespace driftcast
