// What is published, byte for byte. These texts and ids are a promise to subscribers: change them only with the schema.
#include "pipeline/wire.h"

#include <gtest/gtest.h>

#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

EventTime at(const char* text) { return parse_rfc3339(text).value(); }

Forecast forecast() {
  Forecast f;
  f.step = 19737;
  f.as_of = at("2024-01-16T00:00:00Z");
  f.valid_until = at("2024-01-17T00:00:00Z");
  f.events = 42;
  f.steps = 12;
  f.first_seen = at("2024-01-04T09:30:00.250Z");
  f.basis = Basis::kWarm;
  f.level = 0.9;
  HorizonForecast week;
  week.steps = 7;
  week.mean = 12.5;
  week.lo = 4;
  week.hi = 23;
  week.available = 0b0000011;
  week.parts = {11, 14};
  week.weights = {0.25F, 0.75F};
  f.horizons = {week};
  f.interests = {{"books", 0.75F, 0.125F, 9.375, 3, 17}, {"a \"b\"", 0.2F, -0.5F, 2.5, 0, 6}};
  f.other = 0.05F;
  return f;
}

std::string text_of(const Forecast& f, const ModelSet& models = {}, bool explain = false) {
  std::string out;
  append_forecast(out, "ann", f, models, explain);
  return out;
}

TEST(Wire, WritesAForecast) {
  EXPECT_EQ(
      text_of(forecast()),
      R"({"schema":1,"type":"forecast","id":"34ce0cc438b06690783bf203b0fa1cdd","user":"ann","as_of":"2024-01-16T00:00:00Z",)"
      R"("valid_until":"2024-01-17T00:00:00Z","history":{"events":42,"steps":12,"first_seen":"2024-01-04T09:30:00.250Z"},)"
      R"("basis":"warm","horizons":[{"steps":7,"volume":{"mean":12.5,"lo":4,"hi":23,"level":0.9}}],)"
      R"("interests":[{"category":"books","share":0.75,"expected":9.375,"lo":3,"hi":17,"trend":0.125},)"
      R"({"category":"a \"b\"","share":0.2,"expected":2.5,"lo":0,"hi":6,"trend":-0.5}],"other":0.05,)"
      R"("drift":{"stage":"none"},"model":null,"flags":[]})");
}

TEST(Wire, TellsPartsAndWeightsOnlyWhenAsked) {
  const std::string plain = text_of(forecast());
  EXPECT_EQ(text_of(forecast(), {}, true),
            plain.substr(0, plain.size() - 1) +
                R"(,"parts":[{"steps":7,"arima":11,"ewma_slow":14,"weights":{"arima":0.25,"ewma_slow":0.75}}]})");
}

TEST(Wire, TellsPurchaseAndChurnOfTheHorizonsOfWhichTheyAreKnown) {
  Forecast f = forecast();
  f.horizons.push_back(f.horizons[0]);
  f.horizons[0].purchase = 0.25;
  f.horizons[0].churn = 0;
  const std::string text = text_of(f);
  EXPECT_NE(
      text.find(
          R"("horizons":[{"steps":7,"volume":{"mean":12.5,"lo":4,"hi":23,"level":0.9},"purchase":0.25,"churn":0},)"
          R"({"steps":7,"volume":{"mean":12.5,"lo":4,"hi":23,"level":0.9}}],"interests")"),
      std::string::npos)
      << text;
}

TEST(Wire, CallsTheNetworksPartByItsKind) {
  Forecast f = forecast();
  f.horizons[0].available = 0b1000001;
  f.horizons[0].parts = {11, 0, 0, 0, 0, 0, 13};
  f.horizons[0].weights = {0.25F, 0, 0, 0, 0, 0, 0.75F};
  const std::string text = text_of(f, {}, true);
  EXPECT_NE(text.find(R"("parts":[{"steps":7,"arima":11,"lstm":13,"weights":{"arima":0.25,"lstm":0.75}}])"),
            std::string::npos)
      << text;
}

TEST(Wire, TellsTheDriftOfAForecastAndItsFlags) {
  Forecast f = forecast();
  f.drift = {DriftStage::kConfirmed, DriftKind::kVolume, at("2024-01-10T11:00:00Z")};
  f.capped = f.dormant = f.returned = true;
  const std::string text = text_of(f);
  EXPECT_NE(text.find(R"("drift":{"stage":"confirmed","kind":"volume","since":"2024-01-10T11:00:00Z"})"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("flags":["capped","dormant","returned"])"), std::string::npos) << text;
}

TEST(Wire, WritesADriftSignal) {
  DriftSignal signal;
  signal.at = at("2024-01-15T12:00:00.007Z");
  signal.step = 19737;
  signal.ordinal = 3;
  signal.stage = DriftStage::kAlarm;
  signal.evidence = 9.25F;
  signal.severity = 0.5F;
  signal.rising = {{"books", 0.125F, 0.75F}};
  signal.falling = {{"films", 0.5F, 0}, {"games", 0.25F, 0.125F}};
  signal.events = 99;
  std::string out;
  append_drift(out, "ann", signal);
  EXPECT_EQ(
      out,
      R"({"schema":1,"type":"drift","id":"316faf4cae72666a421be1f38203ee6e","user":"ann","at":"2024-01-15T12:00:00.007Z",)"
      R"("kind":"mix","stage":"alarm","evidence":9.25,"severity":0.5,"rising":[{"category":"books","from":0.125,"to":0.75}],)"
      R"("falling":[{"category":"films","from":0.5,"to":0},{"category":"games","from":0.25,"to":0.125}],"events":99})");
}

TEST(Wire, WritesASession) {
  Session session;
  session.start = at("2024-01-15T12:00:00Z");
  session.end = at("2024-01-15T12:40:00Z");
  session.events = 4;
  session.kinds = {3, 0, 0, 1, 0, 0};
  session.amount = 0.1 + 0.2;
  session.categories = {{"books", 3}, {"caf\xC3\xA9", 1}};
  std::string out;
  append_session(out, "ann", session);
  EXPECT_EQ(
      out,
      R"({"schema":1,"type":"session","id":"1f0152923816b51aa691c20cc7758217","user":"ann","start":"2024-01-15T12:00:00Z",)"
      R"("end":"2024-01-15T12:40:00Z","events":4,"kinds":{"view":3,"purchase":1},"amount":0.30000000000000004,)"
      "\"categories\":{\"books\":3,\"caf\xC3\xA9\":1}}");
}

std::string envelope(const OutboxRecord& record) {
  std::string out;
  append_envelope(out, 2, record);
  return out;
}

TEST(Wire, PutsALetterIntoAnEnvelopeAsItCame) {
  EXPECT_EQ(
      envelope({Topic::kDeadLetters, Reason::kBadUserId, {7, 3}, "ann", "{\"user_id\":\"\\u0007\"}", "/user_id"}),
      R"({"reason":"bad_user_id","origin":{"partition":2,"offset":7},"key":"ann","value":"{\"user_id\":\"\\u0007\"}","field":"/user_id"})");
  EXPECT_EQ(envelope({Topic::kLate, Reason::kLate, {0, 0}, "", "", ""}),
            R"({"reason":"late","origin":{"partition":2,"offset":0},"key":null,"value":""})");
}

TEST(Wire, SaysHowMuchOfALetterWasNotKept) {
  EXPECT_EQ(envelope({Topic::kDeadLetters, Reason::kTooLarge, {7, 0}, "", "xx", "", 4998}),
            R"({"reason":"too_large","origin":{"partition":2,"offset":7},"key":null,"value":"xx","cut":4998})");
}

TEST(Wire, WritesBytesThatAreNotTextInBase64) {
  EXPECT_EQ(
      envelope({Topic::kDeadLetters, Reason::kEncoding, {7, 0}, "ann", "caf\xE9", ""}),
      R"({"reason":"encoding","origin":{"partition":2,"offset":7},"key":"YW5u","value":"Y2Fm6Q==","encoding":"base64"})");
  EXPECT_EQ(
      envelope({Topic::kDeadLetters, Reason::kKeyMismatch, {7, 0}, "\xFF", "{}", "/user_id"}),
      R"({"reason":"key_mismatch","origin":{"partition":2,"offset":7},"key":"/w==","value":"e30=","encoding":"base64","field":"/user_id"})");
}

// Subscribers use ids to recognise what they have seen: they never change for the same thing.
TEST(Wire, GivesTheSameThingTheSameIdForEver) {
  EXPECT_EQ(output_id("ann", "forecast", 19737, 0), "34ce0cc438b06690783bf203b0fa1cdd");
  EXPECT_EQ(output_id("ann", "drift", 19737, 3), "316faf4cae72666a421be1f38203ee6e");
  EXPECT_EQ(output_id("", "session", -1, -1), "c37d8458263e54952e52ccb8a92616f3");
}

TEST(Wire, GivesDifferentThingsDifferentIds) {
  const std::string id = output_id("ann", "forecast", 12, 3);
  EXPECT_NE(output_id("anna", "forecast", 12, 3), id);
  EXPECT_NE(output_id("ann", "drift", 12, 3), id);
  EXPECT_NE(output_id("ann", "forecast", 123, 0), id);
  EXPECT_NE(output_id("ann", "forecast", 1, 23), id);
  EXPECT_NE(output_id("3:ann", "forecast", 12, 3), output_id("ann", "forecast", 12, 3));
  EXPECT_EQ(id.size(), 32U);
}

}  // namespace
}  // namespace driftcast
