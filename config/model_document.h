// model.json: the text of a model directory, to and from values. docs/model-directory.md describes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/model_files.h"
#include "core/result.h"

namespace driftcast {

inline constexpr std::string_view kWeightsFile = "weights.safetensors";
inline constexpr std::size_t kLargestWeightsFile = 64 << 20;  // bytes
inline constexpr int kModelSchema = 3;

struct ModelDocument {
  ModelFiles files;  // a network has its sizes, and as many layers as it will have, without a number in them
  std::uint64_t weights_bytes = 0, weights_hash = 0;  // of the file with the network's numbers; hash64
};

// 1 to kLongestModelId letters, digits, '.', '_' and '-'.
inline constexpr std::size_t kLongestModelId = 64;
bool is_model_id(std::string_view text);

// Whether it was written for a model, by this version of driftcast or one before it, however broken it may be now.
bool is_model_document(std::string_view text);

// Everything is checked but what only the numbers of the network can tell: they, and with them the model's hash, are
// the caller's to check. kData, with all that is wrong; `path` names the file in messages.
Result<ModelDocument> read_model_document(std::string_view text, const std::string& path);

// A value out of range is written all the same, one that is not finite as null: reading refuses both.
std::string model_document_text(const ModelDocument& document);

}  // namespace driftcast
