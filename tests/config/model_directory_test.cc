// Model directories: what is written is read back to the bit, files in the way are left alone.
#include "config/model_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>

#include "config/files.h"
#include "config/model_document.h"
#include "tests/config/support/model_directory.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string bytes_of(const std::vector<float>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)};
}

void expect_same_network(const NetworkWeights& read, const NetworkWeights& written) {
  EXPECT_EQ(hash_of(read), hash_of(written));
  EXPECT_EQ(read.hidden, written.hidden);
  EXPECT_EQ(read.horizons, written.horizons);
  EXPECT_EQ(read.purchases, written.purchases);
  EXPECT_EQ(bytes_of({read.mean.begin(), read.mean.end()}), bytes_of({written.mean.begin(), written.mean.end()}));
  EXPECT_EQ(bytes_of({read.scale.begin(), read.scale.end()}), bytes_of({written.scale.begin(), written.scale.end()}));
  ASSERT_EQ(read.layers.size(), written.layers.size());
  for (std::size_t i = 0; i < read.layers.size(); ++i) {
    EXPECT_EQ(bytes_of(read.layers[i].input), bytes_of(written.layers[i].input));
    EXPECT_EQ(bytes_of(read.layers[i].recurrent), bytes_of(written.layers[i].recurrent));
    EXPECT_EQ(bytes_of(read.layers[i].bias), bytes_of(written.layers[i].bias));
  }
  EXPECT_EQ(bytes_of(read.head), bytes_of(written.head));
  EXPECT_EQ(bytes_of(read.head_bias), bytes_of(written.head_bias));
}

TEST(ModelDirectory, IsReadBackToTheBit) {
  ModelFiles written = small_model();
  written.network->purchases = true;
  written.network->mean[3] = -0.0F;
  written.network->mean[4] = std::numeric_limits<float>::denorm_min();
  written.network->mean[5] = -std::numeric_limits<float>::max();
  written.network->scale[6] = std::nextafter(1.0F, 2.0F);
  written.models.segments[2].arima.phi = -0.0F;
  written.models.segments[2].mean = 1.0 / 3;
  written.models.segments[3].weights[0] = {0.3333333F, 0.1F, 0, 0.1F, 1e-20F, 0.2F, 0.05F};
  const ModelDirectory dir(written);
  const ModelFiles read = read_model(dir.path()).value();
  EXPECT_EQ(read.models.id, "test-1");
  EXPECT_EQ(read.step_ms, kDay);
  EXPECT_EQ(read.card, written.card);
  ASSERT_TRUE(read.network);
  expect_same_network(*read.network, *written.network);
  written.models.network_hash = hash_of(*written.network);
  seal(written.models);
  EXPECT_EQ(read.models.hash, written.models.hash);  // of every number of the segments
}

TEST(ModelDirectory, MayHoldNoNetwork) {
  const ModelDirectory dir(model_without_network());
  EXPECT_FALSE(std::filesystem::exists(dir.weights_path()));
  const ModelFiles read = read_model(dir.path()).value();
  EXPECT_FALSE(read.network);
  ModelSet same = default_models();
  same.id = "test-1";
  seal(same);
  EXPECT_EQ(read.models.hash, same.hash);
}

TEST(ModelDirectory, IsWrittenAgainToTheSameBytes) {
  const ModelDirectory first;
  const ModelDirectory second(read_model(first.path()).value());
  EXPECT_EQ(second.document(), first.document());
  EXPECT_EQ(second.weights(), first.weights());
}

RC_GTEST_PROP(ModelDirectory, KeepsEveryNumberOfASegment, (std::vector<std::uint32_t> bits)) {
  ModelFiles files = model_without_network();
  std::size_t next = 0;
  const auto draw = [&](float low, float high) {  // any bits that are allowed, else the highest
    const float number = bits.empty() ? high : std::bit_cast<float>(bits[next++ % bits.size()]);
    return number >= low && number <= high ? number : high;
  };
  for (ModelSet::Segment& segment : files.models.segments) {
    segment.arima.phi = draw(-0.98F, 0.98F);
    segment.arima.theta = draw(-0.98F, 0.98F);
    segment.arima.s2 = draw(std::numeric_limits<float>::denorm_min(), 1e6F);
    segment.arima.mean = draw(0, 1e6F);
    segment.arima.rho = draw(std::numeric_limits<float>::denorm_min(), 1);
    segment.arima.p0 = draw(0, 1);
  }
  seal(files.models);
  const ScratchDir dir;
  RC_ASSERT(bool(write_model(dir.path(), files)));
  RC_ASSERT(read_model(dir.path()).value().models.hash == files.models.hash);
}

TEST(ModelDirectory, SaysWhatIsNotThere) {
  const ScratchDir scratch;
  const Result<ModelFiles> absent = read_model(scratch.path("model"));
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::kNoInput);
  EXPECT_EQ(absent.error().message, "the model directory '" + scratch.path("model") + "' is not there");

  const ModelDirectory no_document, no_weights;
  std::filesystem::remove(no_document.document_path());
  EXPECT_EQ(no_document.refusal(ErrorCode::kNoInput),
            "cannot read '" + no_document.document_path() + "': No such file or directory");
  std::filesystem::remove(no_weights.weights_path());
  EXPECT_EQ(no_weights.refusal(ErrorCode::kNoInput),
            "cannot read '" + no_weights.weights_path() + "': No such file or directory");
}

TEST(ModelDirectory, IsADirectoryOfRegularFiles) {
  const ScratchDir scratch;
  put(scratch.path("file"), "{}");
  const Result<ModelFiles> file = read_model(scratch.path("file"));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kData);
  EXPECT_THAT(file.error().message, HasSubstr("a model is a directory with model.json"));

  const ModelDirectory dir;
  for (const std::string& path : {dir.document_path(), dir.weights_path()}) {
    const std::string kept = read_if_present(path).value();
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    EXPECT_THAT(dir.refusal(), HasSubstr("is not a regular file"));
    std::filesystem::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_THAT(dir.refusal(), HasSubstr("is not a regular file"));
    std::filesystem::remove(path);
    std::filesystem::create_symlink("/dev/zero", path);
    EXPECT_THAT(dir.refusal(), HasSubstr("is not a regular file"));
    std::filesystem::remove(path);
    std::filesystem::create_symlink("nowhere", path);
    EXPECT_THAT(dir.refusal(ErrorCode::kNoInput), HasSubstr("No such file"));
    std::filesystem::remove(path);
    put(path, kept);
  }
  EXPECT_EQ(dir.refusal(), "");
}

TEST(ModelDirectory, MayLieBehindLinks) {
  const ModelDirectory dir;
  const ScratchDir other;
  std::filesystem::create_directory(other.path("behind"));
  std::filesystem::create_symlink(dir.document_path(), other.path("behind/model.json"));
  std::filesystem::create_symlink(dir.weights_path(), other.path("behind/weights.safetensors"));
  std::filesystem::create_directory_symlink("behind", other.path("current"));
  EXPECT_TRUE(read_model(other.path("current")));
}

TEST(ModelDirectory, RefusesFilesThatAreTooLargeWithoutReadingThem) {
  const ModelDirectory dir;
  std::filesystem::resize_file(dir.weights_path(), 1ULL << 40);  // a hole
  EXPECT_THAT(dir.refusal(), HasSubstr("it is larger than the 67108864 bytes that are allowed"));
  std::filesystem::resize_file(dir.document_path(), 1ULL << 40);
  EXPECT_THAT(dir.refusal(), HasSubstr("it is larger than the 262144 bytes that are allowed"));
}

TEST(ModelDirectory, IsNotWrittenWhenItCouldNotBeRead) {
  const ScratchDir scratch;
  const auto refusal = [&](const std::function<void(ModelFiles&)>& change) {
    ModelFiles files = small_model();
    change(files);
    const Result<void> written = write_model(scratch.path("model"), files);
    EXPECT_FALSE(std::filesystem::exists(scratch.path("model")));
    return written ? "" : written.error().message;
  };
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refusal([](auto& files) { files.models.id = ""; }), HasSubstr("id: must be 1 to 64"));
  EXPECT_THAT(refusal([](auto& files) { files.step_ms = 0; }), HasSubstr("step_s: '0' is out of range"));
  EXPECT_THAT(refusal([](auto& files) { files.card = "[]"; }), HasSubstr("card: expected an object, got a list"));
  EXPECT_THAT(refusal([](auto& files) { files.card = R"({}, "more": {})"; }), HasSubstr("more: is not known here"));
  EXPECT_THAT(refusal([](auto& files) { files.card = "{"; }), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal([](auto& files) { files.card = "{\"t\":\"" + std::string(300'000, 'x') + "\"}"; }),
              HasSubstr("shorten its card"));
  EXPECT_THAT(refusal([](auto& files) { files.models.segments[1].arima.phi = kNan; }),
              HasSubstr("segments[1].arima.phi: expected a number, got null"));
  EXPECT_THAT(refusal([](auto& files) { files.network->scale[1] = kNan; }), Not(IsEmpty()));
  EXPECT_THAT(refusal([](auto& files) { files.network->head[7] = kNan; }), Not(IsEmpty()));
  EXPECT_THAT(refusal([](auto& files) { files.network->layers.pop_back(), files.network->hidden = 16; }),
              Not(IsEmpty()));
}

TEST(ModelDirectory, IsReplacedByAnotherModel) {
  const ModelDirectory dir;
  ModelFiles other = small_model();
  other.network = fresh_network(16, 1, {14}, 2);
  ASSERT_TRUE(write_model(dir.path(), other));
  EXPECT_EQ(read_model(dir.path()).value().network->hidden, 16U);
  ASSERT_TRUE(write_model(dir.path(), model_without_network()));
  EXPECT_FALSE(read_model(dir.path()).value().network);
  EXPECT_FALSE(std::filesystem::exists(dir.weights_path())) << "weights that nobody means any more";
  ASSERT_TRUE(write_model(dir.path(), other));
  EXPECT_TRUE(read_model(dir.path()).value().network);
}

TEST(ModelDirectory, OfAnOlderVersionIsRefusedToServeAndMayBeReplaced) {
  const ModelDirectory dir;
  std::string text = read_if_present(dir.path() + "/model.json").value();
  const std::string schema = "\"schema\": " + std::to_string(kModelSchema);
  const std::size_t at = text.find(schema);
  ASSERT_NE(at, std::string::npos) << text.substr(0, 80);
  put(dir.path() + "/model.json", text.replace(at, schema.size(), "\"schema\": 1"));
  EXPECT_THAT(dir.refusal(), HasSubstr("another version"));
  ASSERT_TRUE(write_model(dir.path(), small_model()));
  EXPECT_EQ(dir.refusal(), "");
}

TEST(ModelDirectory, OfTwoModelsMixedByACrashIsRefused) {
  const ModelDirectory dir;
  ModelFiles other = small_model();
  other.network = fresh_network(kHiddenUnit, 2, {7, 30}, 2);
  const ModelDirectory after(other);
  dir.put_weights(after.weights());  // as far as the writer came
  EXPECT_THAT(dir.refusal(), HasSubstr("belongs to another model"));
  ASSERT_TRUE(write_model(dir.path(), other)) << "written again it is whole";
  EXPECT_EQ(dir.refusal(), "");
}

TEST(ModelDirectory, LeavesFilesOfOthersAlone) {
  const ModelDirectory dir;
  put(dir.path() + "/notes.txt", "mine");
  ASSERT_TRUE(write_model(dir.path(), small_model()));
  EXPECT_EQ(read_if_present(dir.path() + "/notes.txt").value(), "mine");

  for (const std::string name : {"model.json", "weights.safetensors"}) {
    const ScratchDir other;
    EXPECT_TRUE(may_write_model(other.path()));
    put(other.path(name), "{}");
    EXPECT_FALSE(may_write_model(other.path()));
    const Result<void> written = write_model(other.path(), small_model());
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::kCannotCreate);
    EXPECT_THAT(written.error().message, HasSubstr("'" + other.path(name) + "'"));
    EXPECT_EQ(read_if_present(other.path(name)).value(), "{}");
  }
}

TEST(ModelDirectory, SaysWhenItCannotBeMade) {
  const ScratchDir scratch;
  put(scratch.path("file"), "");
  const Result<void> written = write_model(scratch.path("file/model"), small_model());
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kCannotCreate);
}

}  // namespace
}  // namespace driftcast
