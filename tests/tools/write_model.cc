// Writes a model directory whose network says something, for tests that need one and no LibTorch.
//
// usage: write_model DIR [SEED]
#include <cstdio>
#include <cstdlib>

#include "config/model_directory.h"
#include "tests/support/some_model.h"

int main(int count, char** arguments) {
  if (count < 2) return 64;
  const std::uint64_t seed = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1;
  const auto written = driftcast::write_model(arguments[1], driftcast::some_model({7, 14, 30}, seed));
  if (!written) std::fprintf(stderr, "%s\n", written.error().message.c_str());
  return written ? 0 : static_cast<int>(written.error().code);
}
