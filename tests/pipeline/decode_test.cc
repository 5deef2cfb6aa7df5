// Every record ends in exactly one place, and a bad one is told why: the whole matrix of bad input, then rubbish.
#include "pipeline/decode.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "pipeline/json_text.h"
#include "pipeline/timestamps.h"
#include "pipeline/user_id.h"

namespace driftcast {
namespace {

std::string number(double value) {
  std::string text;
  append_json_double(text, value);
  return text;
}

// What a record became, in one line.
std::string told(const Decoded& decoded) {
  if (const auto* rejected = std::get_if<Rejected>(&decoded)) {
    std::string text = "rejected " + std::string(name(rejected->reason));
    return rejected->field.empty() ? text : text + " " + std::string(rejected->field);
  }
  if (const auto* erase = std::get_if<Erase>(&decoded)) return "erase " + std::string(erase->user);
  if (const auto* advance = std::get_if<Advance>(&decoded))
    return advance->to ? "advance " + rfc3339(*advance->to) : "close";
  const Event& event = std::get<Event>(decoded);
  std::string text = std::string(event.user) + " " + std::string(name(event.kind)) + " " + std::string(event.category) +
                     " " + rfc3339(event.at);
  if (event.dwell_ms != 0) text += " dwell " + number(event.dwell_ms);
  if (event.amount != 0) text += " amount " + number(event.amount);
  if (event.event_id != 0) text += " with id";
  return text;
}

// Decodes one record whose neighbours in memory would change its meaning if they were read.
class Bench {
 public:
  explicit Bench(const PipelineOptions& options = {}) : options_(options), decoder_(options_, operators_) {}

  Decoded decode(std::string_view value, std::string_view key = {}) {
    bytes_.assign(value).append(kPadding, '9');
    return decoder_.decode({key, std::string_view(bytes_).substr(0, value.size()), std::nullopt, 0}, arena_);
  }
  std::string tell(std::string_view value, std::string_view key = {}) { return told(decode(value, key)); }
  std::string tell_tombstone(std::string_view key) {
    return told(decoder_.decode({key, std::nullopt, std::nullopt, 0}, arena_));
  }

 private:
  const PipelineOptions options_;
  const OperatorOptions operators_;
  Decoder decoder_;
  Arena arena_;
  std::string bytes_;
};

// A good record; each member can be replaced (an empty text leaves it out), and others can follow.
struct Line {
  std::string user = R"("ann")", item = R"("b-17")", category = R"("books")", type = R"("view")",
              time = R"("2024-01-15T12:00:00Z")", more{};

  std::string text() const {
    std::string line = "{";
    for (const auto& [key, value] : {std::pair{"user_id", &user},
                                     {"item_id", &item},
                                     {"category", &category},
                                     {"event_type", &type},
                                     {"timestamp", &time}}) {
      if (!value->empty()) line += (line.size() > 1 ? ",\"" : "\"") + std::string(key) + "\":" + *value;
    }
    return line + more + "}";
  }
};

std::string good() { return Line{}.text(); }
std::string with_user(std::string json) { return Line{.user = std::move(json)}.text(); }
std::string with_category(std::string json) { return Line{.category = std::move(json)}.text(); }
std::string with_time(std::string json) { return Line{.time = std::move(json)}.text(); }
std::string with(std::string members) { return Line{.more = "," + std::move(members)}.text(); }
std::string nested(std::size_t depth) { return std::string(depth, '[') + "1" + std::string(depth, ']'); }
std::string members(int n) {
  std::string text = "\"x\":0";
  for (int i = 1; i < n; ++i) text += ",\"x" + std::to_string(i) + "\":0";
  return text;
}
std::string quoted(const std::string& text) { return "\"" + text + "\""; }

constexpr const char* kGood = "ann view books 2024-01-15T12:00:00Z";

struct Case {
  std::string what, bytes, becomes;
  std::string key{};
  friend std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.what; }
};

class BadInput : public testing::TestWithParam<Case> {};

TEST_P(BadInput, EndsInItsPlace) { EXPECT_EQ(Bench().tell(GetParam().bytes, GetParam().key), GetParam().becomes); }

const std::vector<Case> kCases = {
    // B1: not UTF-8
    {"Latin1", with_category("\"caf\xE9\""), "rejected encoding"},
    {"Latin1InAMemberNobodyReads", with("\"note\":\"caf\xE9\""), "rejected encoding"},
    {"SurrogateBytes", with_category("\"\xED\xA0\x80\""), "rejected encoding"},
    {"OverlongForm", with_category("\"\xC0\xAF\""), "rejected encoding"},
    {"CutSequence", with_category("\"\xE2\x82\""), "rejected encoding"},
    {"HalfASurrogatePair", with_category(R"("\ud83d")"), "rejected encoding"},
    {"TheOtherHalf", with_category(R"("\ude00x")"), "rejected encoding"},
    {"WholeSurrogatePair", with_category(R"("\ud83d\ude00")"), "ann view \xF0\x9F\x98\x80 2024-01-15T12:00:00Z"},
    // B2: not one JSON document
    {"CutInAMember", R"({"user_id":"ann","item_id")", "rejected syntax"},
    {"CutInAString", R"({"user_id":"an)", "rejected syntax"},
    {"CutInANumber", R"({"user_id":"ann","amount":1)", "rejected syntax"},
    {"TwoDocuments", good() + good(), "rejected syntax"},
    {"TrailingGarbage", good() + "x", "rejected syntax"},
    {"TrailingBlanks", good() + " \t\r\n ", kGood},
    {"LeadingBlanks", " \n" + good(), kGood},
    {"Form", "user_id=ann&category=books", "rejected syntax"},
    {"OnlyBlanks", "  \t ", "rejected syntax"},
    {"ControlCharacterInAString", with_category("\"bo\x01oks\""), "rejected syntax"},
    {"UnknownEscape", with_category(R"("bo\qoks")"), "rejected syntax"},
    {"SingleQuotes", "{'user_id':'ann'}", "rejected syntax"},
    {"TrailingComma", R"({"user_id":"ann",})", "rejected syntax"},
    {"Comment", good() + "// fine", "rejected syntax"},
    {"Nul", good() + std::string(1, '\0'), "rejected syntax"},
    {"NumberWithALeadingZero", with("\"amount\":01"), "rejected syntax"},
    {"NumberWithoutAFraction", with("\"amount\":1."), "rejected syntax"},
    {"ByteOrderMark", "\xEF\xBB\xBF" + good(), kGood},
    {"TwoByteOrderMarks", "\xEF\xBB\xBF\xEF\xBB\xBF" + good(), "rejected syntax"},
    // B3: not an object
    {"Array", "[" + good() + "]", "rejected not_object"},
    {"Number", "42", "rejected not_object"},
    {"String", "\"ann\"", "rejected not_object"},
    {"Null", "null", "rejected not_object"},
    // B4: too deep
    {"AsDeepAsAllowed", with("\"x\":" + nested(31)), kGood},
    {"OneTooDeep", with("\"x\":" + nested(32)), "rejected too_deep"},
    {"VeryDeep", nested(30'000), "rejected too_deep"},
    {"VeryDeepAndCut", std::string(50'000, '['), "rejected syntax"},
    {"VeryDeepObjects",
     [] {
       std::string text;
       for (int i = 0; i < 8'000; ++i) text += "{\"a\":";
       return text + "0" + std::string(8'000, '}');
     }(),
     "rejected too_deep"},
    // B5: too large
    {"AsLongAsAllowed", good() + std::string((64 << 10) - good().size(), ' '), kGood},
    {"OneByteTooLong", good() + std::string((64 << 10) + 1 - good().size(), ' '), "rejected too_large"},
    {"Megabytes", with("\"x\":" + quoted(std::string(3 << 20, 'x'))), "rejected too_large"},
    // B6: too many fields
    {"AsManyFieldsAsAllowed", with(members(123)), kGood},
    {"OneFieldTooMany", with(members(124)), "rejected too_many_fields"},
    {"TooManyFieldsInAMemberNobodyReads", with("\"x\":{" + members(123) + "}"), "rejected too_many_fields"},
    {"TooManyFieldsInAnArray", with("\"x\":[{" + members(62) + "},{" + members(61) + "}]"), "rejected too_many_fields"},
    {"NameOfTenKilobytes", with(quoted(std::string(10'000, 'n')) + ":1"), "rejected too_many_fields"},
    // B7: duplicate keys
    {"SameKeyTwice", with(R"("category":"films")"), "rejected duplicate_field"},
    {"SameKeyTwiceEscaped", with(R"("categor\u0079":"films")"), "rejected duplicate_field"},
    {"SameUnknownKeyTwice", with(R"("x":1,"x":1)"), "rejected duplicate_field"},
    {"SameKeyTwiceAmongMany", with(members(50) + R"(,"x7":1)"), "rejected duplicate_field"},
    {"SameKeyTwiceFurtherDown", with(R"("x":[{"y":{"z":1,"z":2}}])"), "rejected duplicate_field"},
    {"SameKeyInTwoObjects", with(R"("x":{"y":1},"z":{"y":1})"), kGood},
    // B8: missing
    {"NoUser", with_user(""), "rejected missing_field /user_id"},
    {"NullUser", with_user("null"), "rejected missing_field /user_id"},
    {"NoItem", Line{.item = ""}.text(), "rejected missing_field /item_id"},
    {"NoCategory", with_category(""), "rejected missing_field /category"},
    {"NoType", Line{.type = ""}.text(), "rejected missing_field /event_type"},
    {"NoTime", with_time(""), "rejected missing_field /timestamp"},
    {"NullTime", with_time("null"), "rejected missing_field /timestamp"},
    {"EmptyObject", "{}", "rejected missing_field /user_id"},
    {"NullWhereOptional", with(R"("event_id":null,"dwell_ms":null,"amount":null,"title":null)"), kGood},
    // B9, B37: wrong type
    {"NumberAsUser", with_user("42"), "rejected wrong_type /user_id"},
    {"ObjectAsUser", with_user(R"({"id":"ann"})"), "rejected wrong_type /user_id"},
    {"NumberAsItem", Line{.item = "17"}.text(), "rejected wrong_type /item_id"},
    {"ArrayAsCategory", with_category(R"(["books"])"), "rejected wrong_type /category"},
    {"BooleanAsType", Line{.type = "true"}.text(), "rejected wrong_type /event_type"},
    {"BooleanAsTime", with_time("true"), "rejected wrong_type /timestamp"},
    {"FractionAsTime", with_time("1705320000000.0"), "rejected wrong_type /timestamp"},
    {"ExponentAsTime", with_time("1.70532e12"), "rejected wrong_type /timestamp"},
    {"TimeBeyondSixtyFourBits", with_time("18446744073709551615"), "rejected wrong_type /timestamp"},
    {"NumberAsEventId", with("\"event_id\":7"), "rejected wrong_type /event_id"},
    {"NumberAsTitle", with("\"title\":7"), "rejected wrong_type /title"},
    {"StringAsAmount", with(R"("amount":"12.50")"), "rejected wrong_type /amount"},
    {"StringAsDwell", with(R"("dwell_ms":"300")"), "rejected wrong_type /dwell_ms"},
    {"IntegerBeyondSixtyFourBits", with_user("123456789012345678901234"), "rejected wrong_type"},
    {"NegativeIntegerBeyondSixtyFourBits", with_time("-9223372036854775809"), "rejected wrong_type"},
    // B10: unknown fields
    {"UnknownFields", with(R"("x":{"y":[1,2,{"z":null}]},"":0)"), kGood},
    // B13: nothing at all
    {"Empty", "", "rejected empty"},
    {"OnlyAByteOrderMark", "\xEF\xBB\xBF", "rejected empty"},
    {"EmptyWithAKey", "", "rejected empty", "ann"},
    // B14: the key
    {"KeyIsTheUser", good(), kGood, "ann"},
    {"KeyIsAnotherUser", good(), "rejected key_mismatch /user_id", "bob"},
    {"KeyIsTheUserInCapitals", good(), "rejected key_mismatch /user_id", "Ann"},
    // B15: user ids
    {"EmptyUser", with_user("\"\""), "rejected bad_user_id /user_id"},
    {"UserAsLongAsAllowed", with_user(quoted(std::string(256, 'u'))),
     std::string(256, 'u') + " view books 2024-01-15T12:00:00Z"},
    {"UserTooLong", with_user(quoted(std::string(257, 'u'))), "rejected bad_user_id /user_id"},
    {"NulInUser", with_user(R"("a\u0000b")"), "rejected bad_user_id /user_id"},
    {"EscapeSequenceInUser", with_user(R"("a\u001b[31mb")"), "rejected bad_user_id /user_id"},
    {"DeleteInUser", with_user("\"a\x7F\""), "rejected bad_user_id /user_id"},
    {"ControlFromTheSecondBlockInUser", with_user(R"("a\u0085b")"), "rejected bad_user_id /user_id"},
    {"BidirectionalOverrideInUser", with_user(R"("a\u202eb")"), "rejected bad_user_id /user_id"},
    {"BidirectionalIsolateInUser", with_user(R"("a\u2066b")"), "rejected bad_user_id /user_id"},
    // B16: opaque
    {"ScriptAsUser", with_user("\"<script>\""), "<script> view books 2024-01-15T12:00:00Z"},
    {"PathAsUser", with_user("\"../../x\""), "../../x view books 2024-01-15T12:00:00Z"},
    {"FormulaAsUser", with_user("\"=cmd()\""), "=cmd() view books 2024-01-15T12:00:00Z"},
    {"LineFeedInUser", with_user(R"("a\nb")"), "a\nb view books 2024-01-15T12:00:00Z"},
    // B17: categories
    {"EmptyCategory", with_category("\"\""), "rejected bad_category /category"},
    {"CategoryTooLong", with_category(quoted(std::string(129, 'c'))), "rejected bad_category /category"},
    {"ControlCharacterInCategory", with_category(R"("a\u0007")"), "rejected bad_category /category"},
    {"CategoryOfAnotherScript", with_category("\"\xE6\x9C\xAC\""), "ann view \xE6\x9C\xAC 2024-01-15T12:00:00Z"},
    {"UnknownType", Line{.type = "\"stare\""}.text(), "ann other books 2024-01-15T12:00:00Z"},
    {"EmptyType", Line{.type = "\"\""}.text(), "ann other books 2024-01-15T12:00:00Z"},
    // B21: not finite
    {"NotANumber", with("\"amount\":NaN"), "rejected not_finite"},
    {"NotANumberInLowerCase", with("\"amount\":nan"), "rejected not_finite"},
    {"Infinity", with("\"amount\":Infinity"), "rejected not_finite"},
    {"MinusInfinity", with("\"amount\":-Infinity"), "rejected not_finite"},
    {"Overflow", with("\"amount\":1e999"), "rejected not_finite"},
    {"NegativeOverflow", with("\"amount\":-1E+999"), "rejected not_finite"},
    {"OverflowInAMemberNobodyReads", with("\"x\":[1e400]"), "rejected not_finite"},
    {"Underflow", with("\"amount\":1e-999"), kGood},
    {"Denormal", with("\"amount\":4.9e-324"), kGood},
    {"MinusZero", with("\"amount\":-0.0"), kGood},
    {"CutAfterATitleWithInfinity", R"({"title":"NaN and Infinity","user_id":"ann)", "rejected syntax"},
    // B22, B23: out of range
    {"Refund", with("\"amount\":-12.5"), std::string(kGood) + " amount -12.5"},
    {"LargestAmount", with("\"amount\":1e12"), std::string(kGood) + " amount 1e+12"},
    {"AmountTooLarge", with("\"amount\":1.0001e12"), "rejected out_of_range /amount"},
    {"AmountFarTooLarge", with("\"amount\":1e308"), "rejected out_of_range /amount"},
    {"RefundTooLarge", with("\"amount\":-1e15"), "rejected out_of_range /amount"},
    {"NegativeDwell", with("\"dwell_ms\":-1"), "rejected out_of_range /dwell_ms"},
    {"Dwell", with("\"dwell_ms\":1500"), std::string(kGood) + " dwell 1500"},
    // B25, B26: timestamps
    {"Milliseconds", with_time("1705320000000"), kGood},
    {"Zero", with_time("0"), "rejected bad_timestamp /timestamp"},
    {"Negative", with_time("-1"), "rejected bad_timestamp /timestamp"},
    {"Seconds", with_time("1705320000"), "rejected bad_timestamp /timestamp"},
    {"Microseconds", with_time("1705320000000000"), "rejected bad_timestamp /timestamp"},
    {"Nanoseconds", with_time("1705320000000000000"), "rejected bad_timestamp /timestamp"},
    {"MillisecondsAsAString", with_time("\"1705320000000\""), "rejected bad_timestamp /timestamp"},
    {"Year1601", with_time("\"1601-01-01T00:00:00Z\""), "rejected bad_timestamp /timestamp"},
    {"LastMomentBefore2000", with_time("\"1999-12-31T23:59:59.999Z\""), "rejected bad_timestamp /timestamp"},
    {"FirstMomentOf2000", with_time("\"2000-01-01T00:00:00Z\""), "ann view books 2000-01-01T00:00:00Z"},
    {"LastMomentBefore2100", with_time("4102444799999"), "ann view books 2099-12-31T23:59:59.999Z"},
    {"FirstMomentOf2100", with_time("4102444800000"), "rejected bad_timestamp /timestamp"},
    {"NoZone", with_time("\"2024-01-15T12:00:00\""), "rejected bad_timestamp /timestamp"},
    {"BadZone", with_time("\"2024-01-15T12:00:00+25:00\""), "rejected bad_timestamp /timestamp"},
    {"NamedZone", with_time("\"2024-01-15T12:00:00 CET\""), "rejected bad_timestamp /timestamp"},
    {"OtherZone", with_time("\"2024-01-15T13:30:00.5+01:30\""), "ann view books 2024-01-15T12:00:00.500Z"},
    {"LeapSecond", with_time("\"2016-12-31T23:59:60Z\""), "ann view books 2016-12-31T23:59:59.999Z"},
    {"ThirtiethOfFebruary", with_time("\"2023-02-30T12:00:00Z\""), "rejected bad_timestamp /timestamp"},
    {"NoLeapYear", with_time("\"2023-02-29T12:00:00Z\""), "rejected bad_timestamp /timestamp"},
    {"OnlyADate", with_time("\"2024-01-15\""), "rejected bad_timestamp /timestamp"},
    {"Yesterday", with_time("\"yesterday\""), "rejected bad_timestamp /timestamp"},
    {"EmptyTime", with_time("\"\""), "rejected bad_timestamp /timestamp"},
    // event ids
    {"EventId", with(R"("event_id":"e-1")"), std::string(kGood) + " with id"},
    {"EmptyEventId", with(R"("event_id":"")"), kGood},
    // records that only move time
    {"Advance", R"({"type":"advance","timestamp":"2024-01-15T12:00:00Z"})", "advance 2024-01-15T12:00:00Z"},
    {"AdvanceInMilliseconds", R"({"timestamp":1705320000000,"type":"advance"})", "advance 2024-01-15T12:00:00Z"},
    {"Close", R"({"type":"advance","close":true})", "close"},
    {"CloseWithAKey", R"({"type":"advance","close":true})", "close", "ann"},
    {"AdvanceWithoutATime", R"({"type":"advance"})", "rejected missing_field /timestamp"},
    {"AdvanceThatDoesNotClose", R"({"type":"advance","close":false})", "rejected missing_field /timestamp"},
    {"AdvanceToNoTime", R"({"type":"advance","timestamp":"soon"})", "rejected bad_timestamp /timestamp"},
    {"AdvanceToAnotherType", R"({"type":"advance","timestamp":[]})", "rejected wrong_type /timestamp"},
    {"EventWithTheTypeAdvance", with(R"("type":"advance","close":true)"), kGood},
    {"OtherType", R"({"type":"retreat"})", "rejected missing_field /user_id"},
};

INSTANTIATE_TEST_SUITE_P(Matrix, BadInput, testing::ValuesIn(kCases),
                         [](const auto& instance) { return instance.param.what; });

// B12, B13, B15: records without a value
TEST(Decode, TakesATombstoneAsTheErasureOfItsUser) {
  Bench bench;
  EXPECT_EQ(bench.tell_tombstone("ann"), "erase ann");
  EXPECT_EQ(bench.tell_tombstone(""), "rejected empty");
  EXPECT_EQ(bench.tell_tombstone(std::string(257, 'u')), "rejected bad_user_id /user_id");
  EXPECT_EQ(bench.tell_tombstone("a\x1B[0m"), "rejected bad_user_id /user_id");
  EXPECT_EQ(bench.tell_tombstone("caf\xE9"), "rejected bad_user_id /user_id");
}

TEST(Decode, FillsInEveryFieldOfAnEvent) {
  Bench bench;
  const Decoded decoded =
      bench.decode(Line{.type = "\"purchase\"", .more = R"(,"event_id":"e-1","dwell_ms":2.5,"amount":-1e-3)"}.text());
  const Event& event = std::get<Event>(decoded);
  EXPECT_EQ(event.user, "ann");
  EXPECT_EQ(event.category, "books");
  EXPECT_EQ(event.category_hash, hash64("books"));
  EXPECT_EQ(event.event_id, hash64("e-1"));
  EXPECT_EQ(event.at, parse_rfc3339("2024-01-15T12:00:00Z"));
  EXPECT_EQ(event.kind, Kind::kPurchase);
  EXPECT_EQ(event.weight, OperatorOptions{}.kind_weights[static_cast<std::size_t>(Kind::kPurchase)]);
  EXPECT_EQ(event.dwell_ms, 2.5F);
  EXPECT_EQ(event.amount, -1e-3);
}

TEST(Decode, KeepsAnEventWhenItsRecordsBytesAreReused) {
  Bench bench;
  const Decoded first = bench.decode(with_user("\"caf\\u00e9\""));
  (void)bench.decode(with_user("\"somebody else\""));
  EXPECT_EQ(std::get<Event>(first).user, "caf\xC3\xA9");
}

TEST(Decode, FollowsPointersThroughObjectsArraysAndEscapes) {
  PipelineOptions options;
  options.mapping.user_id = "/data/who/0/id";
  options.mapping.category = "/a~1b~0c";
  options.mapping.item_id = "";
  options.mapping.event_type = "/data/what";
  options.mapping.timestamp = "/at";
  const std::string line =
      R"({"at":1705320000000,"a/b~c":"books","data":{"who":[{"id":"ann"},{"id":"bob"}],"what":"cart"}})";
  EXPECT_EQ(Bench(options).tell(line), "ann cart books 2024-01-15T12:00:00Z");
  EXPECT_EQ(Bench(options).tell(R"({"at":1705320000000,"a/b~c":"books","data":{"who":[],"what":"cart"}})"),
            "rejected missing_field /data/who/0/id");
}

TEST(Decode, ReadsTwoFieldsFromOnePlace) {
  PipelineOptions options;
  options.mapping.item_id = options.mapping.category;
  EXPECT_EQ(Bench(options).tell(Line{.item = ""}.text()), kGood);
}

TEST(Decode, ReadsAFieldAndAnotherBelowIt) {
  PipelineOptions options;
  options.mapping.item_id = "/thing";
  options.mapping.category = "/thing/0";
  EXPECT_EQ(Bench(options).tell(Line{.item = "", .category = "", .more = R"(,"thing":["books"])"}.text()),
            "rejected wrong_type /thing");
}

TEST(Decode, HoldsToTheLimitsItIsGiven) {
  PipelineOptions options;
  options.limits = {
      .record_bytes = 1 << 20, .depth = 3, .fields = 300, .user_id_bytes = 3, .category_bytes = 5, .amount_abs = 10};
  Bench bench(options);
  EXPECT_EQ(bench.tell(with(members(295))), kGood);
  EXPECT_EQ(bench.tell(with(members(296))), "rejected too_many_fields");
  EXPECT_EQ(bench.tell(with(members(200) + R"(,"x7":1)")), "rejected duplicate_field");
  EXPECT_EQ(bench.tell(with("\"x\":" + nested(2))), kGood);
  EXPECT_EQ(bench.tell(with("\"x\":" + nested(3))), "rejected too_deep");
  EXPECT_EQ(bench.tell(with_user("\"anna\"")), "rejected bad_user_id /user_id");
  EXPECT_EQ(bench.tell(with_category("\"movies\"")), "rejected bad_category /category");
  EXPECT_EQ(bench.tell(with("\"amount\":10.5")), "rejected out_of_range /amount");
  EXPECT_EQ(bench.tell(good() + std::string(900'000, ' ')), kGood);
}

TEST(Decode, GivesEveryRecordOfASliceItsPlace) {
  const PipelineOptions options;
  Decoder decoder(options, OperatorOptions{});
  DecodedSlice slice;
  auto buffer = std::make_shared<std::string>(good() + "[]" + std::string(kPadding, '\0'));
  const std::string_view bytes = *buffer;
  slice.slice.buffers.push_back(buffer);
  slice.slice.records = {{"", bytes.substr(0, good().size()), std::nullopt, 7},
                         {"", bytes.substr(good().size(), 2), std::nullopt, 8},
                         {"ann", std::nullopt, std::nullopt, 9}};
  decoder.decode(slice);
  ASSERT_EQ(slice.decoded.size(), 3U);
  EXPECT_EQ(told(slice.decoded[0]), kGood);
  EXPECT_EQ(told(slice.decoded[1]), "rejected not_object");
  EXPECT_EQ(told(slice.decoded[2]), "erase ann");
}

// --- rubbish ---

bool is_sound(const Event& event) {
  return is_utf8(event.user) && well_formed_name(event.user, 256) && is_utf8(event.category) &&
         well_formed_name(event.category, 128) && event.at >= parse_rfc3339("2000-01-01T00:00:00Z") &&
         event.at < parse_rfc3339("2100-01-01T00:00:00Z") && std::isfinite(event.dwell_ms) && event.dwell_ms >= 0 &&
         std::abs(event.amount) <= 1e12;
}

bool is_a_reason_of_bytes(Reason reason) {
  return reason != Reason::kNone && reason <= Reason::kBadTimestamp && reason != Reason::kFutureTimestamp;
}

// The slow twin: another parser says whether the bytes are JSON at all.
void expect_one_sound_place(const std::string& bytes) {
  Bench bench;
  const Decoded decoded = bench.decode(bytes);
  if (const auto* event = std::get_if<Event>(&decoded)) RC_ASSERT(is_sound(*event));
  const auto* rejected = std::get_if<Rejected>(&decoded);
  if (rejected != nullptr) RC_ASSERT(is_a_reason_of_bytes(rejected->reason));
  const Reason reason = rejected == nullptr ? Reason::kNone : rejected->reason;
  const bool refused_unread = reason == Reason::kTooDeep || reason == Reason::kTooLarge || reason == Reason::kEmpty ||
                              (reason == Reason::kWrongType && rejected->field.empty());
  const bool is_no_json = reason == Reason::kEncoding || reason == Reason::kSyntax || reason == Reason::kNotFinite;
  if (!refused_unread) RC_ASSERT(nlohmann::json::accept(bytes) == !is_no_json);
  RC_ASSERT(!std::holds_alternative<Erase>(decoded));
}

RC_GTEST_PROP(DecodeRubbish, AnyBytesEndInOnePlace, ()) { expect_one_sound_place(*rc::gen::arbitrary<std::string>()); }

RC_GTEST_PROP(DecodeRubbish, AnyJsonPunctuationEndsInOnePlace, ()) {
  const auto piece = rc::gen::element<std::string>("{", "}", "[", "]", ",", ":", "\"", "\\", "\"a\"", "\"user_id\"",
                                                   "1", "-", "1e999", "NaN", "null", "true", " ", "\\u", "d83d",
                                                   "\xF0\x9F\x98\x80", "\xE2", "99999999999999999999");
  std::string bytes;
  for (const std::string& each : *rc::gen::container<std::vector<std::string>>(piece)) bytes += each;
  expect_one_sound_place(bytes);
}

RC_GTEST_PROP(DecodeRubbish, AMutatedRecordEndsInOnePlace, ()) {
  std::string bytes = with(
      R"("event_id":"e\u002d1","dwell_ms":1.5,"amount":-3e2,"title":"Gr\u00f6\u00dfe \ud83d\ude00","x":{"y":[null,true]})");
  const int mutations = *rc::gen::inRange(1, 5);
  for (int i = 0; i < mutations; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    const auto length = std::min(*rc::gen::inRange<std::size_t>(1, 12), bytes.size() - at);
    switch (*rc::gen::inRange(0, 4)) {
      case 0: bytes[at] = *rc::gen::arbitrary<char>(); break;
      case 1: bytes.erase(at, length); break;
      case 2: bytes.insert(at, bytes.substr(*rc::gen::inRange<std::size_t>(0, bytes.size()), length)); break;
      default: bytes[at] = *rc::gen::elementOf(std::string("{}[],:\"\\0123456789eE+-. nuNI")); break;
    }
    if (bytes.empty()) bytes = "{";
  }
  expect_one_sound_place(bytes);
}

}  // namespace
}  // namespace driftcast
