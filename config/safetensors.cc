#include "config/safetensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <variant>

#include "config/json_reader.h"
#include "config/json_writer.h"
#include "config/members.h"
#include "config/problem.h"
#include "models/half.h"

namespace driftcast {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kLongestName = 128;
constexpr std::string_view kMetadata = "__metadata__";

// Where a tensor says that it lies; `begin` and `end` count from the begin of the data.
struct Claim {
  std::string name;
  std::size_t width = 4;  // bytes of a number
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

Error broken(const std::string& path, const std::string& what) {
  return error(ErrorCode::kData, "cannot read '" + path + "': " + what);
}

std::string bytes_text(std::uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

// The N of the first bytes; nothing when there are not even these.
std::optional<std::uint64_t> claimed_header(std::string_view bytes) {
  if (bytes.size() < kLengthBytes) return std::nullopt;
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

Result<std::string_view> header_of(std::string_view bytes, const std::string& path) {
  if (const std::string kind = pytorch_archive(bytes); !kind.empty()) return broken(path, kind);
  const std::optional<std::uint64_t> length = claimed_header(bytes);
  if (!length) return broken(path, "a safetensors file has at least 8 bytes, this one has " + bytes_text(bytes.size()));
  if (*length > kLargestTensorHeader) {
    return broken(path, "it is no safetensors file: its first 8 bytes claim a header of " + bytes_text(*length) +
                            ", allowed are " + std::to_string(kLargestTensorHeader));
  }
  if (*length > bytes.size() - kLengthBytes) {
    return broken(path, "it ends too early: the header has " + bytes_text(*length) + ", the file " +
                            bytes_text(bytes.size()) + " altogether");
  }
  return bytes.substr(kLengthBytes, *length);
}

// Lengths of a list, or a problem.
std::vector<std::uint64_t> read_lengths(Members& entry, std::string_view key, std::size_t most) {
  const Value* list = entry.take(key, Shape::kList);
  std::vector<std::uint64_t> lengths;
  if (list == nullptr) return lengths;
  if (list->items.size() > most) {
    entry.report(key, "has " + std::to_string(list->items.size()) + " numbers, allowed are " + std::to_string(most));
    return lengths;
  }
  for (const Value& item : list->items) {
    if (!read_length(item, lengths.emplace_back())) {
      entry.report(key, "must hold whole numbers from 0 on, without sign or exponent");
      break;
    }
  }
  return lengths;
}

// Bytes of the numbers of this shape; nothing when they are more than anything could hold.
std::optional<std::uint64_t> size_of(const Claim& claim) {
  std::uint64_t size = claim.width;
  for (const std::uint64_t length : claim.shape) {
    if (__builtin_mul_overflow(size, length, &size)) return std::nullopt;
  }
  return size;
}

Claim read_claim(const std::string& name, const Value& value, std::vector<Problem>& problems) {
  Members entry(value, quoted_name(name), problems);
  Claim claim{name, 4, {}, 0, 0};
  const std::size_t before = problems.size();
  const std::string type = entry.text("dtype");
  if (problems.size() == before && type != "F32" && type != "F16") {
    entry.report("dtype", quoted_name(type) + " is not read: allowed are F32 and F16");
  }
  claim.width = type == "F16" ? 2 : 4;
  claim.shape = read_lengths(entry, "shape", kMostDimensions);
  const std::vector<std::uint64_t> offsets = read_lengths(entry, "data_offsets", 2);
  entry.finish();
  if (problems.size() != before) return claim;
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    entry.report("data_offsets", "must be the first byte and the one behind the last");
    return claim;
  }
  claim.begin = offsets[0];
  claim.end = offsets[1];
  if (size_of(claim) != claim.end - claim.begin) {
    entry.report("data_offsets", "span " + bytes_text(claim.end - claim.begin) + ", which are not those of the shape");
  }
  return claim;
}

TensorMetadata read_metadata(const Value& value, std::vector<Problem>& problems) {
  TensorMetadata metadata;
  if (value.shape != Shape::kObject) {
    problems.push_back({std::string(kMetadata), "expected an object", value.place});
    return metadata;
  }
  Members texts(value, std::string(kMetadata), problems);
  for (const auto& [key, text] : value.members) metadata[key] = texts.text(key);
  return metadata;
}

// Every byte of the data belongs to one tensor: sorted, each begins where the one before ends.
void check_tiles(std::span<const Claim> claims, std::size_t data, std::vector<Problem>& problems) {
  std::uint64_t reached = 0;
  for (const Claim& claim : claims) {
    if (claim.begin != reached) {
      problems.push_back(
          {quoted_name(claim.name), std::string(claim.begin < reached ? "overlaps with" : "leaves a gap to") +
                                        " the data before it: it begins at " + std::to_string(claim.begin) +
                                        ", not at " + std::to_string(reached)});
      return;
    }
    reached = claim.end;
  }
  if (reached == data) return;
  problems.push_back({"data", "the file holds " + bytes_text(data) + " behind the header, its tensors take " +
                                  std::to_string(reached) + (reached > data ? ": it ends too early" : "")});
}

std::vector<Claim> read_claims(const Value& root, TensorMetadata& metadata, std::vector<Problem>& problems) {
  std::vector<Claim> claims;
  const Members names(root, "", problems);  // reports what is written twice
  for (const auto& [name, value] : root.members) {
    if (name == kMetadata) {
      metadata = read_metadata(value, problems);
    } else if (name.empty() || name.size() > kLongestName) {
      problems.push_back({quoted_name(name), "must have 1 to " + std::to_string(kLongestName) + " bytes", value.place});
    } else if (value.shape != Shape::kObject) {
      problems.push_back({quoted_name(name), "expected an object", value.place});
    } else {
      claims.push_back(read_claim(name, value, problems));
    }
  }
  std::ranges::sort(
      claims, [](const Claim& a, const Claim& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  return claims;
}

Tensor tensor_of(const Claim& claim, std::string_view data, std::vector<Problem>& problems) {
  const std::string_view bytes = data.substr(claim.begin, claim.end - claim.begin);
  Tensor tensor{claim.name, claim.shape, std::vector<float>(bytes.size() / claim.width)};
  if (claim.width == sizeof(float)) {
    if (!bytes.empty()) std::memcpy(tensor.data.data(), bytes.data(), bytes.size());
  } else {
    for (std::size_t i = 0; i < tensor.data.size(); ++i) {
      Half half;
      std::memcpy(&half.bits, bytes.data() + i * sizeof half.bits, sizeof half.bits);
      tensor.data[i] = to_float(half);
    }
  }
  const auto wrong = std::ranges::find_if(tensor.data, [](float number) { return !std::isfinite(number); });
  if (wrong != tensor.data.end()) {
    problems.push_back(
        {quoted_name(claim.name), "number " + std::to_string(wrong - tensor.data.begin()) + " is not finite"});
  }
  return tensor;
}

Error broken(const std::string& path, std::span<const Problem> problems) {
  std::string lines = describe_problems(problems);
  lines.pop_back();
  return broken(path, "\n" + lines);
}

std::string entry_text(const Tensor& tensor, std::uint64_t begin, std::uint64_t end) {
  std::string shape;
  for (const std::uint64_t length : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(length);
  return json_string(tensor.name) + R"(:{"dtype":"F32","shape":[)" + shape + R"(],"data_offsets":[)" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

std::string header_text(std::span<const Tensor> tensors, const TensorMetadata& metadata) {
  std::string texts;
  for (const auto& [key, text] : metadata) {
    texts += (texts.empty() ? "" : ",") + json_string(key) + ":" + json_string(text);
  }
  std::string header = "{" + json_string(kMetadata) + ":{" + texts + "}";
  std::uint64_t reached = 0;
  for (const Tensor& tensor : tensors) {
    const std::uint64_t end = reached + tensor.data.size() * sizeof(float);
    header += "," + entry_text(tensor, reached, end);
    reached = end;
  }
  header += "}";
  return header.append((kLengthBytes - header.size() % kLengthBytes) % kLengthBytes, ' ');
}

}  // namespace

std::string pytorch_archive(std::string_view bytes) {
  const bool zip = bytes.starts_with("PK\x03\x04");
  // The first byte alone would not do: the header of a good file may have 640 bytes.
  const bool pickle = bytes.size() >= 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5 &&
                      claimed_header(bytes).value_or(~std::uint64_t{0}) > kLargestTensorHeader;
  if (!zip && !pickle) return "";
  return std::string("it is a PyTorch archive (") + (zip ? "a zip file: torch.save or TorchScript" : "a pickle") +
         "). Such an archive is a program that runs when it is read, so it is refused. Write the tensors with "
         "safetensors.torch.save_file, or train anew with driftcast train";
}

Result<Safetensors> read_safetensors(std::string_view bytes, const std::string& path) {
  const Result<std::string_view> header = header_of(bytes, path);
  if (!header) return header.error();
  const std::variant<Value, Problem> document = read_json(*header, "header");
  if (const Problem* problem = std::get_if<Problem>(&document)) return broken(path, std::span(problem, 1));
  const Value& root = std::get<Value>(document);
  if (root.shape != Shape::kObject) return broken(path, "its header must be a JSON object");
  if (root.members.size() > kMostTensors + 1) {
    return broken(path, "it has " + std::to_string(root.members.size()) + " tensors, allowed are " +
                            std::to_string(kMostTensors));
  }
  const std::string_view data = bytes.substr(kLengthBytes + header->size());
  Safetensors read;
  std::vector<Problem> problems;
  const std::vector<Claim> claims = read_claims(root, read.metadata, problems);
  if (problems.empty()) check_tiles(claims, data.size(), problems);
  if (!problems.empty()) return broken(path, problems);
  for (const Claim& claim : claims) read.tensors.push_back(tensor_of(claim, data, problems));
  if (!problems.empty()) return broken(path, problems);
  return read;
}

std::string safetensors_bytes(std::span<const Tensor> tensors, const TensorMetadata& metadata) {
  const std::string header = header_text(tensors, metadata);
  std::string bytes;
  for (std::size_t i = 0; i < kLengthBytes; ++i) bytes += static_cast<char>(header.size() >> 8 * i & 0xff);
  bytes += header;
  for (const Tensor& tensor : tensors) {
    bytes.append(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size() * sizeof(float));
  }
  return bytes;
}

}  // namespace driftcast
