// Canvas: a picture made of characters, each in a tone that becomes a color where there are colors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace driftcast {

enum class Tone { kPlain, kFaint, kStrong, kBar, kBand, kMean, kShare, kAlarm, kConfirmed };

// The text in its tone; as it is without color.
std::string toned(std::string_view text, Tone tone, bool color);

class Canvas {
 public:
  Canvas(int rows, int columns)
      : columns_(columns),
        cells_(static_cast<std::size_t>(rows), std::vector<Cell>(static_cast<std::size_t>(columns))) {}

  bool is_free(int row, int column) const { return cell(row, column).text == " "; }
  // Writes a printable text; what does not fit on the canvas is left out.
  void write(int row, int column, std::string_view text, Tone tone = Tone::kPlain);
  // The rows, each without the blanks at its end and with a line feed.
  std::string text(bool color) const;

 private:
  struct Cell {
    std::string text = " ";  // one character; empty behind a wide one
    Tone tone = Tone::kPlain;
  };
  const Cell& cell(int row, int column) const {
    return cells_[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  }

  int columns_;
  std::vector<std::vector<Cell>> cells_;
};

}  // namespace driftcast
