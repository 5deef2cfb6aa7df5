// Named tensors as bytes and back; files that are cut, forged, foreign or made of noise.
#include "config/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string length_bytes(std::uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, bytes.size());
  return bytes;
}

std::string file_of(const std::string& header, const std::string& data) {
  return length_bytes(header.size()) + header + data;
}

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets,
                  const std::string& type = "F32") {
  return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":[)" + shape + R"(],"data_offsets":[)" + offsets + "]}";
}

// The message of a refusal, or nothing.
std::string refusal(const std::string& bytes) {
  const Result<Safetensors> read = read_safetensors(bytes, "file");
  if (read) return "";
  EXPECT_EQ(read.error().code, ErrorCode::kData);
  EXPECT_THAT(read.error().message, HasSubstr("'file'"));
  return read.error().message;
}

// Of a file with this header and 8 zero bytes of data.
std::string refusal_of_header(const std::string& header) { return refusal(file_of(header, std::string(8, '\0'))); }

std::string small_file() {
  const std::vector<Tensor> tensors = {{"a", {2, 3}, {1, 2, 3, 4, 5, 6}}, {"b", {}, {0.5F}}, {"c", {0, 7}, {}}};
  return safetensors_bytes(tensors, {{"epoch", "12"}, {"a \"key\"", "with\nlines"}});
}

// Whatever was read takes no more numbers than the file has bytes for, and its shapes are its numbers'.
void expect_sound(const Safetensors& read, std::size_t file) {
  std::size_t bytes = 0;
  for (const Tensor& tensor : read.tensors) {
    std::uint64_t size = 1;
    for (const std::uint64_t length : tensor.shape) size *= length;
    EXPECT_EQ(size, tensor.data.size());
    bytes += 2 * tensor.data.size();  // F16 at least
    for (const float number : tensor.data) EXPECT_TRUE(std::isfinite(number));
  }
  EXPECT_LE(bytes, file);
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const Safetensors read = read_safetensors(small_file(), "file").value();
  ASSERT_EQ(read.tensors.size(), 3U);
  EXPECT_EQ(read.tensors[0].name, "a");
  EXPECT_THAT(read.tensors[0].shape, ElementsAre(2, 3));
  EXPECT_THAT(read.tensors[0].data, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(read.tensors[1].name, "b");
  EXPECT_THAT(read.tensors[1].shape, IsEmpty());
  EXPECT_THAT(read.tensors[1].data, ElementsAre(0.5F));
  EXPECT_THAT(read.tensors[2].shape, ElementsAre(0, 7));
  EXPECT_THAT(read.tensors[2].data, IsEmpty());
  EXPECT_EQ(read.metadata, (TensorMetadata{{"epoch", "12"}, {"a \"key\"", "with\nlines"}}));
}

TEST(Safetensors, ReadsAFileWithoutTensors) {
  const Safetensors read = read_safetensors(safetensors_bytes({}, {}), "file").value();
  EXPECT_THAT(read.tensors, IsEmpty());
  EXPECT_THAT(read.metadata, IsEmpty());
}

TEST(Safetensors, WritesTheFormatByteForByte) {
  const std::vector<Tensor> tensors = {{"x", {1}, {1.0F}}};
  const std::string header = R"({"__metadata__":{"k":"v"},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  const std::string padding((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(safetensors_bytes(tensors, {{"k", "v"}}), file_of(header + padding, std::string("\0\0\x80\x3f", 4)));
}

TEST(Safetensors, BeginsItsDataAtAMultipleOfEightBytes) {
  for (std::size_t length = 1; length <= 16; ++length) {
    const std::vector<Tensor> tensors = {{std::string(length, 'n'), {1}, {1.0F}}};
    EXPECT_EQ((safetensors_bytes(tensors, {}).size() - sizeof(float)) % 8, 0U) << length;
  }
}

RC_GTEST_PROP(Safetensors, KeepsEveryBitOfAFiniteNumber, (std::vector<std::uint32_t> bits)) {
  Tensor tensor{"t", {}, {}};
  for (const std::uint32_t each : bits) {
    const auto number = std::bit_cast<float>(each);
    if (std::isfinite(number)) tensor.data.push_back(number);
  }
  tensor.data.push_back(-0.0F);
  tensor.shape = {tensor.data.size()};
  const Safetensors read = read_safetensors(safetensors_bytes(std::span(&tensor, 1), {}), "file").value();
  RC_ASSERT(read.tensors.size() == 1U);
  RC_ASSERT(read.tensors[0].data.size() == tensor.data.size());
  RC_ASSERT(std::memcmp(read.tensors[0].data.data(), tensor.data.data(), tensor.data.size() * sizeof(float)) == 0);
}

TEST(Safetensors, WidensHalfPrecision) {
  const std::string halves("\x00\x3c\x00\xc0\xff\x7b\x01\x00", 8);  // 1, -2, 65504, 2^-24
  const Safetensors read = read_safetensors(file_of("{" + entry("h", "4", "0,8", "F16") + "}", halves), "file").value();
  EXPECT_THAT(read.tensors.at(0).data, ElementsAre(1, -2, 65504, std::ldexp(1.0F, -24)));
}

TEST(Safetensors, GivesTensorsInTheOrderOfTheirData) {
  const std::string header = "{" + entry("second", "1", "4,8") + "," + entry("first", "1", "0,4") + "}";
  const Safetensors read = read_safetensors(file_of(header, std::string(8, '\0')), "file").value();
  ASSERT_EQ(read.tensors.size(), 2U);
  EXPECT_EQ(read.tensors[0].name, "first");
  EXPECT_EQ(read.tensors[1].name, "second");
}

TEST(Safetensors, RefusesAFileCutAtAnyByte) {
  const std::string whole = small_file();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(refusal(whole.substr(0, length)), "") << "cut after " << length << " of " << whole.size();
  }
  EXPECT_NE(refusal(whole + '\0'), "");
}

TEST(Safetensors, SaysThatAFileWasCut) {
  const std::string whole = small_file();
  EXPECT_THAT(refusal(""), HasSubstr("has at least 8 bytes, this one has 0 bytes"));
  EXPECT_THAT(refusal(whole.substr(0, 20)), HasSubstr("it ends too early: the header has "));
  EXPECT_THAT(refusal(whole.substr(0, whole.size() - 1)),
              HasSubstr("holds 27 bytes behind the header, its tensors take 28: it ends too early"));
  EXPECT_THAT(refusal(whole + "x"), HasSubstr("holds 29 bytes behind the header, its tensors take 28"));
}

TEST(Safetensors, RefusesOrReadsSoundlyAHeaderWithAnyBitFlipped) {
  const std::string whole = small_file();
  const std::size_t data = 7 * sizeof(float);
  int refused = 0;
  for (std::size_t byte = 0; byte < whole.size() - data; ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[byte] = static_cast<char>(flipped[byte] ^ 1 << bit);
      if (const Result<Safetensors> read = read_safetensors(flipped, "file")) {
        expect_sound(*read, flipped.size());
      } else {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1000);  // what is read all the same has another name or text
}

TEST(Safetensors, RefusesEveryLieAboutTheLengthOfTheHeader) {
  const std::string rest = small_file().substr(8);
  const std::uint64_t good = small_file().size() - 8 - 7 * sizeof(float);
  std::string header = small_file().substr(0, 8);
  ASSERT_EQ(header, length_bytes(good));
  for (const std::uint64_t lie :
       {std::uint64_t{0}, std::uint64_t{1}, good - 8, good - 1, good + 1, good + 8, good + 28, good + 29,
        std::uint64_t{kLargestTensorHeader}, std::uint64_t{kLargestTensorHeader} + 1, std::uint64_t{1} << 32,
        std::uint64_t{1} << 63, ~std::uint64_t{0} - 7, ~std::uint64_t{0}}) {
    EXPECT_NE(refusal(length_bytes(lie) + rest), "") << lie;
  }
  EXPECT_THAT(refusal(length_bytes(1ULL << 63) + rest),
              HasSubstr("claim a header of 9223372036854775808 bytes, allowed are 65536"));
}

TEST(Safetensors, RefusesEveryLieAboutTheSizeOfATensor) {
  const auto with = [](const std::string& shape, const std::string& offsets) {
    return refusal_of_header("{" + entry("t", shape, offsets) + "}");
  };
  ASSERT_EQ(with("2", "0,8"), "");
  EXPECT_THAT(with("1", "0,8"), HasSubstr("'t'.data_offsets: span 8 bytes, which are not those of the shape"));
  EXPECT_THAT(with("3", "0,8"), HasSubstr("not those of the shape"));
  EXPECT_THAT(with("0", "0,8"), HasSubstr("not those of the shape"));
  EXPECT_THAT(with("9223372036854775808", "0,8"), HasSubstr("not those of the shape"));
  EXPECT_THAT(with("4611686018427387906", "0,8"), HasSubstr("not those of the shape"));    // 8 modulo 2^64
  EXPECT_THAT(with("4294967296,4294967296", "0,0"), HasSubstr("not those of the shape"));  // 0 modulo 2^64
  EXPECT_THAT(with("18446744073709551616", "0,8"), HasSubstr("must hold whole numbers"));  // 2^64
  EXPECT_THAT(with("-2", "0,8"), HasSubstr("'t'.shape: must hold whole numbers from 0 on"));
  EXPECT_THAT(with("2.0", "0,8"), HasSubstr("must hold whole numbers"));
  EXPECT_THAT(with("2e0", "0,8"), HasSubstr("must hold whole numbers"));
  EXPECT_THAT(with("\"2\"", "0,8"), HasSubstr("must hold whole numbers"));
  EXPECT_THAT(with("1,1,1,1,1,1,1,1,2", "0,8"), HasSubstr("'t'.shape: has 9 numbers, allowed are 8"));
  EXPECT_THAT(with("2", "8,0"), HasSubstr("must be the first byte and the one behind the last"));
  EXPECT_THAT(with("2", "0"), HasSubstr("must be the first byte and the one behind the last"));
  EXPECT_THAT(with("2", "0,8,8"), HasSubstr("'t'.data_offsets: has 3 numbers, allowed are 2"));
  EXPECT_THAT(with("2", "1,9"), HasSubstr("'t': leaves a gap to the data before it: it begins at 1, not at 0"));
  EXPECT_THAT(with("1", "0,4"), HasSubstr("the file holds 8 bytes behind the header, its tensors take 4"));
  EXPECT_THAT(with("4", "0,16"), HasSubstr("its tensors take 16: it ends too early"));
  EXPECT_THAT(with("2305843009213693952", "0,9223372036854775808"), HasSubstr("it ends too early"));
  EXPECT_THAT(with("2", "18446744073709551608,18446744073709551616"), HasSubstr("must hold whole numbers"));
}

TEST(Safetensors, RefusesTensorsThatShareBytesOrLeaveSomeOut) {
  EXPECT_THAT(refusal_of_header("{" + entry("a", "2", "0,8") + "," + entry("b", "1", "4,8") + "}"),
              HasSubstr("'b': overlaps with the data before it: it begins at 4, not at 8"));
  EXPECT_THAT(refusal_of_header("{" + entry("a", "2", "0,8") + "," + entry("b", "2", "0,8") + "}"),
              HasSubstr("overlaps"));
  EXPECT_THAT(refusal(file_of("{" + entry("a", "1", "0,4") + "," + entry("b", "1", "8,12") + "}", std::string(12, 0))),
              HasSubstr("'b': leaves a gap"));
}

TEST(Safetensors, RefusesHeadersThatAreNotOneStrictObject) {
  const std::string good = entry("t", "2", "0,8");
  ASSERT_EQ(refusal_of_header("{" + good + "}"), "");
  EXPECT_THAT(refusal_of_header("[]"), HasSubstr("must be a JSON object"));
  EXPECT_THAT(refusal_of_header(""), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal_of_header("{" + good + "} {}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal_of_header("{" + good + "}" + std::string(1, '\0')), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal_of_header("{" + good + ",}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal_of_header("{\"\xff\":0}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal_of_header("{" + good + "," + good + "}"), HasSubstr("t: is written twice"));
  EXPECT_THAT(refusal_of_header("{" + std::string(40, '[')), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal_of_header(R"({"t":)" + std::string(40, '[') + std::string(40, ']') + "}"),
              HasSubstr("nested deeper than 32"));
  EXPECT_THAT(refusal_of_header(R"({"t":1})"), HasSubstr("'t': expected an object"));
  EXPECT_THAT(refusal_of_header("{" + entry("", "2", "0,8") + "}"), HasSubstr("must have 1 to 128 bytes"));
  EXPECT_THAT(refusal_of_header("{" + entry(std::string(129, 'n'), "2", "0,8") + "}"),
              HasSubstr("must have 1 to 128 bytes"));
}

TEST(Safetensors, RefusesEntriesWithMembersMissingRepeatedOrUnknown) {
  const auto refused = [](const std::string& members) { return refusal_of_header("{\"t\":{" + members + "}}"); };
  const std::string type = R"("dtype":"F32",)", shape = R"("shape":[2],)", offsets = R"("data_offsets":[0,8])";
  ASSERT_EQ(refused(type + shape + offsets), "");
  EXPECT_THAT(refused(shape + offsets), HasSubstr("'t'.dtype: is missing"));
  EXPECT_THAT(refused(type + offsets), HasSubstr("'t'.shape: is missing"));
  EXPECT_THAT(refused(R"("dtype":"F32","shape":[2])"), HasSubstr("'t'.data_offsets: is missing"));
  EXPECT_THAT(refused(type + type + shape + offsets), HasSubstr("'t'.dtype: is written twice"));
  EXPECT_THAT(refused(type + shape + shape + offsets), HasSubstr("'t'.shape: is written twice"));
  EXPECT_THAT(refused(type + shape + offsets + "," + offsets), HasSubstr("'t'.data_offsets: is written twice"));
  EXPECT_THAT(refused(type + shape + offsets + R"(,"code":"x")"), HasSubstr("'t'.code: is not known here"));
  EXPECT_THAT(refused(R"("dtype":7,)" + shape + offsets), HasSubstr("'t'.dtype: expected a string, got a number"));
  EXPECT_THAT(refused(type + R"("shape":2,)" + offsets), HasSubstr("'t'.shape: expected a list, got a number"));
  EXPECT_THAT(refused(type + shape + R"("data_offsets":{})"), HasSubstr("expected a list, got an object"));
  for (const std::string other : {"F64", "BF16", "I64", "U8", "BOOL", "f32", ""}) {
    EXPECT_THAT(refused(R"("dtype":")" + other + "\"," + shape + offsets), HasSubstr("allowed are F32 and F16"));
  }
}

TEST(Safetensors, SaysEverythingThatIsWrongAtOnce) {
  const std::string message =
      refusal_of_header("{" + entry("a", "-1", "0,4") + "," + entry("b", "1", "4,8", "I32") + R"(,"c":[]})");
  EXPECT_THAT(message, HasSubstr("'a'.shape"));
  EXPECT_THAT(message, HasSubstr("'b'.dtype"));
  EXPECT_THAT(message, HasSubstr("'c': expected an object"));
}

TEST(Safetensors, RefusesMetadataThatIsNotText) {
  const std::string good = entry("t", "2", "0,8");
  EXPECT_THAT(refusal_of_header(R"({"__metadata__":[],)" + good + "}"), HasSubstr("__metadata__: expected an object"));
  EXPECT_THAT(refusal_of_header(R"({"__metadata__":{"k":1},)" + good + "}"),
              HasSubstr("__metadata__.k: expected a string, got a number"));
  EXPECT_THAT(refusal_of_header(R"({"__metadata__":{"k":"1","k":"2"},)" + good + "}"),
              HasSubstr("__metadata__.k: is written twice"));
}

TEST(Safetensors, RefusesMoreTensorsThanAreAllowed) {
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < kMostTensors; ++i) tensors.push_back({"t" + std::to_string(i), {0}, {}});
  EXPECT_EQ(refusal(safetensors_bytes(tensors, {})), "");
  tensors.push_back({"one more", {0}, {}});
  tensors.push_back({"and one", {0}, {}});
  EXPECT_THAT(refusal(safetensors_bytes(tensors, {})), HasSubstr("allowed are 256"));
}

TEST(Safetensors, RefusesNumbersThatAreNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float wrong : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    const std::vector<Tensor> tensors = {{"good", {1}, {1}}, {"bad", {3}, {0, 1, wrong}}};
    EXPECT_THAT(refusal(safetensors_bytes(tensors, {})), HasSubstr("'bad': number 2 is not finite"));
  }
  EXPECT_THAT(refusal(file_of("{" + entry("h", "1", "0,2", "F16") + "}", std::string("\x00\x7c", 2))),
              HasSubstr("'h': number 0 is not finite"));
}

TEST(Safetensors, SaysThatAPyTorchArchiveIsAProgram) {
  const std::string zip("PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00", 12);
  EXPECT_THAT(refusal(zip + std::string(200, 'x')),
              HasSubstr("PyTorch archive (a zip file: torch.save or TorchScript)"));
  const std::string pickle("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e", 15);
  EXPECT_THAT(refusal(pickle), HasSubstr("it is a PyTorch archive (a pickle). Such an archive is a program that runs"));
  EXPECT_THAT(refusal("\x80\x04K."), HasSubstr("a pickle"));
}

TEST(Safetensors, TakesAHeaderOf640BytesForWhatItIs) {
  const std::string entry_text = "{" + entry("t", "0", "0,0") + "}";
  const std::string bytes = file_of(entry_text + std::string(640 - entry_text.size(), ' '), "");
  ASSERT_EQ(bytes.substr(0, 2), "\x80\x02");
  EXPECT_EQ(refusal(bytes), "");
}

TEST(Safetensors, KeepsControlCharactersOutOfItsMessages) {
  const std::string message = refusal_of_header(R"({"\u001b[2J\n":1})");
  EXPECT_THAT(message, HasSubstr("'?[2J?'"));
}

RC_GTEST_PROP(Safetensors, SurvivesRandomBytes, (std::string noise)) {
  if (const Result<Safetensors> read = read_safetensors(noise, "file")) expect_sound(*read, noise.size());
  if (const Result<Safetensors> read = read_safetensors(file_of(noise, noise), "file")) {
    expect_sound(*read, 8 + 2 * noise.size());
  }
}

RC_GTEST_PROP(Safetensors, SurvivesAGoodFileWithBytesReplaced, ()) {
  std::string bytes = small_file();
  const auto changes = *rc::gen::inRange(1, 8);
  for (int i = 0; i < changes; ++i) {
    const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
    const auto alphabet = std::string("0123456789[]{}:,\"-eE.F \\") + '\0' + '\xff';
    bytes[place] = *rc::gen::elementOf(alphabet);
  }
  if (const Result<Safetensors> read = read_safetensors(bytes, "file")) expect_sound(*read, bytes.size());
}

}  // namespace
}  // namespace driftcast
