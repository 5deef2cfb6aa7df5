// The codec: every bit comes back, and bytes that were not written so are refused.
#include "state/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <tuple>

#include "tests/support/hex.h"

namespace driftcast {
namespace {

enum class Colour : std::uint8_t { kRed = 1, kBlue = 200 };

struct Leaf {
  std::int32_t size = 0;
  std::string name;
  bool operator==(const Leaf&) const = default;
};

// A field of every type the codec knows.
struct Tree {
  static constexpr std::uint8_t kFormat = 3;
  bool flag = false;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint64_t u64 = 0;
  Colour colour = Colour::kRed;
  float single = 0;
  double wide = 0;
  std::string text;
  EventTime at{};
  Duration span{};
  std::pair<std::string, std::int64_t> pair;
  std::optional<Leaf> leaf;
  std::optional<float> number;
  std::vector<float> floats;
  std::vector<Leaf> leaves;
  std::vector<std::vector<std::int64_t>> nested;
  std::array<float, 5> five{};
  std::array<double, 2> two{};
};

template <class Archive>
void fields(Archive& archive, Leaf& leaf) {
  archive(leaf.size, leaf.name);
}
template <class Archive>
void fields(Archive& archive, Tree& tree) {
  archive(tree.flag, tree.i8, tree.i16, tree.i64, tree.u8, tree.u16, tree.u64, tree.colour, tree.single, tree.wide,
          tree.text, tree.at, tree.span, tree.pair, tree.leaf, tree.number, tree.floats, tree.leaves, tree.nested,
          tree.five, tree.two);
}

std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }
std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

template <class Numbers>
auto all_bits(const Numbers& numbers) {
  std::vector<std::uint64_t> result;
  for (const auto number : numbers) result.push_back(bits(number));
  return result;
}

// Equal exactly when every bit is.
auto content(const Tree& tree) {
  const auto number = tree.number ? std::optional(bits(*tree.number)) : std::nullopt;
  return std::tuple(tree.flag, tree.i8, tree.i16, tree.i64, tree.u8, tree.u16, tree.u64, tree.colour, bits(tree.single),
                    bits(tree.wide), tree.text, tree.at, tree.span, tree.pair, tree.leaf, number, all_bits(tree.floats),
                    tree.leaves, tree.nested, all_bits(tree.five), all_bits(tree.two));
}

// All bit patterns, and each of the short forms often.
rc::Gen<float> any_float() {
  const auto from_bits = [](std::uint32_t pattern) { return std::bit_cast<float>(pattern); };
  return rc::gen::oneOf(rc::gen::map(rc::gen::arbitrary<std::uint32_t>(), from_bits),
                        rc::gen::map(rc::gen::arbitrary<std::uint16_t>(),
                                     [=](std::uint16_t upper) { return from_bits(std::uint32_t{upper} << 16); }),
                        rc::gen::map(rc::gen::inRange(-3, 260), [](int whole) { return static_cast<float>(whole); }),
                        rc::gen::element(0.0F, -0.0F, 255.0F, 256.0F, std::nanf("1"), -std::nanf("77"),
                                         std::numeric_limits<float>::infinity(),
                                         std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::max()));
}

template <class Integer>
rc::Gen<Integer> any_integer() {
  using Limits = std::numeric_limits<Integer>;
  return rc::gen::oneOf(rc::gen::arbitrary<Integer>(), rc::gen::element(Limits::min(), Limits::max(), Integer{0}));
}

Leaf any_leaf() { return {*any_integer<std::int32_t>(), *rc::gen::arbitrary<std::string>()}; }

std::int64_t any_time() { return *any_integer<std::int64_t>() / 4; }

Tree any_tree() {
  Tree tree;
  tree.flag = *rc::gen::arbitrary<bool>();
  tree.i8 = *any_integer<std::int8_t>();
  tree.i16 = *any_integer<std::int16_t>();
  tree.i64 = *any_integer<std::int64_t>();
  tree.u8 = *any_integer<std::uint8_t>();
  tree.u16 = *any_integer<std::uint16_t>();
  tree.u64 = *any_integer<std::uint64_t>();
  tree.colour = *rc::gen::element(Colour::kRed, Colour::kBlue);
  tree.single = *any_float();
  tree.wide = std::bit_cast<double>(*rc::gen::arbitrary<std::uint64_t>());
  tree.text = *rc::gen::arbitrary<std::string>();
  tree.at = event_time(any_time());
  tree.span = Duration{any_time()};
  tree.pair = {*rc::gen::arbitrary<std::string>(), *any_integer<std::int64_t>()};
  if (*rc::gen::arbitrary<bool>()) tree.leaf = any_leaf();
  if (*rc::gen::arbitrary<bool>()) tree.number = *any_float();
  tree.floats = *rc::gen::container<std::vector<float>>(any_float());
  for (int left = *rc::gen::inRange(0, 4); left > 0; --left) tree.leaves.push_back(any_leaf());
  tree.nested = *rc::gen::arbitrary<std::vector<std::vector<std::int64_t>>>();
  for (float& value : tree.five) value = *any_float();
  for (double& value : tree.two) value = std::bit_cast<double>(*rc::gen::arbitrary<std::uint64_t>());
  return tree;
}

// Bytes as somebody would store who knows the checksum: format, body, checksum.
std::string sealed(std::string bytes) {
  const auto checksum = static_cast<std::uint32_t>(hash64(bytes));
  char raw[sizeof checksum];
  std::memcpy(raw, &checksum, sizeof checksum);
  return bytes.append(raw, sizeof checksum);
}

template <class T>
std::string body_of(const T& value) {
  std::string bytes = encode_value(value);
  return bytes.substr(0, bytes.size() - 4);
}

RC_GTEST_PROP(Codec, GivesBackEveryBitOfEveryType, ()) {
  const Tree tree = *rc::gen::exec(any_tree);
  const auto decoded = decode_value<Tree>(encode_value(tree));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(content(*decoded) == content(tree));
}

bool is_refused(std::string_view bytes) {
  const auto decoded = decode_value<Tree>(bytes);
  return !decoded && decoded.error().code == ErrorCode::kIo;
}

RC_GTEST_PROP(Codec, RefusesEveryTruncationAndEveryFlippedBit, ()) {
  constexpr int kSmall = 8;  // every bit of it is tried
  const std::string bytes = encode_value(*rc::gen::resize(kSmall, rc::gen::exec(any_tree)));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (!is_refused(std::string_view(bytes).substr(0, size))) RC_FAIL("cut to " + std::to_string(size) + " bytes");
  }
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(static_cast<unsigned char>(flipped[bit / 8]) ^ 1U << bit % 8);
    if (!is_refused(flipped)) RC_FAIL("flipped bit " + std::to_string(bit));
  }
}

// A checksum that fits proves nothing about who wrote the bytes.
RC_GTEST_PROP(Codec, SurvivesAnyBytesUnderAChecksumThatFits, ()) {
  std::string bytes = body_of(*rc::gen::resize(20, rc::gen::exec(any_tree)));
  const int changes = *rc::gen::inRange(0, 6);
  for (int i = 0; i < changes; ++i) {
    bytes[*rc::gen::inRange<std::size_t>(1, bytes.size())] = *rc::gen::arbitrary<char>();
  }
  bytes.resize(*rc::gen::inRange<std::size_t>(1, bytes.size() + 1));
  const auto decoded = decode_value<Tree>(sealed(bytes));
  if (decoded) {
    RC_ASSERT(content(*decode_value<Tree>(encode_value(*decoded))) == content(*decoded));
  } else {
    RC_ASSERT(decoded.error().code == ErrorCode::kIo);
  }
}

struct Numbers {
  static constexpr std::uint8_t kFormat = 1;
  std::vector<float> floats;
  std::vector<Leaf> leaves;
  std::string text;
  std::uint8_t small = 0;
  bool flag = false;
};
template <class Archive>
void fields(Archive& archive, Numbers& numbers) {
  archive(numbers.floats, numbers.leaves, numbers.text, numbers.small, numbers.flag);
}

TEST(Codec, BelievesNoLengthThatTheBytesCannotHold) {
  const std::string huge = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F";         // 2^63 - 1
  const std::string endless = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02";  // beyond 64 bits
  const std::string empty(1, '\0');
  for (const std::string& length : {huge, endless}) {
    EXPECT_FALSE(decode_value<Numbers>(sealed("\1" + length)));                  // floats
    EXPECT_FALSE(decode_value<Numbers>(sealed("\1" + empty + length)));          // leaves
    EXPECT_FALSE(decode_value<Numbers>(sealed("\1" + empty + empty + length)));  // text
  }
}

TEST(Codec, RefusesANumberOutOfItsFieldsRange) {
  const std::string three_empty(3, '\0');
  EXPECT_TRUE(decode_value<Numbers>(sealed("\1" + three_empty + "\xFF\x01" + "\1")));   // 255, true
  EXPECT_FALSE(decode_value<Numbers>(sealed("\1" + three_empty + "\x80\x02" + "\1")));  // 256
  EXPECT_FALSE(decode_value<Numbers>(sealed("\1" + three_empty + "\xFF\x01" + "\2")));  // neither false nor true
}

TEST(Codec, RefusesBytesBeyondTheLastField) {
  EXPECT_TRUE(decode_value<Numbers>(sealed(body_of(Numbers{}))));
  EXPECT_FALSE(decode_value<Numbers>(sealed(body_of(Numbers{}) + "x")));
}

struct Sample {
  static constexpr std::uint8_t kFormat = 7;
  std::int64_t minus = -1;
  std::uint32_t count = 300;
  std::string text = "ab";
  float single = 1.5F;
  std::vector<float> floats = {0, 3, 0.5F, 0.1F};
  std::optional<std::int32_t> none, some = 5;
  bool flag = true;
  EventTime at = event_time(1000);
  Colour colour = Colour::kBlue;
};
template <class Archive>
void fields(Archive& archive, Sample& sample) {
  archive(sample.minus, sample.count, sample.text, sample.single, sample.floats, sample.none, sample.some, sample.flag,
          sample.at, sample.colour);
}

TEST(Codec, WritesTheBytesItAlwaysWrote) {
  EXPECT_EQ(hex(encode_value(Sample{})),
            "07"                  // format
            "01ac02"              // -1, 300
            "026162"              // "ab"
            "0000c03f"            // 1.5
            "04e403003fcdcccc3d"  // four floats: their tags, then 3, 0.5, 0.1
            "00010a"              // none, 5
            "01d00fc801"          // true, 1000 ms, 200
            "c988e131");          // checksum
}

TEST(Codec, TakesOneByteForAnUnusedVector) { EXPECT_EQ(body_of(Numbers{}).size(), 6U); }

TEST(Codec, RefusesANewerFormatAsAMatterOfConfiguration) {
  std::string newer = body_of(Sample{});
  newer[0] = 8;
  const auto decoded = decode_value<Sample>(sealed(newer));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::kConfig);
  EXPECT_EQ(decoded.error().message, "a stored value has format 8, newer than this program's 7");
}

// Of format 1 it had no name.
struct Renamed {
  static constexpr std::uint8_t kFormat = 2;
  std::int64_t size = 0;
  std::string name;
};
template <class Archive>
void fields(Archive& archive, Renamed& value) {
  archive(value.size);
  if (archive.version() >= 2) archive(value.name);
}

TEST(Codec, ReadsAnOlderFormatAndWritesTheNewest) {
  const auto old = decode_value<Renamed>(sealed(std::string("\1\4", 2)));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->size, 2);
  EXPECT_EQ(old->name, "");
  EXPECT_EQ(hex(body_of(*old)), "020400");
}

}  // namespace
}  // namespace driftcast
