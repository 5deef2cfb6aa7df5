// Model directories: what is written is read back to the bit; what is missing, broken, forged or foreign is refused.
#include "config/model_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <variant>

#include "config/files.h"
#include "config/json_reader.h"
#include "config/json_writer.h"
#include "config/members.h"
#include "config/network_tensors.h"
#include "config/safetensors.h"
#include "core/hash.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t kDay = 86'400'000;

ModelFiles model_without_network() {
  ModelFiles files{default_models(), std::nullopt, kDay, R"({"command":"driftcast train","seed":7})"};
  files.models.id = "test-1";
  return files;
}

ModelFiles small_model() {
  ModelFiles files = model_without_network();
  files.network = fresh_network(kHiddenUnit, 2, {7, 30}, 1);
  for (std::size_t i = 0; i < kFeatures; ++i) {
    files.network->mean[i] = 0.1F * static_cast<float>(i);
    files.network->scale[i] = 1 / (1 + static_cast<float>(i));
  }
  return files;
}

// Not as the program does it, which waits for the disk.
void put(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

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
    EXPECT_THAT(read.error().message, HasSubstr(path())) << "says where";
    return read.error().message;
  }

 private:
  ScratchDir dir_;
  std::string document_, weights_;
};

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

TEST(ModelDirectory, SaysThatPyTorchArchivesAreRefused) {
  const ModelDirectory dir;
  dir.put_weights(std::string("PK\x03\x04\x00\x00\x08\x08", 8));
  EXPECT_THAT(dir.refusal(), HasSubstr("PyTorch archive (a zip file: torch.save or TorchScript)"));
  dir.put_weights("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20");
  EXPECT_THAT(dir.refusal(), HasSubstr("PyTorch archive (a pickle)"));
  dir.put_document(std::string("PK\x03\x04\x00\x00\x08\x08", 8));
  EXPECT_THAT(dir.refusal(), HasSubstr("Such an archive is a program that runs when it is read, so it is refused"));
}

TEST(ModelDirectory, RefusesADocumentCutAtAnyByte) {
  const ModelDirectory dir;
  for (std::size_t length = 0; length < dir.document().size() - 2; ++length) {  // the last two end it: "}\n"
    dir.put_document(dir.document().substr(0, length));
    EXPECT_NE(dir.refusal(), "") << length;
  }
}

TEST(ModelDirectory, RefusesADocumentWithAnyByteChangedOrMeansTheSame) {
  const ModelDirectory dir;
  const ModelFiles written = read_model(dir.path()).value();
  const std::size_t step = dir.document().find("step_s"), card = dir.document().find("\"card\"");
  int refused = 0;
  for (std::size_t byte = 0; byte < card; ++byte) {
    for (const int bit : {0, 1, 4}) {
      std::string changed = dir.document();
      changed[byte] = static_cast<char>(changed[byte] ^ 1 << bit);
      dir.put_document(changed);
      const Result<ModelFiles> read = read_model(dir.path());
      refused += read ? 0 : 1;
      if (!read) continue;
      EXPECT_EQ(read->models.hash, written.models.hash) << byte;
      EXPECT_EQ(hash_of(*read->network), hash_of(*written.network)) << byte;
      const bool of_step =
          byte > step && byte < step + 20;  // no number of the model: the configuration's must be like it
      EXPECT_TRUE(of_step || read->step_ms == written.step_ms) << byte;
    }
  }
  EXPECT_GT(refused, static_cast<int>(2 * card));
}

// Visits every value of a tree but those of the card.
void walk(Value& value, const std::string& path, const std::function<void(Value&, const std::string&)>& visit) {
  visit(value, path);
  for (auto& [key, member] : value.members) {
    if (key != "card") walk(member, path + "." + key, visit);
  }
  for (std::size_t i = 0; i < value.items.size(); ++i)
    walk(value.items[i], path + "[" + std::to_string(i) + "]", visit);
}

// Hands every value of model.json to `change` in turn, which says how many ways it knows to change it, and expects each
// changed model to be refused.
using Ways = std::function<std::size_t(const Value&)>;
using Change = std::function<void(Value&, std::size_t way)>;

void expect_each_change_refused(const Ways& ways, const Change& change) {
  const ModelDirectory dir;
  Value tree = dir.tree();
  int changes = 0;
  walk(tree, "", [&](Value& value, const std::string& path) {
    const Value kept = value;
    for (std::size_t way = 0; way < ways(kept); ++way) {
      change(value, way);
      dir.put_document(json_text(tree));
      EXPECT_NE(dir.refusal(), "") << path << " changed in way " << way;
      value = kept;
      ++changes;
    }
  });
  EXPECT_GT(changes, 100);
  dir.put_document(json_text(tree));
  EXPECT_EQ(dir.refusal(), "") << "the tree as it was";
}

std::size_t members_of(const Value& value) { return value.members.size(); }

TEST(ModelDirectory, RefusesEveryValueOfAnotherShape) {
  const std::vector<Value> others = {{Shape::kNull},        {Shape::kBoolean, "true"},
                                     {Shape::kNumber, "7"}, {Shape::kString, "7"},
                                     {Shape::kList},        {Shape::kObject}};
  expect_each_change_refused([&](const Value&) { return others.size(); },
                             [&](Value& value, std::size_t way) {
                               // Of its own shape it gets something that is no value of any member.
                               if (value.shape == others[way].shape) {
                                 value = {Shape::kString, "?"};
                               } else {
                                 value = others[way];
                               }
                             });
}

TEST(ModelDirectory, RefusesEveryObjectThatLacksAMember) {
  expect_each_change_refused(members_of, [](Value& object, std::size_t i) {
    object.members.erase(object.members.begin() + static_cast<std::ptrdiff_t>(i));
  });
}

TEST(ModelDirectory, RefusesEveryMemberThatIsWrittenTwice) {
  expect_each_change_refused(members_of,
                             [](Value& object, std::size_t i) { object.members.push_back(object.members[i]); });
}

TEST(ModelDirectory, RefusesEveryMemberThatIsNotKnown) {
  expect_each_change_refused(members_of, [](Value& object, std::size_t i) {
    object.members.insert(object.members.begin() + static_cast<std::ptrdiff_t>(i), {"else", Value{Shape::kNull}});
  });
}

TEST(ModelDirectory, RefusesEveryListThatLacksAnItemOrHasOneTwice) {
  expect_each_change_refused([](const Value& value) { return 2 * value.items.size(); },
                             [](Value& list, std::size_t way) {
                               const auto item = list.items.begin() + static_cast<std::ptrdiff_t>(way / 2);
                               if (way % 2 == 0) {
                                 list.items.erase(item);
                               } else {
                                 list.items.insert(item, Value(*item));
                               }
                             });
}

TEST(ModelDirectory, RefusesEveryNumberThatIsFarTooLargeNegativeOrNoNumber) {
  const std::vector<std::string> wrong = {"-1e30", "1e39", "1e999", "-5", "123456789012345678901234567890"};
  expect_each_change_refused([&](const Value& value) { return value.shape == Shape::kNumber ? wrong.size() : 0; },
                             [&](Value& value, std::size_t way) { value.text = wrong[way]; });
}

TEST(ModelDirectory, SaysWhenANumberWasChangedByHand) {
  const ModelDirectory dir;
  dir.edit("\"phi\": 0,", "\"phi\": 0.5,");
  const std::string message = dir.refusal();
  EXPECT_THAT(message, HasSubstr(dir.document_path() + "': it has been changed by hand: it says that its hash is "));
  dir.edit("\"id\": \"test-1\"", "\"id\": \"test-2\"");
  EXPECT_THAT(dir.refusal(), HasSubstr("changed by hand"));
  dir.edit("\"purchases\": false", "\"purchases\": true");
  EXPECT_THAT(dir.refusal(), HasSubstr("changed by hand"));
}

struct Lie {
  std::string old, fresh, message;
};

TEST(ModelDirectory, SaysWhatIsWrongAndWhatIsAllowed) {
  const ModelDirectory dir;
  const Lie lies[] = {
      {"\"schema\": 1", "\"schema\": 2", "schema: must be 1, got '2': this is no model, or one of another version"},
      {"\"test-1\"", "\"../etc\"", "id: must be 1 to 64 letters, digits, '.', '_' or '-'"},
      {"\"step_s\": 86400", "\"step_s\": 0", "step_s: '0' is out of range: allowed are numbers from 1 to 31622400"},
      {"\"layers\": 2", "\"layers\": 5", "network.layers: '5' is not allowed: it must be a whole number from 1 to 4"},
      {"\"layers\": 2", "\"layers\": 2.0",
       "network.layers: '2.0' is not allowed: it must be a whole number from 1 to 4"},
      {"\"hidden\": 8", "\"hidden\": 12", "network.hidden: must be a multiple of 8"},
      {"\"hidden\": 8", "\"hidden\": 520", "network.hidden: '520' is not allowed"},
      {"\"clicks\"", "\"klicks\"",
       "network.features: number 1 must be 'clicks', not 'klicks': the model is of another"},
      {"[7, 30]", "[30, 7]", "network.horizons: must be 1 to 4 whole numbers from 1 to 365, each larger than"},
      {"[7, 30]", "[7, 7]", "network.horizons: must be 1 to 4"},
      {"[7, 30]", "[]", "network.horizons: must be 1 to 4"},
      {"[7, 30]", "[1, 2, 3, 4, 5]", "network.horizons: must be 1 to 4"},
      {"[7, 30]", "[7, 366]", "network.horizons: must be 1 to 4"},
      {"\"scale\": [1,", "\"scale\": [0,", "network.scale: '0' is out of range: allowed are numbers above 0, up to"},
      {"weights.safetensors", "/etc/passwd", "'/etc/passwd' is not allowed: it must be 'weights.safetensors'"},
      {"\"below\": 0.1,", "\"below\": 0.3,", "segments[1].below: must be larger than the bound of the segment before"},
      {"\"dispersion\": 0.05", "\"dispersion\": 0",
       "segments[0].dispersion: '0' is out of range: allowed are numbers above 0"},
      {"\"phi\": 0,", "\"phi\": 0.99,",
       "segments[0].arima.phi: '0.99' is out of range: allowed are numbers from -0.98 to 0.98"},
      {"\"theta\": -0.85", "\"theta\": -0.99", "segments[0].arima.theta: '-0.99' is out of range"},
      {"\"s2\": 0.06", "\"s2\": 0", "segments[0].arima.s2: '0' is out of range"},
      {"\"rho\": 0.97", "\"rho\": 1.01",
       "segments[0].arima.rho: '1.01' is out of range: allowed are numbers above 0, up to 1"},
      {"\"p0\": 0.01", "\"p0\": 2", "segments[0].arima.p0: '2' is out of range"},
      {"\"youth\": 10", "\"youth\": 11",
       "segments[0].arima.youth: '11' is not allowed: it must be a whole number from 0 to 10"},
      {"\"arima\": 0.95", "\"arima\": 0.1", "segments[0].weights.new: sum up to 0.15, allowed are 0.4 to 1.1"},
      {"\"arima\": 0.95", "\"arima\": 1.08", "segments[0].weights.new: sum up to 1.13, allowed are 0.4 to 1.1"},
      {"\"arima\": 0.95", "\"arima\": -0.1", "segments[0].weights.new.arima: '-0.1' is out of range"},
      {"\"card\": {", "\"card\": [{", "not valid JSON"},
  };
  for (const Lie& lie : lies) {
    dir.edit(lie.old, lie.fresh);
    EXPECT_THAT(dir.refusal(), HasSubstr(lie.message)) << lie.old << " -> " << lie.fresh;
  }
}

TEST(ModelDirectory, SaysEverythingThatIsWrongWithPlaces) {
  const ModelDirectory dir;
  std::string text = dir.document();
  for (const auto& [old, fresh] :
       {std::pair("\"step_s\": 86400", "\"step_s\": -1"), {"\"layers\": 2", "\"layers\": 9"}}) {
    text.replace(text.find(old), std::string(old).size(), fresh);
  }
  dir.put_document(text);
  const std::string message = dir.refusal();
  EXPECT_THAT(message, HasSubstr("\n" + dir.document_path() + ":5:3: step_s: '-1' is out of range"));
  EXPECT_THAT(message, HasSubstr("\n" + dir.document_path() + ":7:5: network.layers: '9' is not allowed"));
}

TEST(ModelDirectory, RefusesEveryLieAboutTheWeightsFile) {
  const ModelDirectory dir;
  const std::string size = std::to_string(dir.weights().size());
  const std::string bytes = "\"bytes\": " + size;
  const auto claim = [&](const std::string& number) {
    dir.edit(bytes, "\"bytes\": " + number);
    return dir.refusal();
  };
  EXPECT_THAT(claim(std::to_string(dir.weights().size() + 1)), HasSubstr("bytes, it has " + size));
  EXPECT_THAT(claim(std::to_string(dir.weights().size() - 1)), HasSubstr("bytes, it has " + size));
  EXPECT_THAT(claim("67108865"), HasSubstr("it must be a whole number from 1 to 67108864"));
  EXPECT_THAT(claim("9223372036854775808"), HasSubstr("it must be a whole number from 1 to 67108864"));
  EXPECT_THAT(claim("0"), HasSubstr("it must be a whole number from 1"));
  const std::string hash = hash_text(hash64(dir.weights()));
  dir.edit(hash, hash_text(hash64(dir.weights()) ^ 1));
  EXPECT_THAT(dir.refusal(), HasSubstr("it is " + hash + ". It was changed, cut short, or belongs to another model"));
  dir.edit(hash, hash + "0");
  EXPECT_THAT(dir.refusal(), HasSubstr("is no hash: 16 hexadecimal digits, small letters"));
}

TEST(ModelDirectory, RefusesWeightsThatWereCutOrChangedAnywhere) {
  const ModelDirectory dir;
  const std::string& good = dir.weights();
  for (std::size_t length = 0; length < good.size(); length += length < 1500 ? 1 : 97) {
    dir.put_weights(good.substr(0, length));
    EXPECT_NE(dir.refusal(), "") << "cut after " << length;
  }
  for (std::size_t byte = 0; byte < good.size(); byte += byte < 1500 ? 1 : 97) {
    std::string changed = good;
    changed[byte] = static_cast<char>(changed[byte] ^ 1);
    dir.put_weights(changed);
    EXPECT_NE(dir.refusal(), "") << "changed at " << byte;
  }
}

TEST(ModelDirectory, RefusesForgedWeightsWhateverModelJsonSays) {
  const ModelDirectory dir;
  const std::string& good = dir.weights();
  const std::uint64_t hash = read_model(dir.path()).value().models.hash;
  std::uint64_t header = 0;
  std::memcpy(&header, good.data(), sizeof header);
  int refused = 0;
  for (std::size_t byte = 0; byte < 8 + header; ++byte) {
    std::string changed = good;
    changed[byte] = static_cast<char>(changed[byte] ^ 2);
    dir.forge_weights(changed);
    const Result<ModelFiles> read = read_model(dir.path());
    refused += read ? 0 : 1;
    if (!read) continue;  // else it was no more than the writer's own mark
    EXPECT_EQ(read->models.hash, hash) << "changed at " << byte;
  }
  EXPECT_GT(refused, static_cast<int>(header) - 50);
  dir.forge_weights(good.substr(0, good.size() - 4));
  EXPECT_THAT(dir.refusal(), HasSubstr("it ends too early"));
  std::string changed = good;
  changed.back() = '\x01';
  dir.forge_weights(changed);
  EXPECT_THAT(dir.refusal(), HasSubstr("changed by hand"));
}

std::string forged(const std::function<void(std::vector<Tensor>&)>& change) {
  const ModelDirectory dir;
  std::vector<Tensor> tensors = tensors_of(*small_model().network);
  change(tensors);
  dir.forge_weights(safetensors_bytes(tensors, {}));
  return dir.refusal();
}

TEST(ModelDirectory, RefusesTensorsOfAnotherNetwork) {
  EXPECT_EQ(forged([](auto&) {}), "");
  EXPECT_EQ(forged([](auto& tensors) { std::swap(tensors[0], tensors[3]); }), "") << "the order does not matter";
  EXPECT_THAT(forged([](auto& tensors) { tensors.pop_back(); }), HasSubstr("'head.bias' is missing"));
  EXPECT_THAT(forged([](auto& tensors) { tensors[4].name = "lstm.1.else"; }),
              AllOf(HasSubstr("'lstm.1.recurrent' is missing"), HasSubstr("'lstm.1.else' is not known here")));
  EXPECT_THAT(forged([](auto& tensors) {
                tensors.push_back({"code", {1}, {0}});
              }),
              HasSubstr("'code' is not known here"));
  EXPECT_THAT(forged([](auto& tensors) {
                tensors[0].shape = {24, 32};
              }),
              HasSubstr("'lstm.0.input' has shape [24, 32], model.json makes it [32, 24]"));
  EXPECT_THAT(forged([](auto& tensors) {
                tensors[2] = {"lstm.0.bias", {33}, std::vector<float>(33)};
              }),
              HasSubstr("'lstm.0.bias' has shape [33], model.json makes it [32]"));
  EXPECT_THAT(forged([](auto& tensors) { tensors[1].data[5] = std::numeric_limits<float>::quiet_NaN(); }),
              HasSubstr("'lstm.0.recurrent': number 5 is not finite"));
  EXPECT_THAT(forged([](auto& tensors) { tensors[1].data[5] += 1; }), HasSubstr("changed by hand"));
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

RC_GTEST_PROP(ModelDirectory, SurvivesRandomBytesInEitherFile, (const std::string& noise)) {
  const ModelDirectory dir;
  dir.forge_weights(noise + "x");
  RC_ASSERT(!read_model(dir.path()));
  dir.put_document(noise);
  RC_ASSERT(!read_model(dir.path()));
}

RC_GTEST_PROP(ModelDirectory, SurvivesADocumentWithBytesReplaced, ()) {
  const ModelDirectory dir;
  std::string text = dir.document();
  const auto changes = *rc::gen::inRange(1, 6);
  for (int i = 0; i < changes; ++i) {
    const auto place = *rc::gen::inRange<std::size_t>(0, text.find("\"step_s\""));
    text[place] = *rc::gen::elementOf(std::string("0123456789[]{}:,\"-eE. \\") + '\0' + '\xff');
  }
  dir.put_document(text);
  const Result<ModelFiles> read = read_model(dir.path());
  if (!read) return;
  RC_ASSERT(hash_of(*read->network) == hash_of(*small_model().network));
}

}  // namespace
}  // namespace driftcast
