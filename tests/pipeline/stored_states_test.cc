// The bytes of every state that is stored. Those of a released format are kept in tests/golden and must stay readable:
// a changed layout gets a new format, a new file, and the old one stays.
#include <gtest/gtest.h>

#include "operators/fold_user.h"
#include "operators/state_fields.h"
#include "state/codec.h"
#include "tests/config/shipped_text.h"
#include "tests/support/hex.h"

namespace driftcast {
namespace {

// An archive that gives each field a value of its own.
class Filler {
 public:
  static constexpr bool kDecoding = true;

  explicit Filler(std::uint8_t version) : version_(version) {}

  template <class... Fields>
  void operator()(Fields&... each) {
    (fill(each), ...);
  }
  void bytes(std::uint8_t& low, std::uint8_t& high) {
    fill(low);
    fill(high);
  }
  void fixed(std::uint64_t& hash) { fill(hash); }
  template <class T, class Element>
  void each(std::vector<T>& values, Element element) {
    values.resize(2);
    for (T& value : values) element(*this, value);
  }
  template <class T>
  void block(std::vector<T>& values) {
    values.resize(3);
    for (T& value : values) fill(value.bits);
  }
  std::uint8_t version() const { return version_; }

 private:
  void fill(bool& value) { value = true; }
  void fill(std::string& value) { value = "name " + std::to_string(++next_); }
  void fill(EventTime& value) { value = event_time(1'704'067'200'000 + ++next_); }
  void fill(Duration& value) { value = Duration{++next_}; }
  template <class A, class B>
  void fill(std::pair<A, B>& value) {
    fill(value.first);
    fill(value.second);
  }
  template <class T>
  void fill(std::vector<T>& values) {
    each(values, [](Filler& filler, T& value) { filler.fill(value); });
  }
  template <class T, std::size_t N>
  void fill(std::array<T, N>& values) {
    for (T& value : values) fill(value);
  }
  template <class T>
  void fill(T& value) {
    if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(1);
    } else if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(++next_ % 200) / 8;
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(++next_ % 200);
    } else {
      fields(*this, value);
    }
  }

  std::uint8_t version_;
  int next_ = 0;
};

// 100 digits a line.
std::string page_of(std::string_view bytes) {
  std::string digits = hex(bytes);
  for (std::size_t at = 100; at < digits.size(); at += 101) digits.insert(at, "\n");
  return digits + "\n";
}

std::string golden_bytes(const std::string& file) {
  std::string digits = shipped_text(file);
  std::erase(digits, '\n');
  return unhex(digits);
}

template <class State>
class StoredState : public testing::Test {};

struct Names {
  template <class State>
  static std::string GetName(int) {  // NOLINT(readability-identifier-naming): GoogleTest's name
    if constexpr (std::is_same_v<State, UserState>) return "users";
    if constexpr (std::is_same_v<State, WindowState>) return "windows";
    if constexpr (std::is_same_v<State, Ledger>) return "ledger";
    if constexpr (std::is_same_v<State, Population>) return "population";
    if constexpr (std::is_same_v<State, Crowd>) return "crowd";
  }
};
using States = testing::Types<UserState, WindowState, Ledger, Population, Crowd>;
TYPED_TEST_SUITE(StoredState, States, Names);

template <class State>
std::string golden_file() {
  return "tests/golden/" + Names::GetName<State>(0) + ".v" + std::to_string(State::kFormat) + ".hex";
}

TYPED_TEST(StoredState, StillHasTheBytesOfItsFormat) {
  TypeParam state{};
  Filler filler(TypeParam::kFormat);
  fields(filler, state);
  expect_shipped(golden_file<TypeParam>(), page_of(encode_value(state)));
}

TYPED_TEST(StoredState, IsReadFromTheBytesOfItsFormatWithEveryField) {
  const std::string bytes = golden_bytes(golden_file<TypeParam>());
  const auto state = decode_value<TypeParam>(bytes);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(page_of(encode_value(*state)), page_of(bytes));
}

TEST(StoredUsers, TellWhenTheyFallDueByTheirFirstFields) {
  UserState user{};
  Filler filler(UserState::kFormat);
  fields(filler, user);
  UserState head;
  const auto first = [](auto& archive, UserState& each) { head_fields(archive, each); };
  ASSERT_TRUE(decode_head(encode_value(user), head, first));
  EXPECT_EQ(next_due(head, {}), next_due(user, {}));
  EXPECT_NE(next_due(head, {}), kEndOfTime);
}

// A state of an older format is read, with what it has not known left as it begins.
template <class State>
void expect_read_from_format(std::uint8_t version, const std::string& file) {
  const auto state = decode_value<State>(golden_bytes(file));
  ASSERT_TRUE(state) << state.error().message;
  State filled{};
  Filler filler(version);
  fields(filler, filled);
  EXPECT_EQ(page_of(encode_value(*state)), page_of(encode_value(filled)));
}

TEST(StoredUsers, AreReadFromTheirFirstFormat) { expect_read_from_format<UserState>(1, "tests/golden/users.v1.hex"); }

TEST(StoredWindows, AreReadFromTheirFirstFormat) {
  expect_read_from_format<WindowState>(1, "tests/golden/windows.v1.hex");
}

// Until format 2 a user's regression had two columns: ARIMA and the others.
TEST(StoredLedgers, AreReadFromTheirFirstFormatWithTheMomentsOfTwoColumns) {
  expect_read_from_format<Ledger>(1, "tests/golden/ledger.v1.hex");
  const auto ledger = decode_value<Ledger>(golden_bytes("tests/golden/ledger.v1.hex"));
  ASSERT_TRUE(ledger) << ledger.error().message;
  const JointUser& joint = ledger->horizons[0].joint;
  EXPECT_EQ(joint.labels, 2U);
  EXPECT_EQ(joint.a, (std::array{3 / 8.0F, 4 / 8.0F, 5 / 8.0F, 0.0F, 0.0F, 0.0F}));
  EXPECT_EQ(joint.b, (std::array{6 / 8.0F, 7 / 8.0F, 0.0F}));
  EXPECT_EQ(joint.guard[0], 1);
}

TEST(StoredLedgers, AreReadFromTheirSecondFormat) { expect_read_from_format<Ledger>(2, "tests/golden/ledger.v2.hex"); }

// Until format 4 a network said nothing of the dispersion.
TEST(StoredLedgers, AreReadFromTheirThirdFormatWithForecastsOfThePriorsDispersion) {
  expect_read_from_format<Ledger>(3, "tests/golden/ledger.v3.hex");
  const auto ledger = decode_value<Ledger>(golden_bytes("tests/golden/ledger.v3.hex"));
  ASSERT_TRUE(ledger) << ledger.error().message;
  ASSERT_FALSE(ledger->horizons[0].pending.empty());
  EXPECT_GT(ledger->horizons[0].pending[0].variance, 0);
  EXPECT_EQ(ledger->horizons[0].pending[0].dispersion, 0);
}

TEST(StoredCrowds, AreReadFromTheirThirdFormat) { expect_read_from_format<Crowd>(3, "tests/golden/crowd.v3.hex"); }

// Until format 3 the dispersion was estimated from moments.
TEST(StoredCrowds, AreReadFromTheirFirstFormatWithTheirWidths) {
  expect_read_from_format<Crowd>(1, "tests/golden/crowd.v1.hex");
  const auto crowd = decode_value<Crowd>(golden_bytes("tests/golden/crowd.v1.hex"));
  ASSERT_TRUE(crowd) << crowd.error().message;
  EXPECT_GT(crowd->cells[0][0].spread.labels, 0U);
  EXPECT_NE(crowd->cells[0][0].spread.width, 0);
  EXPECT_EQ(crowd->cells[0][0].spread.dispersion, 0);
}

TEST(StoredLedgers, OfUsersWhomNoNetworkKnowsAreNoLargerThanInTheirFirstFormat) {
  Ledger first{};
  Filler filler(1);
  fields(filler, first);
  EXPECT_LE(encode_value(first).size(), golden_bytes("tests/golden/ledger.v1.hex").size());
}

TYPED_TEST(StoredState, IsItselfAgainWhenItIsEmpty) {
  const std::string bytes = encode_value(TypeParam{});
  const auto state = decode_value<TypeParam>(bytes);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(encode_value(*state), bytes);
}

}  // namespace
}  // namespace driftcast
