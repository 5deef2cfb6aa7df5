#include "pipeline/training/checkpoint_file.h"

#include <charconv>
#include <cstddef>

#include "config/files.h"
#include "config/safetensors.h"

namespace driftcast {
namespace {

constexpr std::size_t kLargestFile = 1 << 30;

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
  return std::array<std::pair<const char*, Vector>, 5>{{{"parameters", &checkpoint.parameters},
                                                        {"average", &checkpoint.average},
                                                        {"best", &checkpoint.best},
                                                        {"first_moment", &checkpoint.first_moment},
                                                        {"second_moment", &checkpoint.second_moment}}};
}

}  // namespace

Result<void> write_checkpoint(const std::string& path, const Checkpoint& checkpoint, std::uint64_t training) {
  std::vector<Tensor> tensors;
  for (const auto& [name, values] : vectors_of(checkpoint)) tensors.push_back({name, {values->size()}, *values});
  const TensorMetadata metadata = {{"training", text_of(training)},
                                   {"refit", text_of(checkpoint.refit ? 1 : 0)},
                                   {"epoch", text_of(checkpoint.epoch)},
                                   {"first_epochs", text_of(checkpoint.first_epochs)},
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
  if (!file) return file.error();
  Checkpoint checkpoint;
  std::uint64_t of = 0;
  int refit = 0;
  const TensorMetadata& metadata = file->metadata;
  bool whole = read_number(metadata, "training", of) && read_number(metadata, "refit", refit) &&
               read_number(metadata, "epoch", checkpoint.epoch) &&
               read_number(metadata, "first_epochs", checkpoint.first_epochs) &&
               read_number(metadata, "best_epoch", checkpoint.best_epoch) &&
               read_number(metadata, "best_loss", checkpoint.best_loss) &&
               read_number(metadata, "updates", checkpoint.updates) && file->tensors.size() == 5;
  checkpoint.refit = refit != 0;
  std::size_t next = 0;
  for (const auto& [name, values] : vectors_of(checkpoint)) {
    if (!whole) break;
    const Tensor& tensor = file->tensors[next++];
    whole = tensor.name == name;
    *values = tensor.data;
  }
  if (!whole) return error(ErrorCode::kData, "'" + path + "' is not a checkpoint; remove it to begin anew");
  if (of != training) {
    return error(ErrorCode::kCannotCreate,
                 "'" + path +
                     "' is the checkpoint of another training (other events, settings or options); go on with " +
                     "those, name another directory with --out, or begin anew with --restart");
  }
  return std::optional(checkpoint);
}

}  // namespace driftcast
