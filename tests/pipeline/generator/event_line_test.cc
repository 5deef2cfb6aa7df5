#include "pipeline/generator/event_line.h"

#include <gtest/gtest.h>

#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

EventTime at(std::string_view text) { return *parse_rfc3339(text); }

class EventLineText : public testing::Test {
 protected:
  std::string text(const EventFields& event) {
    std::string line;
    line_.append(line, event);
    return line;
  }

  const Catalogue catalogue_{24, 400};
  EventLine line_{catalogue_};
};

TEST_F(EventLineText, HasTheFieldsOfTheDefaultMapping) {
  EventFields view{"u000042", {2, 113}, Kind::kView, at("2024-02-29T23:59:58.007Z"), 0xab, 1500};
  EXPECT_EQ(text(view), R"({"user_id":"u000042","item_id":"garden-0113","category":"garden","event_type":"view",)"
                        R"("timestamp":"2024-02-29T23:59:58.007Z","event_id":"00000000000000ab","dwell_ms":1500,)"
                        R"("title":"Northern trowel 113"})");
}

TEST_F(EventLineText, WritesMoneyWithTwoDigitsAndItsSign) {
  EventFields deal{"u", {0, 0}, Kind::kPurchase, at("2024-01-01T00:00:00Z"), 0, -1, true, 1205};
  EXPECT_NE(text(deal).find(R"(,"amount":12.05,)"), std::string::npos) << text(deal);
  deal.amount_cents = -5;
  EXPECT_NE(text(deal).find(R"(,"amount":-0.05,)"), std::string::npos) << text(deal);
  EXPECT_EQ(text(deal).find("dwell_ms"), std::string::npos);
}

TEST_F(EventLineText, WritesEveryTimeAsItReadsItWhateverDayCameBefore) {
  for (const char* time : {"2024-01-01T00:00:00.000Z", "2024-01-01T23:59:59.999Z", "2024-12-31T12:34:56.789Z",
                           "2023-12-31T23:00:00.010Z", "2024-01-01T00:00:00.100Z"}) {
    EventFields view{"u", {0, 0}, Kind::kView, at(time), 0};
    EXPECT_NE(text(view).find(std::string("\"timestamp\":\"") + time + "\""), std::string::npos) << text(view);
  }
}

}  // namespace
}  // namespace driftcast
