// Model directories that are broken, forged or foreign are refused, with what is wrong and what is allowed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

#include "config/json_writer.h"
#include "config/model_directory.h"
#include "config/model_document.h"
#include "config/network_tensors.h"
#include "config/safetensors.h"
#include "tests/config/support/model_directory.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

TEST(ModelRefusals, SaysThatPyTorchArchivesAreRefused) {
  const ModelDirectory dir;
  dir.put_weights(std::string("PK\x03\x04\x00\x00\x08\x08", 8));
  EXPECT_THAT(dir.refusal(), HasSubstr("PyTorch archive (a zip file: torch.save or TorchScript)"));
  dir.put_weights("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20");
  EXPECT_THAT(dir.refusal(), HasSubstr("PyTorch archive (a pickle)"));
  dir.put_document(std::string("PK\x03\x04\x00\x00\x08\x08", 8));
  EXPECT_THAT(dir.refusal(), HasSubstr("Such an archive is a program that runs when it is read, so it is refused"));
}

TEST(ModelRefusals, RefusesADocumentCutAtAnyByte) {
  const std::string whole = ModelDirectory().document();
  for (std::size_t length = 0; length < whole.size() - 1; ++length) {  // the last byte is a line's end
    EXPECT_FALSE(read_model_document(whole.substr(0, length), "model.json")) << length;
  }
  EXPECT_TRUE(read_model_document(whole, "model.json"));
}

TEST(ModelRefusals, RefusesADocumentWithAnyByteChangedOrMeansTheSame) {
  const ModelDirectory dir;
  const ModelFiles written = read_model(dir.path()).value();
  const std::size_t step = dir.document().find("step_s"), card = dir.document().find("\"card\"");
  int refused = 0;
  for (std::size_t byte = 0; byte < card; ++byte) {
    std::string changed = dir.document();
    changed[byte] = static_cast<char>(changed[byte] ^ 1 << byte % 6);
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
  EXPECT_GT(refused, static_cast<int>(card / 2));  // white space may change
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

TEST(ModelRefusals, RefusesEveryValueOfAnotherShape) {
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

TEST(ModelRefusals, RefusesEveryObjectThatLacksAMember) {
  expect_each_change_refused(members_of, [](Value& object, std::size_t i) {
    object.members.erase(object.members.begin() + static_cast<std::ptrdiff_t>(i));
  });
}

TEST(ModelRefusals, RefusesEveryMemberThatIsWrittenTwice) {
  expect_each_change_refused(members_of,
                             [](Value& object, std::size_t i) { object.members.push_back(object.members[i]); });
}

TEST(ModelRefusals, RefusesEveryMemberThatIsNotKnown) {
  expect_each_change_refused(members_of, [](Value& object, std::size_t i) {
    object.members.insert(object.members.begin() + static_cast<std::ptrdiff_t>(i), {"else", Value{Shape::kNull}});
  });
}

TEST(ModelRefusals, RefusesEveryListThatLacksAnItemOrHasOneTwice) {
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

TEST(ModelRefusals, RefusesEveryNumberThatIsFarTooLargeNegativeOrNoNumber) {
  const std::vector<std::string> wrong = {"-1e30", "1e39", "1e999", "-5", "123456789012345678901234567890"};
  expect_each_change_refused([&](const Value& value) { return value.shape == Shape::kNumber ? wrong.size() : 0; },
                             [&](Value& value, std::size_t way) { value.text = wrong[way]; });
}

TEST(ModelRefusals, SaysWhenANumberWasChangedByHand) {
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

TEST(ModelRefusals, SaysWhatIsWrongAndWhatIsAllowed) {
  const ModelDirectory dir;
  const Lie lies[] = {
      {"\"schema\": 3", "\"schema\": 2", "schema: must be 3, got '2': this is no model, or one of another version"},
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

TEST(ModelRefusals, SaysOfADocumentWithoutAVersionNothingMore) {
  const ModelDirectory dir;
  dir.edit("\"schema\": 3,", "");
  const std::string message = dir.refusal();
  EXPECT_THAT(message, EndsWith("schema: is missing"));
  EXPECT_EQ(std::ranges::count(message, '\n'), 1) << message;
}

TEST(ModelRefusals, SaysEverythingThatIsWrongWithPlaces) {
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

TEST(ModelRefusals, RefusesEveryLieAboutTheWeightsFile) {
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

TEST(ModelRefusals, RefusesWeightsThatWereCutOrChangedAnywhere) {
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

TEST(ModelRefusals, RefusesForgedWeightsWhateverModelJsonSays) {
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

TEST(ModelRefusals, RefusesTensorsOfAnotherNetwork) {
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

RC_GTEST_PROP(ModelRefusals, SurvivesRandomBytesInEitherFile, (const std::string& noise)) {
  const ModelDirectory dir;
  dir.forge_weights(noise + "x");
  RC_ASSERT(!read_model(dir.path()));
  dir.put_document(noise);
  RC_ASSERT(!read_model(dir.path()));
}

RC_GTEST_PROP(ModelRefusals, SurvivesADocumentWithBytesReplaced, ()) {
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
