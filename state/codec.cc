#include "state/codec.h"

namespace driftcast {
namespace {

enum Tag : unsigned { kZero = 0, kSmall = 1, kUpper = 2, kAll = 3 };

Tag tag_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (bits == 0) return kZero;
  if (value > 0 && value < 256 && static_cast<float>(static_cast<std::uint8_t>(value)) == value) return kSmall;
  return (bits & 0xFFFFU) == 0 ? kUpper : kAll;
}

}  // namespace

void ValueEncoder::put_floats(std::span<const float> values) {
  const std::size_t tags = bytes_.size();
  bytes_.append((values.size() + 3) / 4, '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Tag tag = tag_of(values[i]);
    bytes_[tags + i / 4] = static_cast<char>(static_cast<unsigned char>(bytes_[tags + i / 4]) | tag << (i % 4 * 2));
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    if (tag == kSmall) bytes_ += static_cast<char>(static_cast<std::uint8_t>(values[i]));
    if (tag == kUpper) put_raw(static_cast<std::uint16_t>(bits >> 16));
    if (tag == kAll) put_raw(bits);
  }
}

void ValueDecoder::get_floats(std::span<float> values) {
  const std::size_t bytes = (values.size() + 3) / 4;
  if (rest_.size() < bytes) return fail();
  const std::string_view tags = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const unsigned tag = static_cast<unsigned char>(tags[i / 4]) >> (i % 4 * 2) & 3U;
    std::uint8_t small = 0;
    std::uint16_t upper = 0;
    std::uint32_t bits = 0;
    if (tag == kSmall) {
      get_raw(small);
      bits = std::bit_cast<std::uint32_t>(static_cast<float>(small));
    } else if (tag == kUpper) {
      get_raw(upper);
      bits = static_cast<std::uint32_t>(upper) << 16;
    } else if (tag == kAll) {
      get_raw(bits);
    }
    values[i] = std::bit_cast<float>(bits);
  }
}

std::string ValueEncoder::sealed() && {
  put_raw(static_cast<std::uint32_t>(hash64(bytes_)));
  return std::move(bytes_);
}

std::uint64_t ValueDecoder::get_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return value;
  }
  fail();
  return 0;
}

namespace detail {

Error does_not_fit() { return error(ErrorCode::kIo, "a stored value is damaged: its fields do not fit its length"); }

Result<std::string_view> opened(std::string_view bytes, std::uint8_t format, std::uint8_t& found) {
  if (bytes.size() < 5) return error(ErrorCode::kIo, "a stored value is damaged: it is cut short");
  const std::string_view checked = bytes.substr(0, bytes.size() - 4);
  std::uint32_t checksum = 0;
  std::memcpy(&checksum, bytes.data() + checked.size(), sizeof checksum);
  if (checksum != static_cast<std::uint32_t>(hash64(checked))) {
    return error(ErrorCode::kIo, "a stored value is damaged: its checksum does not fit");
  }
  found = static_cast<std::uint8_t>(checked[0]);
  if (found > format) {
    return error(ErrorCode::kConfig, "a stored value has format " + std::to_string(found) +
                                         ", newer than this program's " + std::to_string(format));
  }
  return checked.substr(1);
}

}  // namespace detail
}  // namespace driftcast
