// Codec: plain structs to bytes and back, bit for bit. Rounding is never done here.
//
// A struct tells its fields in order by a function found beside it:
//     template <class Archive> void fields(Archive& archive, T& value) { archive(value.a, value.b); }
// ValueEncoder and ValueDecoder are the two archives; archive.version() is the format being written or read. Integers are
// varints (signed ones zigzag), enums their integer, a single float or double its bits; fixed() is for hashes, which a
// varint would lengthen, each() for a vector whose elements are told by a function of their own, and block() for one whose
// bytes are written as they lie (x86-64 is little-endian). Arrays and vectors of float take 0, 1, 2 or 4 bytes each behind packed two-bit tags: zero, a whole number below 256, the upper half of the bits when the
// lower is zero, all.
// A stored value is [format byte][body][checksum, 4 bytes]; the format is T::kFormat, and a newer one is refused.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "core/result.h"
#include "core/time.h"

namespace driftcast {

class ValueEncoder {
 public:
  static constexpr bool kDecoding = false;

  explicit ValueEncoder(std::uint8_t version) : bytes_(1, static_cast<char>(version)) {}

  template <class... Fields>
  void operator()(Fields&... each) {
    (put(each), ...);
  }
  void bytes(std::uint8_t low, std::uint8_t high) {
    bytes_ += static_cast<char>(low);
    bytes_ += static_cast<char>(high);
  }
  void fixed(std::uint64_t hash) { put_raw(hash); }
  template <class T, class Element>
  void each(std::vector<T>& values, Element element) {
    put_varint(values.size());
    for (T& value : values) element(*this, value);
  }
  template <class T>
  void block(std::vector<T>& values) {
    static_assert(std::has_unique_object_representations_v<T>);
    put_varint(values.size());
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  std::uint8_t version() const { return static_cast<std::uint8_t>(bytes_[0]); }
  std::string sealed() &&;  // format byte, fields, checksum

 private:
  void put_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  template <class T>
  void put_raw(T value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes_.append(raw, sizeof value);
  }
  void put(std::string_view text) {
    put_varint(text.size());
    bytes_.append(text);
  }
  void put(const std::string& text) { put(std::string_view(text)); }
  void put(const EventTime& at) { put_zigzag(millis(at)); }
  void put(const Duration& duration) { put_zigzag(duration.count()); }
  void put_zigzag(std::int64_t value) {
    put_varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void put_floats(std::span<const float> values);
  template <class A, class B>
  void put(const std::pair<A, B>& pair) {
    put(pair.first);
    put(pair.second);
  }
  template <class T>
  void put(const std::optional<T>& value) {
    bytes_ += value ? '\1' : '\0';
    if (value) put(*value);
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put_varint(values.size());
    put_all(std::span<const T>(values));
  }
  template <class T, std::size_t N>
  void put(const std::array<T, N>& values) {
    put_all(std::span<const T>(values));
  }
  template <class T>
  void put_all(std::span<const T> values) {
    if constexpr (std::is_same_v<T, float>) {
      put_floats(values);
    } else {
      for (const T& value : values) put(value);
    }
  }
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      bytes_ += value ? '\1' : '\0';
    } else if constexpr (std::is_enum_v<T>) {
      put(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_floating_point_v<T>) {
      put_raw(value);
    } else if constexpr (std::is_signed_v<T>) {
      put_zigzag(value);
    } else if constexpr (std::is_unsigned_v<T>) {
      put_varint(value);
    } else {
      fields(*this, const_cast<T&>(value));  // an encoder only reads
    }
  }

  std::string bytes_;
};

// Bounds-checked; after the first failure nothing more is read. Allocates no more than the bytes justify.
class ValueDecoder {
 public:
  static constexpr bool kDecoding = true;

  ValueDecoder(std::string_view bytes, std::uint8_t version) : rest_(bytes), version_(version) {}

  template <class... Fields>
  void operator()(Fields&... each) {
    (get(each), ...);
  }
  void bytes(std::uint8_t& low, std::uint8_t& high) {
    get_raw(low);
    get_raw(high);
  }
  void fixed(std::uint64_t& hash) { get_raw(hash); }
  template <class T, class Element>
  void each(std::vector<T>& values, Element element) {
    const std::uint64_t size = get_varint();
    values.clear();
    if (size > rest_.size()) return fail();
    values.reserve(std::min<std::size_t>(size, 1 + rest_.size() * kReserve / sizeof(T)));
    for (std::uint64_t i = 0; i < size && ok_; ++i) element(*this, values.emplace_back());
  }
  template <class T>
  void block(std::vector<T>& values) {
    static_assert(std::has_unique_object_representations_v<T>);
    const std::uint64_t size = get_varint();
    values.clear();
    if (size > rest_.size() / sizeof(T)) return fail();
    if (size == 0) return;  // no memory to copy to
    values.resize(size);
    std::memcpy(values.data(), rest_.data(), size * sizeof(T));
    rest_.remove_prefix(size * sizeof(T));
  }
  std::uint8_t version() const { return version_; }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::uint64_t get_varint();
  std::int64_t get_zigzag() {
    const std::uint64_t value = get_varint();
    return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
  }
  template <class T>
  void get_raw(T& value) {
    if (rest_.size() < sizeof value) return fail();
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
  }
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  void get(std::string& text) {
    const std::uint64_t size = get_varint();
    if (size > rest_.size()) return fail();
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  void get(EventTime& at) { at = event_time(get_zigzag()); }
  void get(Duration& duration) { duration = Duration{get_zigzag()}; }
  void get_floats(std::span<float> values);
  template <class A, class B>
  void get(std::pair<A, B>& pair) {
    get(pair.first);
    get(pair.second);
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool present = false;
    get(present);
    value.reset();
    if (present && ok_) get(value.emplace());
  }
  template <class T>
  void get(std::vector<T>& values) {
    if constexpr (std::is_same_v<T, float>) {
      const std::uint64_t size = get_varint();
      values.clear();
      if (size > rest_.size() * 4) return fail();  // from two bits each
      values.resize(size);
      get_floats(values);
    } else {
      each(values, [](ValueDecoder& archive, T& value) { archive.get(value); });
    }
  }
  template <class T, std::size_t N>
  void get(std::array<T, N>& values) {
    get_all(std::span<T>(values));
  }
  template <class T>
  void get_all(std::span<T> values) {
    if constexpr (std::is_same_v<T, float>) {
      get_floats(values);
    } else {
      for (T& value : values) get(value);
    }
  }
  template <class T>
  void get(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      const std::uint64_t flag = get_varint();
      if (flag > 1) fail();
      value = flag == 1;
    } else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> number{};
      get(number);
      value = static_cast<T>(number);
    } else if constexpr (std::is_floating_point_v<T>) {
      get_raw(value);
    } else if constexpr (std::is_signed_v<T>) {
      const std::int64_t number = get_zigzag();
      if (!std::in_range<T>(number)) return fail();
      value = static_cast<T>(number);
    } else if constexpr (std::is_unsigned_v<T>) {
      const std::uint64_t number = get_varint();
      if (!std::in_range<T>(number)) return fail();
      value = static_cast<T>(number);
    } else {
      fields(*this, value);
    }
  }

  static constexpr std::size_t kReserve = 16;  // bytes of memory taken in advance for each byte that is left to read

  std::string_view rest_;
  std::uint8_t version_;
  bool ok_ = true;
};

namespace detail {
// The body of a sealed value; fails on a wrong checksum or a format newer than `format`.
Result<std::string_view> opened(std::string_view bytes, std::uint8_t format, std::uint8_t& found);
Error does_not_fit();
}  // namespace detail

// Cost: one pass, about the bytes written.
template <class T>
std::string encode_value(const T& value) {
  static_assert(T::kFormat <= 0xFF, "the format is one byte");
  ValueEncoder encoder(static_cast<std::uint8_t>(T::kFormat));
  fields(encoder, const_cast<T&>(value));  // an encoder only reads
  return std::move(encoder).sealed();
}

// kIo: damaged (checksum, length, a field out of range); kConfig: of a newer format.
template <class T>
Result<T> decode_value(std::string_view bytes) {
  std::uint8_t format = 0;
  auto body = detail::opened(bytes, static_cast<std::uint8_t>(T::kFormat), format);
  if (!body) return body.error();
  ValueDecoder decoder(*body, format);
  T value{};
  fields(decoder, value);
  if (!decoder.ok() || !decoder.at_end()) return detail::does_not_fit();
  return value;
}

// Decodes only the fields that a stored T begins with and that `head(archive, value)` tells; the others stay as they are.
template <class T, class Head>
Result<void> decode_head(std::string_view bytes, T& value, Head head) {
  std::uint8_t format = 0;
  auto body = detail::opened(bytes, static_cast<std::uint8_t>(T::kFormat), format);
  if (!body) return body.error();
  ValueDecoder decoder(*body, format);
  head(decoder, value);
  if (!decoder.ok()) return detail::does_not_fit();
  return {};
}

}  // namespace driftcast
