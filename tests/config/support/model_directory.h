// A model directory of a test's own, and ways to break it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <variant>

#include "config/files.h"
#include "config/json_reader.h"
#include "config/members.h"
#include "config/model_directory.h"
#include "core/hash.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {

inline constexpr std::int64_t kDay = 86'400'000;

inline ModelFiles model_without_network() {
  ModelFiles files{default_models(), std::nullopt, kDay, R"({"command":"driftcast train","seed":7})"};
  files.models.id = "test-1";
  return files;
}

inline ModelFiles small_model() {
  ModelFiles files = model_without_network();
  files.network = fresh_network(kHiddenUnit, 2, {7, 30}, 1);
  for (std::size_t i = 0; i < kFeatures; ++i) {
    files.network->mean[i] = 0.1F * static_cast<float>(i);
    files.network->scale[i] = 1 / (1 + static_cast<float>(i));
  }
  return files;
}

// Writes a file anew, but unlike the program does not wait for the disk; nor does a new file, as a shorter one would.
inline void put(const std::string& path, const std::string& bytes) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary) << bytes;
}

// A model in a directory of its own, with its two texts at hand.
class ModelDirectory {
 public:
  explicit ModelDirectory(const ModelFiles& files = small_model()) {
    const Result<void> written = write_model(path(), files);
    EXPECT_TRUE(written) << (written ? "" : written.error().message);
    document_ = read_if_present(document_path()).value();
    weights_ = read_if_present(weights_path()).value();
  }

  std::string path() const { return dir_.path("model"); }
  std::string document_path() const { return dir_.path("model/model.json"); }
  std::string weights_path() const { return dir_.path("model/weights.safetensors"); }
  const std::string& document() const { return document_; }
  const std::string& weights() const { return weights_; }
  Value tree() const { return std::get<Value>(read_json(document_, "model.json")); }

  void put_document(const std::string& text) const { put(document_path(), text); }
  void put_weights(const std::string& bytes) const { put(weights_path(), bytes); }

  // Replaces a piece of model.json, which must be there.
  void edit(const std::string& old, const std::string& fresh) const {
    std::string text = document_;
    const std::size_t at = text.find(old);
    ASSERT_NE(at, std::string::npos) << old;
    put_document(text.replace(at, old.size(), fresh));
  }

  // As a forger would: weights with a model.json that agrees on their size and hash.
  void forge_weights(const std::string& bytes) const {
    put_weights(bytes);
    std::string text = document_;
    const auto replace = [&](const std::string& old, const std::string& fresh) {
      text.replace(text.find(old), old.size(), fresh);
    };
    replace("\"bytes\": " + std::to_string(weights_.size()), "\"bytes\": " + std::to_string(bytes.size()));
    replace(hash_text(hash64(weights_)), hash_text(hash64(bytes)));
    put_document(text);
  }

  // The message of a refusal of this kind, or nothing when the model is read.
  std::string refusal(ErrorCode code = ErrorCode::kData) const {
    const Result<ModelFiles> read = read_model(path());
    if (read) return "";
    EXPECT_EQ(read.error().code, code) << read.error().message;
    EXPECT_THAT(read.error().message, testing::HasSubstr(path())) << "says where";
    return read.error().message;
  }

 private:
  ScratchDir dir_;
  std::string document_, weights_;
};

}  // namespace driftcast
