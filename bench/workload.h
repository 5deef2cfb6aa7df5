// The generated input that the benchmarks share, decoded once: 1 M events of 100 K users over 30 days, Zipf 1.1.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "pipeline/decode.h"
#include "pipeline/generator/generator.h"
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
    const auto buffer = std::make_shared<std::string>();
    std::vector<std::size_t> ends;
    while (more && ends.size() < 1000) {
      more = generator.next(*buffer);
      if (more) ends.push_back(buffer->size());
    }
    const std::size_t size = buffer->size();
    buffer->append(kPadding, '\0');
    const std::string_view text = std::string_view(*buffer).substr(0, size);
    for (std::size_t begin = 0; const std::size_t end : ends) {
      slice->slice.records.push_back({{}, text.substr(begin, end - 1 - begin), std::nullopt, offset++});
      begin = end;
    }
    slice->slice.buffers.push_back(buffer);
    decoder.decode(*slice);
    workload.slices.push_back(std::move(slice));
  }
  workload.events = offset;
  return workload;
}

}  // namespace driftcast
