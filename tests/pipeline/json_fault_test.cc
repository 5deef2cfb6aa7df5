// What is wrong with a text that is not JSON; the decoder's tests hold this to whole records.
#include "pipeline/json_fault.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace driftcast {
namespace {

TEST(JsonFault, TellsNumbersThatAreNoneFromNumbersThatAreTooLarge) {
  EXPECT_EQ(number_fault(R"({"a":1e999})"), Reason::kNotFinite);
  EXPECT_EQ(number_fault(R"({"a":-1.5E+400})"), Reason::kNotFinite);
  EXPECT_EQ(number_fault(R"({"a":-Infinity})"), Reason::kNotFinite);
  EXPECT_EQ(number_fault(R"({"a":18446744073709551616})"), Reason::kWrongType);
  EXPECT_EQ(number_fault(R"([1,-9223372036854775809])"), Reason::kWrongType);
  EXPECT_EQ(number_fault(R"({"a":18446744073709551615,"b":-9223372036854775808,"c":01})"), Reason::kSyntax);
  for (const char* number : {"01", "-01", "1.", ".5", "-", "1e", "1e+", "--1", "+1", "0x10", "1_000", "1e-999x"}) {
    EXPECT_EQ(number_fault(std::string("[") + number + "]"), Reason::kSyntax) << number;
  }
}

TEST(JsonFault, LooksAtTheFirstFaultOnly) {
  EXPECT_EQ(number_fault("[1e999,99999999999999999999]"), Reason::kNotFinite);
  EXPECT_EQ(number_fault("[99999999999999999999,1e999]"), Reason::kWrongType);
}

TEST(JsonFault, DoesNotLookIntoStrings) {
  EXPECT_EQ(structure_fault(R"({"title":"NaN","text":"a\"NaN\\" "Infinity")"), Reason::kSyntax);
  EXPECT_EQ(number_fault(R"({"title":"1e999",x)"), Reason::kSyntax);
  EXPECT_EQ(structure_fault(R"({"a":NaN})"), Reason::kNotFinite);
  EXPECT_EQ(structure_fault(R"(["NaN",-inf])"), Reason::kNotFinite);
  EXPECT_EQ(structure_fault(R"({"a":Nano})"), Reason::kSyntax);
}

TEST(JsonFault, FindsHalfASurrogatePair) {
  EXPECT_EQ(string_fault(R"("\ud800")"), Reason::kEncoding);
  EXPECT_EQ(string_fault(R"("\uD83Dx")"), Reason::kEncoding);
  EXPECT_EQ(string_fault(R"("\ud83d\n")"), Reason::kEncoding);
  EXPECT_EQ(string_fault(R"("\ud83d\ud83d")"), Reason::kEncoding);
  EXPECT_EQ(string_fault(R"("\ude00")"), Reason::kEncoding);
  EXPECT_EQ(string_fault(R"("\ud83d\ude00 \q")"), Reason::kSyntax);
  EXPECT_EQ(string_fault(R"("\\ud800 \q")"), Reason::kSyntax);
  EXPECT_EQ(string_fault(R"("\u12")"), Reason::kSyntax);
}

RC_GTEST_PROP(JsonFault, SurvivesAnyBytes, ()) {
  const auto text =
      *rc::gen::container<std::string>(rc::gen::elementOf(std::string("\"\\ud8DCc0123456789eE+-.NaInfity[]{},: \n")));
  for (const Reason reason : {number_fault(text), string_fault(text), structure_fault(text)}) {
    RC_ASSERT(reason == Reason::kSyntax || reason == Reason::kNotFinite || reason == Reason::kWrongType ||
              reason == Reason::kEncoding);
  }
}

}  // namespace
}  // namespace driftcast
