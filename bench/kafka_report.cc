#include "bench/kafka_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <thread>

#include "pipeline/terminal.h"

namespace driftcast::bench {
namespace {

std::string commit() {
  std::FILE* output = ::popen("git -C '" DRIFTCAST_SOURCE_DIR "' describe --always --dirty 2>/dev/null", "r");
  std::string text;
  for (int c = 0; output != nullptr && (c = std::fgetc(output)) != EOF;) text.push_back(static_cast<char>(c));
  if (output != nullptr) ::pclose(output);
  if (!text.empty()) text.pop_back();  // the end of the line
  return text.empty() ? "unknown" : text;
}

std::string processor() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  }
  return "unknown processor";
}

// Of the machine in the last minute: whether it was quiet.
double load() {
  double load = 0;
  std::ifstream("/proc/loadavg") >> load;
  return load;
}

std::string text_of(double value, int decimals) {
  return decimals == 0 ? grouped(std::llround(value)) : fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return std::nan("");
  std::ranges::sort(values);
  const auto place = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::clamp<std::size_t>(place, 1, values.size()) - 1];
}

double median(std::vector<double> values) { return quantile(values, 0.5); }

Report::Report(const std::string& run) {
  fmt::print("commit {}, {}, {} cores, broker and all on this machine, load {:.1f} at the end\n{}\n\n", commit(),
             processor(), std::thread::hardware_concurrency(), load(), run);
  fmt::print("| what | seen | lowest | highest |\n|---|--:|--:|--:|\n");
}

void Report::row(const std::string& what, const std::vector<double>& values, int decimals) {
  row(what, median(values), values, decimals);
}

void Report::row(const std::string& what, double figure, const std::vector<double>& parts, int decimals) {
  const auto [low, high] = std::ranges::minmax(parts.empty() ? std::vector{figure} : parts);
  fmt::print("| {} | {} | {} | {} |\n", what, text_of(figure, decimals), text_of(low, decimals),
             text_of(high, decimals));
}

void Report::note(const std::string& line) { notes_.push_back(line); }

Report::~Report() {
  for (const std::string& line : notes_) fmt::print("\n{}\n", line);
}

}  // namespace driftcast::bench
