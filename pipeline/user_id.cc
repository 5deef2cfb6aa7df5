#include "pipeline/user_id.h"

namespace driftcast {
namespace {

// U+0080..U+009F (C1 controls), U+202A..U+202E and U+2066..U+2069 (bidirectional embeddings, overrides, isolates).
bool forbidden_sequence(std::string_view rest) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  if (rest.size() >= 2 && byte(0) == 0xC2 && byte(1) <= 0x9F) return true;
  if (rest.size() < 3 || byte(0) != 0xE2) return false;
  return (byte(1) == 0x80 && byte(2) >= 0xAA && byte(2) <= 0xAE) ||
         (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
}

}  // namespace

bool well_formed_name(std::string_view text, std::size_t max_bytes) {
  if (text.empty() || text.size() > max_bytes) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7F) continue;
    if (c < 0x20 && c != '\n') return false;
    if (c == 0x7F || (c >= 0x80 && forbidden_sequence(text.substr(i)))) return false;
  }
  return true;
}

}  // namespace driftcast
