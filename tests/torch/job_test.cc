// The job with its network on a device: the same events, forecasts as those of the network on the CPU.
//
// Where there is no GPU the device is LibTorch's CPU: other sums than our kernel's, the same path through batches of
// several lanes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/cpu_network.h"
#include "pipeline/serving_model.h"
#include "state/memory_store.h"
#include "tests/config/support/model_directory.h"
#include "tests/pipeline/support/world.h"
#include "tests/support/network_users.h"
#include "tests/torch/support/library.h"

namespace driftcast {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr int kPartitions = 3;
constexpr double kTolerance = 1e-4;

const char* device() { return torch_library().has_cuda() ? "cuda" : "cpu"; }

// The outputs of every partition, in order.
std::vector<std::string> outputs_of(const Settings& settings, const ModelSet& models) {
  MemoryLog log(kPartitions);
  MemoryStore store;
  append(log, make_input(1, 1500, kPartitions));
  EXPECT_TRUE(run_to_end(settings, log, store, models));
  std::vector<std::string> lines;
  for (Partition p = 0; p < kPartitions; ++p) {
    for (const std::string& line : log.outputs(p)) lines.push_back(line);
  }
  return lines;
}

// A line of JSON cut into its numbers and what stands between them; what is quoted is no number.
struct Pieces {
  std::vector<double> numbers;
  std::string rest;
};

Pieces pieces_of(const std::string& line) {
  Pieces pieces;
  bool quoted = false;
  for (const char* at = line.c_str(); *at != '\0';) {
    if (*at == '"') quoted = !quoted;
    if (quoted || (*at != '-' && std::isdigit(static_cast<unsigned char>(*at)) == 0)) {
      pieces.rest += *at++;
      continue;
    }
    char* end = nullptr;
    pieces.numbers.push_back(std::strtod(at, &end));
    at = end;
  }
  return pieces;
}

// Of the numbers, relative to the larger of themselves and 1; infinite where anything else differs.
double largest_difference(const std::string& expected, const std::string& actual) {
  const Pieces a = pieces_of(expected), b = pieces_of(actual);
  if (a.rest != b.rest || a.numbers.size() != b.numbers.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (std::size_t i = 0; i < a.numbers.size(); ++i) {
    const double size = std::max(1.0, std::abs(a.numbers[i]));
    largest = std::max(largest, std::abs(a.numbers[i] - b.numbers[i]) / size);
  }
  return largest;
}

class JobOnADevice : public testing::TestWithParam<int> {};

TEST_P(JobOnADevice, ForecastsWhatTheNetworkOnTheCpuForecasts) {
  Settings settings = small_settings();
  const NetworkWeights weights = some_weights(16, 2, settings.operators.horizons);
  const ModelSet on_cpu = models_with(cpu_network(weights, settings.operators.horizons).value(), weights);
  const auto expected = outputs_of(settings, on_cpu);
  EXPECT_THAT(expected, Contains(HasSubstr("\"lstm\":")));
  settings.pipeline.threads = GetParam();
  settings.pipeline.source.slice = 50;
  Metrics metrics(settings.operators.horizons);
  auto network =
      shared_network(torch_library(), device(), weights, settings.operators.horizons, settings.pipeline, &metrics);
  ASSERT_TRUE(network);
  const auto actual = outputs_of(settings, models_with(*std::move(network), weights));
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_LT(largest_difference(expected[i], actual[i]), kTolerance) << expected[i] << "\n" << actual[i];
  }
  EXPECT_THAT(metrics.text({}), HasSubstr("\ndriftcast_network_on_device 1\n")) << "it was lost on the way";
}

INSTANTIATE_TEST_SUITE_P(Threads, JobOnADevice, testing::Values(1, 4));

TEST(OpenModelWithLibTorch, ServesOnCudaWhereThereIsADevice) {
  const ModelDirectory dir;
  Settings settings;
  settings.pipeline.model_dir = dir.path();
  settings.pipeline.model_device = "auto";
  Metrics metrics(settings.operators.horizons);
  const auto models = open_model(settings, &metrics);
  ASSERT_TRUE(models);
  const std::string where = torch_library().has_cuda() ? "1" : "0";
  EXPECT_THAT(metrics.text({}), HasSubstr("\ndriftcast_network_on_device " + where + "\n"));
  settings.pipeline.model_device = "cuda";
  const auto asked_for = open_model(settings);
  EXPECT_EQ(asked_for.has_value(), torch_library().has_cuda());
  if (asked_for) return;
  EXPECT_EQ(asked_for.error().code, ErrorCode::kConfig);
  EXPECT_THAT(asked_for.error().message, HasSubstr("model.device is cuda, but there is no CUDA device"));
}

}  // namespace
}  // namespace driftcast
