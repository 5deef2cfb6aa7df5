// Report: what a scenario prints: where it ran, what was run, and rows of figures with their spread.
#pragma once

#include <string>
#include <vector>

namespace driftcast::bench {

double median(std::vector<double> values);
// The smallest value that at least this share of them does not exceed. Sorts them.
double quantile(std::vector<double>& values, double share);

class Report {
 public:
  // `run`: what was run, in a line or more.
  explicit Report(const std::string& run);
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;
  ~Report();  // prints the notes

  // The median of the values, the lowest and the highest of them.
  void row(const std::string& what, const std::vector<double>& values, int decimals = 0);
  // A figure that is no median, and the lowest and highest of its parts.
  void row(const std::string& what, double figure, const std::vector<double>& parts, int decimals);
  void note(const std::string& line);  // after the table

 private:
  std::vector<std::string> notes_;
};

}  // namespace driftcast::bench
