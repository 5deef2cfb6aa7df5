#include "config/model_document.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <variant>
#include <vector>

#include "config/json_reader.h"
#include "config/json_writer.h"
#include "config/members.h"
#include "config/problem.h"

namespace driftcast {
namespace {

constexpr std::array<std::string_view, kAges> kAgeNames = {"new", "young", "settled"};  // of age_of()

constexpr std::int64_t kLongestHorizon = 365;    // steps
constexpr double kLongestStep = 366.0 * 86'400;  // seconds
constexpr double kLeastSum = 0.4, kLargestSum = 1.1, kRounding = 1e-6;

constexpr Range kRates{0, 1e12, true};
constexpr Range kDispersions{0, 1000, true};
constexpr Range kCoefficients{-0.98, 0.98};
constexpr Range kVariances{0, 1e6, true};
constexpr Range kRoots{0, 1e6};
constexpr Range kRhos{0, 1, true};
constexpr Range kGains{0, 1};
constexpr Range kWeights{0, kLargestSum};
constexpr std::int64_t kOldestYouth = 10;
constexpr double kFinite = std::numeric_limits<float>::max();

std::string read_id(Members& document) {
  const Value* value = document.take("id", Shape::kString);
  if (value == nullptr) return {};
  if (!is_model_id(value->text)) {
    document.report("id", "must be 1 to " + std::to_string(kLongestModelId) + " letters, digits, '.', '_' or '-'");
  }
  return value->text;
}

ArimaPrior read_arima(const Value& value, const std::string& where, std::vector<Problem>& problems) {
  Members arima(value, where, problems);
  ArimaPrior prior;
  prior.phi = arima.real("phi", kCoefficients);
  prior.theta = arima.real("theta", kCoefficients);
  prior.s2 = arima.real("s2", kVariances);
  prior.mean = arima.real("mean", kRoots);
  prior.rho = arima.real("rho", kRhos);
  prior.p0 = arima.real("p0", kGains);
  prior.youth = static_cast<std::uint32_t>(arima.integer("youth", 0, kOldestYouth));
  arima.finish();
  return prior;
}

ExpertForecasts read_expert_weights(Members& ages, std::string_view age, std::vector<Problem>& problems) {
  ExpertForecasts weights{};
  const Value* value = ages.take(age, Shape::kObject);
  if (value == nullptr) return weights;
  const std::size_t before = problems.size();
  Members experts(*value, ages.below(age), problems);
  double sum = 0;
  for (std::size_t k = 0; k < kExperts; ++k) {
    weights[k] = experts.real(kExpertNames[k], kWeights);
    sum += static_cast<double>(weights[k]);
  }
  experts.finish();
  if (problems.size() == before && (sum < kLeastSum - kRounding || sum > kLargestSum + kRounding)) {
    ages.report(age, "sum up to " + json_number(static_cast<float>(sum)) + ", allowed are " + json_number(kLeastSum) +
                         " to " + json_number(kLargestSum));
  }
  return weights;
}

ModelSet::Segment read_segment(const Value& value, const std::string& where, std::vector<Problem>& problems) {
  Members members(value, where, problems);
  ModelSet::Segment segment;
  segment.below = members.number("below", kRates);
  segment.mean = members.number("mean", kRates);
  segment.dispersion = members.number("dispersion", kDispersions);
  if (const Value* arima = members.take("arima", Shape::kObject)) {
    segment.arima = read_arima(*arima, members.below("arima"), problems);
  }
  if (const Value* weights = members.take("weights", Shape::kObject)) {
    Members ages(*weights, members.below("weights"), problems);
    for (std::size_t age = 0; age < kAges; ++age) {
      segment.weights[age] = read_expert_weights(ages, kAgeNames[age], problems);
    }
    ages.finish();
  }
  members.finish();
  return segment;
}

void read_segments(Members& document, ModelSet& models, std::vector<Problem>& problems) {
  const Value* list = document.take("segments", Shape::kList);
  if (list == nullptr) return;
  if (list->items.size() != kSegments) {
    return document.report("segments", "has " + std::to_string(list->items.size()) + " entries, there must be " +
                                           std::to_string(kSegments));
  }
  double before = 0;
  for (std::size_t i = 0; i < kSegments; ++i) {
    const Value& item = list->items[i];
    const std::string where = "segments[" + std::to_string(i) + "]";
    if (item.shape != Shape::kObject) {
      problems.push_back({where, "expected an object, got " + std::string(shape_name(item.shape)), item.place});
      continue;
    }
    ModelSet::Segment& segment = models.segments[i] = read_segment(item, where, problems);
    if (segment.below > 0 && segment.below <= before) {
      problems.push_back({where + ".below", "must be larger than the bound of the segment before", item.place});
    }
    before = std::max(before, segment.below);
  }
}

void check_features(Members& network) {
  const Value* list = network.take("features", Shape::kList);
  if (list == nullptr) return;
  const std::string advice = ": the model is of another version of driftcast; train it anew";
  if (list->items.size() != kFeatures) {
    return network.report("features", "has " + std::to_string(list->items.size()) + " names, this version has " +
                                          std::to_string(kFeatures) + " features" + advice);
  }
  for (std::size_t i = 0; i < kFeatures; ++i) {
    const Value& item = list->items[i];
    if (item.shape == Shape::kString && item.text == kFeatureNames[i]) continue;
    return network.report("features", "number " + std::to_string(i) + " must be '" + std::string(kFeatureNames[i]) +
                                          "', not " + quoted_name(item.text) + advice);
  }
}

std::vector<int> read_horizons(Members& network) {
  const Value* list = network.take("horizons", Shape::kList);
  std::vector<int> horizons;
  if (list == nullptr) return horizons;
  bool good = !list->items.empty() && list->items.size() <= kHorizonSlots;
  for (const Value& item : list->items) {
    std::uint64_t steps = 0;
    good = good && read_length(item, steps) && steps >= 1 && steps <= kLongestHorizon;
    good = good && (horizons.empty() || static_cast<std::uint64_t>(horizons.back()) < steps);
    if (good) horizons.push_back(static_cast<int>(steps));
  }
  if (!good) {
    network.report("horizons", "must be 1 to " + std::to_string(kHorizonSlots) + " whole numbers from 1 to " +
                                   std::to_string(kLongestHorizon) + ", each larger than the one before");
  }
  return horizons;
}

FeatureRow read_row(Members& network, std::string_view key, Range range) {
  const std::vector<float> numbers = network.reals(key, kFeatures, range);
  FeatureRow row{};
  std::ranges::copy(numbers, row.begin());
  return row;
}

void read_weights_file(Members& network, ModelDocument& document, std::vector<Problem>& problems) {
  const Value* value = network.take("weights", Shape::kObject);
  if (value == nullptr) return;
  Members weights(*value, network.below("weights"), problems);
  const std::size_t before = problems.size();
  const std::string file = weights.text("file");
  if (problems.size() == before && file != kWeightsFile) {
    weights.report("file", quoted_name(file) + " is not allowed: it must be '" + std::string(kWeightsFile) + "'");
  }
  document.weights_bytes = static_cast<std::uint64_t>(weights.integer("bytes", 1, kLargestWeightsFile));
  document.weights_hash = weights.hash("hash");
  weights.finish();
}

NetworkWeights read_network(const Value& value, ModelDocument& document, std::vector<Problem>& problems) {
  Members network(value, "network", problems);
  NetworkWeights sizes;
  sizes.layers.resize(static_cast<std::size_t>(network.integer("layers", 1, kMostLayers)));
  const auto hidden = network.integer("hidden", kHiddenUnit, kLargestHidden);
  if (hidden % static_cast<std::int64_t>(kHiddenUnit) != 0) {
    network.report("hidden", "must be a multiple of " + std::to_string(kHiddenUnit));
  }
  sizes.hidden = static_cast<std::size_t>(hidden);
  check_features(network);
  sizes.horizons = read_horizons(network);
  sizes.purchases = network.boolean("purchases");
  sizes.mean = read_row(network, "mean", {-kFinite, kFinite});
  sizes.scale = read_row(network, "scale", {0, kFinite, true});
  read_weights_file(network, document, problems);
  network.finish();
  return sizes;
}

void read_members(const Value& root, ModelDocument& document, std::vector<Problem>& problems) {
  Members members(root, "", problems);
  const Value* schema = members.take("schema");
  if (schema == nullptr) return;  // reported; of what no one has versioned there is nothing more to say
  if (schema->text != std::to_string(kModelSchema)) {
    return members.report("schema", "must be " + std::to_string(kModelSchema) + ", got " + quoted_name(schema->text) +
                                        ": this is no model, or one of another version of driftcast");
  }
  ModelFiles& files = document.files;
  files.models.id = read_id(members);
  files.models.hash = members.hash("hash");
  files.step_ms = std::llround(members.number("step_s", {1, kLongestStep}) * 1000);
  const Value* network = members.take("network");
  if (network != nullptr && network->shape != Shape::kNull) {
    if (network->shape == Shape::kObject) {
      files.network = read_network(*network, document, problems);
    } else {
      members.report("network", "expected an object or null, got " + std::string(shape_name(network->shape)));
    }
  }
  read_segments(members, files.models, problems);
  if (const Value* card = members.take("card", Shape::kObject)) files.card = json_text(*card);
  members.finish();
}

// "key": value members of one object, in the order they are added.
class Object {
 public:
  Object& add(std::string_view key, const std::string& json) {
    text_ += (text_.empty() ? "" : separator_) + json_string(key) + ": " + json;
    return *this;
  }
  explicit Object(std::string separator = ", ") : separator_(std::move(separator)) {}
  std::string braced() const { return "{" + text_ + "}"; }
  const std::string& members() const { return text_; }

 private:
  std::string separator_, text_;
};

template <class Items, class Text>
std::string list_of(const Items& items, Text&& text, const std::string& separator = ", ") {
  std::string list;
  for (const auto& item : items) list += (list.empty() ? "" : separator) + text(item);
  return "[" + list + "]";
}

std::string row_text(const FeatureRow& row) {
  return list_of(row, [](float number) { return json_number(number); });
}

std::string segment_text(const ModelSet::Segment& segment) {
  const ArimaPrior& prior = segment.arima;
  Object arima;
  arima.add("phi", json_number(prior.phi)).add("theta", json_number(prior.theta)).add("s2", json_number(prior.s2));
  arima.add("mean", json_number(prior.mean)).add("rho", json_number(prior.rho)).add("p0", json_number(prior.p0));
  arima.add("youth", std::to_string(prior.youth));
  Object ages(",\n                 ");
  for (std::size_t age = 0; age < kAges; ++age) {
    Object experts;
    for (std::size_t k = 0; k < kExperts; ++k) experts.add(kExpertNames[k], json_number(segment.weights[age][k]));
    ages.add(kAgeNames[age], experts.braced());
  }
  Object rates;
  rates.add("below", json_number(segment.below)).add("mean", json_number(segment.mean));
  rates.add("dispersion", json_number(segment.dispersion));
  Object all(",\n     ");
  return "\n    {" + rates.members() + ",\n     " +
         all.add("arima", arima.braced()).add("weights", ages.braced()).members() + "}";
}

std::string network_text(const NetworkWeights& network, const ModelDocument& document) {
  Object weights;
  weights.add("file", json_string(kWeightsFile)).add("bytes", std::to_string(document.weights_bytes));
  weights.add("hash", json_string(hash_text(document.weights_hash)));
  Object members(",\n    ");
  members.add("layers", std::to_string(network.layers.size())).add("hidden", std::to_string(network.hidden));
  members.add("features", list_of(kFeatureNames, [](std::string_view name) { return json_string(name); }));
  members.add("horizons", list_of(network.horizons, [](int steps) { return std::to_string(steps); }));
  members.add("purchases", network.purchases ? "true" : "false");
  members.add("mean", row_text(network.mean)).add("scale", row_text(network.scale));
  members.add("weights", weights.braced());
  return "{\n    " + members.members() + "}";
}

}  // namespace

bool is_model_id(std::string_view text) {
  const std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !text.empty() && text.size() <= kLongestModelId && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_model_document(std::string_view text) {
  const std::variant<Value, Problem> json = read_json(text, "");
  const Value* root = std::get_if<Value>(&json);
  if (root == nullptr || root->shape != Shape::kObject) return false;
  std::vector<Problem> problems;
  Members members(*root, "", problems);
  const std::int64_t schema = members.integer("schema", 1, kModelSchema);
  members.hash("hash");
  members.take("segments", Shape::kList);
  return schema > 0 && problems.empty();
}

Result<ModelDocument> read_model_document(std::string_view text, const std::string& path) {
  ModelDocument document;
  std::vector<Problem> problems;
  const std::variant<Value, Problem> json = read_json(text, path);
  if (const Problem* problem = std::get_if<Problem>(&json)) {
    problems.push_back(*problem);
  } else if (const Value& root = std::get<Value>(json); root.shape != Shape::kObject) {
    problems.push_back({path, "must hold one JSON object"});
  } else {
    read_members(root, document, problems);
  }
  if (problems.empty()) return document;
  std::string lines = describe_problems(problems);
  lines.pop_back();
  return error(ErrorCode::kData, "'" + path + "' is no model that can be used:\n" + lines);
}

std::string model_document_text(const ModelDocument& document) {
  const ModelFiles& files = document.files;
  Object members(",\n  ");
  members.add("schema", std::to_string(kModelSchema)).add("id", json_string(files.models.id));
  members.add("hash", json_string(hash_text(files.models.hash)));
  members.add("step_s", json_number(static_cast<double>(files.step_ms) / 1000));
  members.add("network", files.network ? network_text(*files.network, document) : "null");
  members.add("segments", list_of(files.models.segments, segment_text, ","));
  members.add("card", files.card);
  return "{\n  " + members.members() + "\n}\n";
}

}  // namespace driftcast
