#include "tests/support/series.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

namespace driftcast {
namespace {

std::string contents(const std::filesystem::path& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  std::string text;
  std::array<char, 65536> part;
  int got = 0;
  while ((got = gzread(file.get(), part.data(), static_cast<unsigned>(part.size()))) > 0) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  if (got < 0) throw std::runtime_error("cannot read " + path.string());
  return text;
}

std::vector<std::string> fields(std::string line) {
  std::erase_if(line, [](char c) { return c == '"' || c == '\r'; });
  std::vector<std::string> result;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, ',');) result.push_back(field);
  return result;
}

}  // namespace

std::optional<std::vector<double>> read_series(const std::filesystem::path& file, std::string_view column) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  std::istringstream in(contents(file));
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> header = fields(line);
  const auto place = std::find(header.begin(), header.end(), column) - header.begin();
  std::vector<double> values;
  while (std::getline(in, line)) values.push_back(std::stod(fields(line).at(static_cast<std::size_t>(place))));
  return values;
}

std::filesystem::path shared_series(std::string_view name) {
  return std::filesystem::path(DRIFTCAST_SHARED_DIR) / "data/series" / name;
}

std::filesystem::path fetched_series(std::string_view name) {
  return std::filesystem::path(DRIFTCAST_SOURCE_DIR) / ".cache/reference" / name;
}

}  // namespace driftcast
