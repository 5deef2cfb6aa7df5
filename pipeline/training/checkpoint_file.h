// Checkpoint files: where a training stands after an epoch, as safetensors. A training that was interrupted goes on from
// there to the very result that it would have come to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.h"
#include "models/trainer.h"

namespace driftcast {

// Replaces the file as a whole. `training` identifies what is being trained, from what and how.
Result<void> write_checkpoint(const std::string& path, const Checkpoint& checkpoint, std::uint64_t training);

// None when there is no file. kData: it is broken. kCannotCreate: it is of another training, with advice.
Result<std::optional<Checkpoint>> read_checkpoint(const std::string& path, std::uint64_t training);

}  // namespace driftcast
