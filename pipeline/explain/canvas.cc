#include "pipeline/explain/canvas.h"

#include <array>

#include "pipeline/terminal.h"

namespace driftcast {
namespace {

// In order of Tone; parameters of the terminal's "select graphic rendition".
constexpr std::array<std::string_view, 9> kColors = {"", "2", "1", "34", "36", "1;36", "32", "33", "1;31"};

std::size_t bytes_of_first(std::string_view text) {
  std::size_t bytes = 1;
  while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) ++bytes;
  return bytes;
}

}  // namespace

std::string toned(std::string_view text, Tone tone, bool color) {
  const std::string_view code = kColors[static_cast<std::size_t>(tone)];
  if (!color || code.empty() || text.empty()) return std::string(text);
  return std::string("\x1b[").append(code).append("m").append(text).append("\x1b[0m");
}

void Canvas::write(int row, int column, std::string_view text, Tone tone) {
  std::vector<Cell>& line = cells_[static_cast<std::size_t>(row)];
  while (!text.empty()) {
    const std::string_view glyph = text.substr(0, bytes_of_first(text));
    text.remove_prefix(glyph.size());
    const int width = columns_of(glyph);
    if (column + width > columns_) return;
    const auto place = static_cast<std::size_t>(column);
    if (width == 0) {
      if (place > 0) line[place - 1].text += glyph;
      continue;
    }
    line[place] = {std::string(glyph), tone};
    if (width == 2) line[place + 1] = {"", tone};
    column += width;
  }
}

std::string Canvas::text(bool color) const {
  std::string out;
  for (const std::vector<Cell>& line : cells_) {
    std::size_t size = line.size();
    while (size > 0 && line[size - 1].text == " ") --size;
    for (std::size_t begin = 0, end = 0; begin < size; begin = end) {
      std::string run;
      while (end < size && line[end].tone == line[begin].tone) run += line[end++].text;
      out += toned(run, line[begin].tone, color);
    }
    out += '\n';
  }
  return out;
}

}  // namespace driftcast
