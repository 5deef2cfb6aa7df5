#include "pipeline/training/checkpoint_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>

#include "config/files.h"
#include "config/safetensors.h"

namespace driftcast {
namespace {

constexpr std::size_t kLargestFile = 1 << 30;
constexpr std::size_t kVectors = 6;
constexpr int kMostEpochs = 1'000'000;

template <class Number>
std::string text_of(Number number) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

// False: it is not there, or is no such number.
template <class Number>
bool read_number(const TensorMetadata& metadata, const std::string& key, Number& number) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return false;
  const char* const end = found->second.data() + found->second.size();
  const auto read = std::from_chars(found->second.data(), end, number);
  return read.ec == std::errc() && read.ptr == end;
}

// The vectors, by the names of their tensors.
template <class Of>
auto vectors_of(Of& checkpoint) {
  using Vector = decltype(&checkpoint.parameters);
  return std::array<std::pair<const char*, Vector>, kVectors>{{{"validation_losses", &checkpoint.validation_losses},
                                                               {"parameters", &checkpoint.parameters},
                                                               {"average", &checkpoint.average},
                                                               {"best", &checkpoint.best},
                                                               {"first_moment", &checkpoint.first_moment},
                                                               {"second_moment", &checkpoint.second_moment}}};
}

// Whether a training can stand there.
bool is_possible(const Checkpoint& at) {
  const auto epochs = static_cast<int>(at.validation_losses.size());
  const auto finite = [](float loss) { return std::isfinite(loss); };
  if (epochs < 1 || epochs > kMostEpochs || !std::ranges::all_of(at.validation_losses, finite)) return false;
  if (at.epoch < 1 || at.epoch > epochs || (!at.refit && at.epoch != epochs)) return false;
  return at.best_epoch >= 1 && at.best_epoch <= epochs && std::isfinite(at.best_loss) && at.updates >= 1;
}

}  // namespace

Result<void> write_checkpoint(const std::string& path, const Checkpoint& checkpoint, std::uint64_t training) {
  std::vector<Tensor> tensors;
  for (const auto& [name, values] : vectors_of(checkpoint)) tensors.push_back({name, {values->size()}, *values});
  const TensorMetadata metadata = {{"training", text_of(training)},
                                   {"refit", text_of(checkpoint.refit ? 1 : 0)},
                                   {"epoch", text_of(checkpoint.epoch)},
                                   {"best_epoch", text_of(checkpoint.best_epoch)},
                                   {"best_loss", text_of(checkpoint.best_loss)},
                                   {"updates", text_of(checkpoint.updates)}};
  return replace_file(path, safetensors_bytes(tensors, metadata));
}

Result<std::optional<Checkpoint>> read_checkpoint(const std::string& path, std::uint64_t training) {
  const auto bytes = read_capped(path, kLargestFile);
  if (!bytes && bytes.error().code == ErrorCode::kNoInput) return std::optional<Checkpoint>();
  if (!bytes) return bytes.error();
  const auto file = read_safetensors(*bytes, path);
  const auto broken = [&](const std::string& why) {
    return error(ErrorCode::kData, why + "; remove it, or begin anew with --restart");
  };
  if (!file) return broken(file.error().message);
  Checkpoint checkpoint;
  std::uint64_t of = 0;
  int refit = 0;
  const TensorMetadata& metadata = file->metadata;
  bool whole = read_number(metadata, "training", of) && read_number(metadata, "refit", refit) &&
               read_number(metadata, "epoch", checkpoint.epoch) &&
               read_number(metadata, "best_epoch", checkpoint.best_epoch) &&
               read_number(metadata, "best_loss", checkpoint.best_loss) &&
               read_number(metadata, "updates", checkpoint.updates) && file->tensors.size() == kVectors &&
               (refit == 0 || refit == 1);
  checkpoint.refit = refit != 0;
  std::size_t next = 0;
  for (const auto& [name, values] : vectors_of(checkpoint)) {
    if (!whole) break;
    const Tensor& tensor = file->tensors[next++];
    whole = tensor.name == name;
    *values = tensor.data;
  }
  if (!whole) return broken("'" + path + "' is not a checkpoint");
  if (of != training) {
    return error(ErrorCode::kCannotCreate,
                 "'" + path +
                     "' is the checkpoint of another training (other events, settings or options); go on with " +
                     "those, name another directory with --out, or begin anew with --restart");
  }
  if (!is_possible(checkpoint)) return broken("'" + path + "' says what no training comes to");
  return std::optional(checkpoint);
}

}  // namespace driftcast
