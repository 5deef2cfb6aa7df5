// Appending JSON, against another library's parser and the standard library's numbers.
#include "pipeline/json_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>

namespace driftcast {
namespace {

std::string string_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}
std::string number_text(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}
std::string double_text(double value) {
  std::string out;
  append_json_double(out, value);
  return out;
}

void append_code_point(std::string& out, char32_t c) {
  const auto byte = [&](char32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | c >> 6), byte(0x80 | (c & 63));
  } else if (c < 0x10000) {
    byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63));
  } else {
    byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 63)), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63));
  }
}

bool is_surrogate(char32_t c) { return c >= 0xD800 && c < 0xE000; }

rc::Gen<std::string> any_text() {
  const auto code_point =
      rc::gen::suchThat(rc::gen::oneOf(rc::gen::inRange<char32_t>(0, 0x80), rc::gen::inRange<char32_t>(0, 0x800),
                                       rc::gen::inRange<char32_t>(0, 0x110000)),
                        [](char32_t c) { return !is_surrogate(c); });
  return rc::gen::map(rc::gen::container<std::vector<char32_t>>(code_point), [](const std::vector<char32_t>& text) {
    std::string out;
    for (const char32_t c : text) append_code_point(out, c);
    return out;
  });
}

RC_GTEST_PROP(JsonText, StringsReadBackAsWritten, ()) {
  const std::string text = *any_text();
  RC_ASSERT(nlohmann::json::parse(string_text(text)).get<std::string>() == text);
}

TEST(JsonText, EscapesWhatJsonAsksForAndNothingElse) {
  EXPECT_EQ(string_text(""), R"("")");
  EXPECT_EQ(string_text("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(string_text("\n\r\t\b\f\x1F\x7F"), "\"\\n\\r\\t\\u0008\\u000c\\u001f\x7F\"");
  EXPECT_EQ(string_text(std::string("\0x", 2)), R"("\u0000x")");
  EXPECT_EQ(string_text("caf\xC3\xA9 \xF0\x9F\x98\x80"), "\"caf\xC3\xA9 \xF0\x9F\x98\x80\"");
}

RC_GTEST_PROP(JsonText, NumbersReadBackToTheSameFloat, ()) {
  const auto value = std::bit_cast<float>(*rc::gen::arbitrary<std::uint32_t>());
  RC_PRE(std::isfinite(value));
  const std::string text = number_text(value);
  RC_ASSERT(nlohmann::json::parse(text).is_number());
  RC_ASSERT(std::strtof(text.c_str(), nullptr) == value);
}

RC_GTEST_PROP(JsonText, DoublesReadBackToTheSameDouble, ()) {
  const auto value = std::bit_cast<double>(*rc::gen::arbitrary<std::uint64_t>());
  RC_PRE(std::isfinite(value));
  const std::string text = double_text(value);
  RC_ASSERT(nlohmann::json::parse(text).is_number());
  RC_ASSERT(std::strtod(text.c_str(), nullptr) == value);
}

TEST(JsonText, NumbersAreShortAndNeverAnythingButNumbers) {
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(-2.0), "-2");
  EXPECT_EQ(number_text(-0.0), "0");
  EXPECT_EQ(number_text(1e-300), "0");  // below what a float can hold
  EXPECT_EQ(number_text(-1e-300), "0");
  EXPECT_EQ(number_text(std::nan("")), "0");
  EXPECT_EQ(number_text(std::numeric_limits<double>::infinity()), "3.4028235e+38");
  EXPECT_EQ(number_text(-1e300), "-3.4028235e+38");
  EXPECT_EQ(double_text(-0.0), "0");
  EXPECT_EQ(double_text(0.1 + 0.2), "0.30000000000000004");
}

TEST(JsonText, WritesIntegersWhole) {
  std::string out;
  append_json_number(out, std::numeric_limits<std::int64_t>::min());
  append_json_number(out, std::int64_t{9'007'199'254'740'993});
  EXPECT_EQ(out, "-92233720368547758089007199254740993");
}

// The slow twin: decode code points, write them again, compare.
bool reads_back(std::string_view bytes) {
  std::string again;
  for (std::size_t i = 0; i < bytes.size();) {
    const auto byte = [&](std::size_t at) { return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0; };
    const unsigned first = byte(i);
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) c = c << 6 | (byte(i + k) & 63U);
    if (is_surrogate(c) || c > 0x10FFFF) return false;
    append_code_point(again, c);
    i += length;
  }
  return again == bytes;
}

RC_GTEST_PROP(Utf8, IsToldAsASlowDecoderTellsIt, ()) {
  std::string bytes = *any_text();
  RC_ASSERT(is_utf8(bytes));
  const auto high =
      rc::gen::element<unsigned char>(0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
                                      0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF);
  for (const unsigned char byte : *rc::gen::container<std::vector<unsigned char>>(high))
    bytes += static_cast<char>(byte);
  if (!bytes.empty()) bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
  RC_ASSERT(is_utf8(bytes) == reads_back(bytes));
}

TEST(Base64, WritesTheVectorsOfTheStandard) {  // RFC 4648, section 10
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64(std::string("\xFB\xFF\x00", 3)), "+/8A");
}

}  // namespace
}  // namespace driftcast
