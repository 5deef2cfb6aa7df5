// safetensors: named tensors as numbers that nothing has to execute (https://github.com/huggingface/safetensors).
//
//   8 bytes   N, little-endian
//   N bytes   JSON {name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...,
//             "__metadata__": {text: text}}, which may be followed by spaces
//   the rest  the tensors' numbers, row-major, little-endian; offsets count from its begin
//
// The reader believes nothing. It allocates by the bytes that are there, not by the lengths that are claimed, and hands
// out tensors only when all of the file is in order: one JSON object, no name twice, shapes that match their bytes,
// tensors that tile the data without gap or overlap, every number finite. It reads F32 and F16 (widened), and writes
// F32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace driftcast {

inline constexpr std::size_t kLargestTensorHeader = 64 << 10;  // bytes
inline constexpr std::size_t kMostTensors = 256;
inline constexpr std::size_t kMostDimensions = 8;

struct Tensor {
  std::string name;
  std::vector<std::uint64_t> shape;  // empty: one number
  std::vector<float> data;           // as many as the product of the shape
};

using TensorMetadata = std::map<std::string, std::string>;

struct Safetensors {
  std::vector<Tensor> tensors;  // in the order of their data
  TensorMetadata metadata;
};

// The content of a file; `path` names it in messages. kData: it is broken, or of another kind. Cost: the result takes
// as many bytes as the file, twice as many where it is F16.
Result<Safetensors> read_safetensors(std::string_view bytes, const std::string& path);

// The file's bytes: tensors in this order, their data from a multiple of eight bytes on. Texts are UTF-8. What breaks a
// cap above is written, and not read.
std::string safetensors_bytes(std::span<const Tensor> tensors, const TensorMetadata& metadata);

// What a file is that PyTorch's own writers made, and why it is not read; empty for any other.
std::string pytorch_archive(std::string_view bytes);

}  // namespace driftcast
