// Reference series, read at run time from outside the project; a test that needs one skips itself where it is absent.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace driftcast {

// The numbers of one column of a CSV file with a header line, plain or gzip; nothing when the file is absent.
// Fields are without commas inside. A missing column or a field that is no number is an exception: the file is wrong.
std::optional<std::vector<double>> read_series(const std::filesystem::path& file, std::string_view column = "value");

// `name` is below ../shared/data/series, such as "classic/lynx.csv".
std::filesystem::path shared_series(std::string_view name);

// `name` is what tools/fetch_reference_series.py wrote, such as "wpi1.csv".
std::filesystem::path fetched_series(std::string_view name);

}  // namespace driftcast
