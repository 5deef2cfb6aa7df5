#include "models/torch/batches.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace driftcast {

namespace {

std::mt19937_64 engine_of(std::uint64_t seed, std::uint64_t stream) {
  std::seed_seq words{seed, seed >> 32, stream, stream >> 32};
  return std::mt19937_64(words);
}

template <class T>
void shuffle(std::vector<T>& items, Chance& chance) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[chance.below(i)]);
}

std::vector<std::uint32_t> users_with_rows(const FlatSet& set, Part part) {
  std::vector<std::uint32_t> users;
  for (std::uint32_t u = 0; u < set.users.size(); ++u) {
    if (rows_of(set.users[u], part) > 0) users.push_back(u);
  }
  return users;
}

std::vector<Batch> cut(const std::vector<std::uint32_t>& users, std::size_t size) {
  std::vector<Batch> batches;
  for (std::size_t i = 0; i < users.size(); i += size) {
    const auto begin = users.begin() + static_cast<std::ptrdiff_t>(i);
    batches.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(std::min(size, users.size() - i)));
  }
  return batches;
}

// The labels of the part whose rows are in [first_step, first_step + chunk.steps).
void add_labels(const FlatSet& set, const FlatUser& user, Part part, std::size_t first_step, std::size_t column,
                Chunk& chunk) {
  const std::vector<float>& mask = part == Part::kTrain ? set.labels.train : set.labels.validation;
  const auto begin = set.labels.row.begin() + user.first_label;
  const auto end = begin + user.labels;
  for (auto row = std::lower_bound(begin, end, first_step); row != end && *row < first_step + chunk.steps; ++row) {
    const auto label = row - set.labels.row.begin();
    const auto horizons = static_cast<std::ptrdiff_t>(set.horizons.size());
    const auto first = mask.begin() + label * horizons;
    if (std::find(first, first + horizons, 1.0F) == first + horizons) continue;
    chunk.places.push_back(static_cast<std::int64_t>((*row - first_step) * chunk.users + column));
    chunk.labels.push_back(label);
  }
}

}  // namespace

Chance::Chance(std::uint64_t seed, std::uint64_t stream) : engine_(engine_of(seed, stream)) {}

// The bias, n / 2^64, does not matter here.
std::uint64_t Chance::below(std::uint64_t n) { return engine_() % n; }

bool Chance::happens(double probability) { return static_cast<double>(engine_() >> 11) * 0x1p-53 < probability; }

std::uint32_t rows_of(const FlatUser& user, Part part) {
  return part == Part::kTrain ? user.train_rows : user.validation_rows;
}

std::vector<Batch> batches_by_length(const FlatSet& set, Part part, std::size_t size) {
  std::vector<std::uint32_t> users = users_with_rows(set, part);
  std::ranges::stable_sort(users, std::greater<>(), [&](std::uint32_t u) { return rows_of(set.users[u], part); });
  return cut(users, size);
}

std::vector<Batch> shuffled_batches(const FlatSet& set, std::size_t size, std::size_t chunk, Chance& chance) {
  std::vector<std::uint32_t> users = users_with_rows(set, Part::kTrain);
  shuffle(users, chance);
  const auto chunks = [&](std::uint32_t u) { return (set.users[u].train_rows + chunk - 1) / chunk; };
  std::ranges::stable_sort(users, std::greater<>(), chunks);
  std::vector<Batch> batches = cut(users, size);
  shuffle(batches, chance);
  return batches;
}

std::size_t steps_of(const FlatSet& set, std::span<const std::uint32_t> batch, Part part) {
  std::size_t steps = 0;
  for (const std::uint32_t u : batch) steps = std::max<std::size_t>(steps, rows_of(set.users[u], part));
  return steps;
}

Chunk chunk_of(const FlatSet& set, std::span<const std::uint32_t> batch, Part part, std::size_t first_step,
               std::size_t steps) {
  Chunk chunk;
  chunk.steps = std::min(steps, steps_of(set, batch, part) - first_step);
  chunk.users = batch.size();
  chunk.keep.assign(chunk.users, 1);
  chunk.rows.resize(chunk.steps * chunk.users);
  for (std::size_t b = 0; b < batch.size(); ++b) {
    const FlatUser& user = set.users[batch[b]];
    const std::size_t last = rows_of(user, part) - 1;
    if (last >= first_step) chunk.real_rows += std::min(last + 1 - first_step, chunk.steps);
    for (std::size_t t = 0; t < chunk.steps; ++t) {
      chunk.rows[t * chunk.users + b] = user.first_row + static_cast<std::int64_t>(std::min(first_step + t, last));
    }
    add_labels(set, user, part, first_step, b, chunk);
  }
  return chunk;
}

}  // namespace driftcast
