// How a training set is walked: users of similar length side by side, their rows in chunks.
//
// Chance comes from the standard's own engine and from arithmetic of our own, so that a seed means the same everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "models/torch/flat_set.h"
#include "models/trainer.h"

namespace driftcast {

// Some rows of the users of a batch, step by step: T steps of B users. A user whose rows have ended repeats the last
// one: nothing is read from it any more.
struct Chunk {
  std::size_t steps = 0, users = 0;
  std::size_t real_rows = 0;                 // of the T * B, those that do not repeat
  std::vector<std::int64_t> rows;            // [T, B] into FlatSet::rows
  std::vector<std::int64_t> places, labels;  // of the labels in the chunk: step * B + user, and into FlatLabels
  std::vector<float> keep;                   // [B]: 0 where the user begins anew from an empty state, else 1
};

// A batch: indices of users. A pass over it takes as many steps as its longest user has rows in the part.
using Batch = std::vector<std::uint32_t>;

class Chance {
 public:
  Chance(std::uint64_t seed, std::uint64_t stream);
  std::uint64_t below(std::uint64_t n);
  bool happens(double probability);

 private:
  std::mt19937_64 engine_;
};

// Rows of the user that a pass over the part (kTrain, kValidation) reads.
std::uint32_t rows_of(const FlatUser& user, Part part);

// All users with rows in the part, `size` to a batch, longest first.
std::vector<Batch> batches_by_length(const FlatSet& set, Part part, std::size_t size);

// Likewise, with chance in who goes with whom and in what order; lengths count in chunks of `chunk` rows.
std::vector<Batch> shuffled_batches(const FlatSet& set, std::size_t size, std::size_t chunk, Chance& chance);

// The batch's rows from `first_step` on, at most `steps` of them; its labels of the part. Nobody begins anew.
Chunk chunk_of(const FlatSet& set, std::span<const std::uint32_t> batch, Part part, std::size_t first_step,
               std::size_t steps);

// The longest user's rows.
std::size_t steps_of(const FlatSet& set, std::span<const std::uint32_t> batch, Part part);

}  // namespace driftcast
