// The generated input that the benchmarks share, decoded once: 1 M events of 100 K users over 30 days, Zipf 1.1.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "pipeline/decode.h"
#include "pipeline/generator.h"
#include "pipeline/slice.h"

namespace driftcast {

struct Workload {
  std::int64_t events = 0;
  std::vector<std::unique_ptr<DecodedSlice>> slices;  // of 1,000 records, of one partition
};

// Seeded; the same for every benchmark.
inline Workload make_workload(const Settings& settings, std::int64_t events) {
  GeneratorOptions options;
  options.events = events;
  options.users = events / 10;
  options.days = 30;
  options.seed = 42;
  Generator generator(options);
  Decoder decoder(settings.pipeline, settings.operators);
  Workload workload;
  Offset offset = 0;
  for (bool more = true; more;) {
    auto slice = std::make_unique<DecodedSlice>();
    std::vector<std::shared_ptr<std::string>> lines;
    while (lines.size() < 1000) {
      std::string line;
      if (!generator.next(line)) {
        more = false;
        break;
      }
      line.pop_back();
      lines.push_back(std::make_shared<std::string>(std::move(line)));
    }
    for (const auto& line : lines) {
      const std::size_t size = line->size();
      line->append(kPadding, '\0');
      slice->slice.records.push_back({{}, std::string_view(*line).substr(0, size), std::nullopt, offset++});
      slice->slice.buffers.push_back(line);
    }
    decoder.decode(*slice);
    workload.slices.push_back(std::move(slice));
  }
  workload.events = offset;
  return workload;
}

}  // namespace driftcast
