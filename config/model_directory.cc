#include "config/model_directory.h"

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include "config/files.h"
#include "config/members.h"
#include "config/model_document.h"
#include "config/network_tensors.h"
#include "config/safetensors.h"
#include "core/hash.h"

namespace driftcast {
namespace {

constexpr std::size_t kLargestDocument = 256 << 10;
// How the weights say that they are ours.
constexpr std::string_view kFormatKey = "format", kFormat = "driftcast";

std::string document_path(const std::string& dir) { return dir + "/model.json"; }
std::string weights_path(const std::string& dir) { return dir + "/" + std::string(kWeightsFile); }

Error broken(const std::string& path, const std::string& what) {
  return error(ErrorCode::kData, "cannot use '" + path + "': " + what);
}

Result<void> check_directory(const std::string& dir) {
  std::error_code failure;
  const auto status = std::filesystem::status(dir, failure);
  if (status.type() == std::filesystem::file_type::directory) return {};
  if (status.type() == std::filesystem::file_type::not_found) {
    return error(ErrorCode::kNoInput, "the model directory '" + dir + "' is not there");
  }
  return broken(dir, "a model is a directory with model.json and " + std::string(kWeightsFile) + ", this is none");
}

Result<ModelDocument> read_document(const std::string& path) {
  const Result<std::string> text = read_capped(path, kLargestDocument);
  if (!text) return text.error();
  if (const std::string kind = pytorch_archive(*text); !kind.empty()) return broken(path, kind);
  return read_model_document(*text, path);
}

// Nothing of a file is looked at closely before it is known to be the one that model.json means.
Result<void> check_weights_file(std::string_view bytes, const ModelDocument& document, const std::string& path) {
  if (const std::string kind = pytorch_archive(bytes); !kind.empty()) return broken(path, kind);
  const std::string advice =
      ". It was changed, cut short, or belongs to another model: copy the directory again, or train";
  if (bytes.size() != document.weights_bytes) {
    return broken(path, "model.json says that it has " + std::to_string(document.weights_bytes) + " bytes, it has " +
                            std::to_string(bytes.size()) + advice);
  }
  if (const std::uint64_t hash = hash64(bytes); hash != document.weights_hash) {
    return broken(path, "model.json says that its hash is " + hash_text(document.weights_hash) + ", it is " +
                            hash_text(hash) + advice);
  }
  return {};
}

Result<void> read_weights(const std::string& path, const ModelDocument& document, NetworkWeights& weights) {
  const Result<std::string> bytes = read_capped(path, kLargestWeightsFile);
  if (!bytes) return bytes.error();
  DRIFTCAST_TRY(check_weights_file(*bytes, document, path));
  Result<Safetensors> read = read_safetensors(*bytes, path);
  if (!read) return read.error();
  DRIFTCAST_TRY(take_tensors(std::move(read->tensors), path, weights));
  if (const std::string fault = fault_of(weights); !fault.empty()) return broken(path, fault);
  return {};
}

void seal_with_network(ModelSet& models, const std::optional<NetworkWeights>& network) {
  models.network_hash = network ? hash_of(*network) : 0;
  seal(models);
}

// Ours, or nobody's. What cannot be read is not ours.
Result<void> check_own(const std::string& path, bool own) {
  std::error_code failure;
  if (own || !std::filesystem::exists(std::filesystem::symlink_status(path, failure))) return {};
  return error(ErrorCode::kCannotCreate, "'" + path +
                                             "' is no file of a model of driftcast, so it is not "
                                             "replaced: choose another directory, or remove it");
}

bool own_document(const std::string& path) {
  const Result<std::string> text = read_capped(path, kLargestDocument);
  return text && is_model_document(*text);
}

bool own_weights(const std::string& path) {
  const Result<std::string> bytes = read_capped(path, kLargestWeightsFile);
  if (!bytes) return false;
  const Result<Safetensors> read = read_safetensors(*bytes, path);
  if (!read) return false;
  const auto format = read->metadata.find(std::string(kFormatKey));
  return format != read->metadata.end() && format->second == kFormat;
}

// Of model.json, when it could be read again.
Result<std::string> readable_text(const ModelDocument& document, const std::string& dir) {
  std::string text = model_document_text(document);
  if (text.size() > kLargestDocument) return broken(document_path(dir), "it is too large: shorten its card");
  if (const auto read = read_model_document(text, document_path(dir)); !read) return read.error();
  return text;
}

Result<void> remove_weights(const std::string& path) {
  std::error_code failure;
  std::filesystem::remove(path, failure);
  if (!failure) return {};
  return error(ErrorCode::kCannotCreate, "cannot remove '" + path + "': " + failure.message());
}

}  // namespace

Result<ModelFiles> read_model(const std::string& dir) {
  DRIFTCAST_TRY(check_directory(dir));
  Result<ModelDocument> document = read_document(document_path(dir));
  if (!document) return document.error();
  ModelFiles files = std::move(document->files);
  if (files.network) DRIFTCAST_TRY(read_weights(weights_path(dir), *document, *files.network));
  const std::uint64_t said = files.models.hash;
  seal_with_network(files.models, files.network);
  if (files.models.hash == said) return files;
  return broken(document_path(dir), "it has been changed by hand: it says that its hash is " + hash_text(said) +
                                        ", it is " + hash_text(files.models.hash) +
                                        ". Copy the directory again, or train");
}

Result<void> check_model(const std::string& dir, const ModelFiles& files) {
  const auto text = readable_text({files}, dir);
  return text ? Result<void>() : text.error();
}

Result<void> write_model(const std::string& dir, const ModelFiles& files) {
  ModelDocument document{files};
  seal_with_network(document.files.models, files.network);
  std::string weights;
  if (files.network) {
    if (const std::string fault = fault_of(*files.network); !fault.empty()) return broken(dir, fault);
    weights = safetensors_bytes(tensors_of(*files.network), {{std::string(kFormatKey), std::string(kFormat)}});
    document.weights_bytes = weights.size();
    document.weights_hash = hash64(weights);
  }
  const auto text = readable_text(document, dir);
  if (!text) return text.error();
  DRIFTCAST_TRY(make_directory(dir));
  DRIFTCAST_TRY(may_write_model(dir));
  if (files.network) DRIFTCAST_TRY(replace_file(weights_path(dir), weights));
  DRIFTCAST_TRY(replace_file(document_path(dir), *text));
  if (!files.network) DRIFTCAST_TRY(remove_weights(weights_path(dir)));
  return sync_directory(dir);
}

Result<void> may_write_model(const std::string& dir) {
  DRIFTCAST_TRY(check_own(document_path(dir), own_document(document_path(dir))));
  return check_own(weights_path(dir), own_weights(weights_path(dir)));
}

}  // namespace driftcast
