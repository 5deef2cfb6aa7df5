#include "models/torch/learner.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/interval.h"
#include "models/network_heads.h"

namespace driftcast {

namespace {

using at::Tensor;

constexpr std::int64_t kRanks = kRankSlots + 1;
constexpr std::int64_t kLabelsAtOnce = 8192;  // in mean_loss
constexpr double kNarrow = 0.02, kWide = 5;   // dispersions the mean is learned by
constexpr double kOutcomeShare = 2;           // of a yes-or-no outcome's loss, which is smaller than the others
constexpr double kLargestRarity = 10;         // of the weight of a rare outcome
constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;

std::int64_t signed_size(std::size_t size) { return static_cast<std::int64_t>(size); }

template <class T>
Tensor copied(const std::vector<T>& numbers, at::ScalarType type, at::IntArrayRef shape, const at::Device& device) {
  const Tensor view = at::from_blob(const_cast<T*>(numbers.data()), shape, at::TensorOptions(type));
  return view.to(device, /*non_blocking=*/false, /*copy=*/true);
}

Tensor floats(const std::vector<float>& numbers, at::IntArrayRef shape, const at::Device& device) {
  return copied(numbers, at::kFloat, shape, device);
}

Tensor indices(const std::vector<std::int64_t>& numbers, const at::Device& device) {
  return copied(numbers, at::kLong, {signed_size(numbers.size())}, device);
}

std::vector<float> to_vector(const Tensor& tensor) {
  const Tensor flat = tensor.detach().to(at::kCPU).contiguous();
  const float* data = flat.data_ptr<float>();
  return {data, data + flat.numel()};
}

// FlatLabels on the device. [L], [L, S], [L, R] and [L, S, R]; what losses are computed of is double.
struct Labels {
  Tensor level_scale, level_start, log_shares, train, validation, volume, purchase, churn, slot_shares, slot_weight;

  Labels(const FlatSet& set, const at::Device& device) {
    const FlatLabels& from = set.labels;
    const std::int64_t labels = signed_size(from.row.size()), horizons = signed_size(set.horizons.size());
    const auto per_horizon = [&](const std::vector<float>& numbers) {
      return floats(numbers, {labels, horizons}, device).to(at::kDouble);
    };
    level_scale = copied(from.level_scale, at::kDouble, {labels, 1}, device);
    level_start = copied(from.level_start, at::kDouble, {labels, 1}, device);
    log_shares = floats(from.log_shares, {labels, 1, kRanks}, device);
    train = per_horizon(from.train);
    validation = per_horizon(from.validation);
    volume = per_horizon(from.volume);
    purchase = per_horizon(from.purchase);
    churn = per_horizon(from.churn);
    slot_shares = floats(from.slot_shares, {labels, horizons, kRanks}, device);
    slot_weight = per_horizon(from.slot_weight);
  }

  // These labels alone.
  Labels at(const Tensor& which) const {
    Labels some = *this;
    for (Tensor* tensor : {&some.level_scale, &some.level_start, &some.log_shares, &some.train, &some.validation,
                           &some.volume, &some.purchase, &some.churn, &some.slot_shares, &some.slot_weight}) {
      *tensor = tensor->index_select(0, which);
    }
    return some;
  }
};

// [L, S]. Variance is mean + dispersion mean^2.
Tensor negative_binomial_loss(const Tensor& events, const Tensor& mean, const Tensor& dispersion) {
  const Tensor size = dispersion.reciprocal(), spread = dispersion * mean;
  return (1 + spread).log() * (size + events) - events * spread.log() - (size + events).lgamma() + size.lgamma() +
         (events + 1).lgamma();
}

// [L, S]. `rarity`: the weight of a yes against a no, which the logit is moved by; [S], or empty for a plain log loss.
Tensor log_loss(const Tensor& logits, const Tensor& outcomes, const Tensor& rarity) {
  if (!rarity.defined()) return at::softplus(logits) - outcomes * logits;
  const Tensor moved = logits + rarity.log();
  return at::softplus(moved) * (1 + (rarity - 1) * outcomes) - rarity * outcomes * moved;
}

// How much rarer a yes is than a no among the training labels, within bounds: [S].
Tensor rarity_of(const Tensor& outcomes, const Tensor& train) {
  const Tensor yes = (outcomes * train).sum(0), no = ((1 - outcomes) * train).sum(0);
  return ((no + 1) / (yes + 1)).clamp(1 / kLargestRarity, kLargestRarity);
}

}  // namespace

std::vector<float> parameters_of(const NetworkWeights& weights) {
  std::vector<float> all;
  const auto append = [&](const std::vector<float>& numbers) { all.insert(all.end(), numbers.begin(), numbers.end()); };
  for (const LstmLayer& layer : weights.layers) {
    append(layer.input);
    append(layer.recurrent);
    append(layer.bias);
  }
  append(weights.head);
  append(weights.head_bias);
  return all;
}

NetworkWeights with_parameters(NetworkWeights sizes, std::span<const float> parameters) {
  const auto take = [&](std::vector<float>& numbers) {
    std::ranges::copy(parameters.first(numbers.size()), numbers.begin());
    parameters = parameters.subspan(numbers.size());
  };
  for (LstmLayer& layer : sizes.layers) {
    take(layer.input);
    take(layer.recurrent);
    take(layer.bias);
  }
  take(sizes.head);
  take(sizes.head_bias);
  return sizes;
}

struct Learner::State {
  TrainingOptions options;
  at::Device device;
  bool purchases;
  std::int64_t hidden, layers, horizons;
  Tensor factors;  // of the horizons, in steps: [1, S]
  Tensor rows;     // [N, F]
  Labels labels;
  Tensor purchase_rarity, churn_rarity;

  // All parameters lie in one tensor, and so do their gradients; `leaves` are views, which autograd sees.
  Tensor parameters, gradients, average, first_moment, second_moment, decays;
  std::vector<Tensor> leaves;
  Tensor no_bias;  // LibTorch's second bias of a layer
  std::int64_t updates = 0;

  Tensor h, c;  // [layers, B, H]
  Tensor loss_sum, loss_labels;
  Tensor outputs;  // [L, S * kHeadOutputs]

  State(const FlatSet& set, const TrainingOptions& how, const NetworkWeights& start)
      : options(how),
        device(how.device),
        purchases(set.purchases),
        hidden(signed_size(start.hidden)),
        layers(signed_size(start.layers.size())),
        horizons(signed_size(set.horizons.size())),
        factors(at::tensor(at::ArrayRef<int>(set.horizons), at::kDouble).view({1, -1}).to(device)),
        rows(floats(set.rows, {signed_size(set.rows.size() / kFeatures), kFeatures}, device)),
        labels(set, device),
        purchase_rarity(rarity_of(labels.purchase, labels.train)),
        churn_rarity(rarity_of(labels.churn, labels.train)) {
    const std::vector<float> numbers = parameters_of(start);
    parameters = floats(numbers, {signed_size(numbers.size())}, device);
    gradients = at::zeros_like(parameters);
    average = at::zeros_like(parameters);
    first_moment = at::zeros_like(parameters);
    second_moment = at::zeros_like(parameters);
    decays = at::zeros_like(parameters);
    no_bias = at::zeros({4 * hidden}, parameters.options());
    outputs = at::zeros({labels.volume.size(0), horizons * signed_size(kHeadOutputs)}, parameters.options());
    for (std::int64_t l = 0; l < layers; ++l) {
      add_leaf({4 * hidden, l == 0 ? signed_size(kFeatures) : hidden});
      add_leaf({4 * hidden, hidden});
      add_leaf({4 * hidden});
    }
    add_leaf({horizons * signed_size(kHeadOutputs), hidden + signed_size(kFeatures)});
    add_leaf({horizons * signed_size(kHeadOutputs)});
  }

  void add_leaf(at::IntArrayRef shape) {
    std::int64_t begin = 0;
    for (const Tensor& leaf : leaves) begin += leaf.numel();
    const std::int64_t size = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    Tensor leaf = parameters.narrow(0, begin, size).view(shape).detach().requires_grad_(true);
    leaf.mutable_grad() = gradients.narrow(0, begin, size).view(shape);
    if (shape.size() > 1) decays.narrow(0, begin, size).fill_(1);
    leaves.push_back(leaf);
  }

  const Tensor& head() const { return leaves[leaves.size() - 2]; }
  const Tensor& head_bias() const { return leaves.back(); }

  // [labels of the chunk, S * kHeadOutputs], and the states moved on.
  Tensor forward(const Chunk& chunk, bool learning) {
    const Tensor keep = floats(chunk.keep, {1, signed_size(chunk.users), 1}, device);
    const Tensor flat = rows.index_select(0, indices(chunk.rows, device));
    const Tensor inputs = flat.view({signed_size(chunk.steps), signed_size(chunk.users), signed_size(kFeatures)});
    std::vector<Tensor> weights;
    for (std::size_t l = 0; l < static_cast<std::size_t>(layers); ++l) {
      weights.insert(weights.end(), {leaves[3 * l], leaves[3 * l + 1], leaves[3 * l + 2], no_bias});
    }
    auto [top, last_h, last_c] = at::lstm(inputs, {h * keep, c * keep}, weights, /*has_biases=*/true, layers,
                                          options.dropout, learning, /*bidirectional=*/false, /*batch_first=*/false);
    h = last_h.detach();
    c = last_c.detach();
    const Tensor places = indices(chunk.places, device);
    const Tensor seen = at::dropout(top.reshape({-1, hidden}).index_select(0, places), options.dropout, learning);
    return at::addmm(head_bias(), at::cat({seen, flat.index_select(0, places)}, 1), head().t());
  }

  // [labels, S]. `learning`: rare outcomes weigh more.
  Tensor losses(const Tensor& said, const Labels& of, bool learning) const {
    const Tensor y = said.view({-1, horizons, signed_size(kHeadOutputs)}).to(at::kDouble);
    const auto output = [&](HeadOutput which) { return y.select(2, static_cast<std::int64_t>(which)); };
    const Tensor mean = factors * of.level_scale * at::softplus(of.level_start + output(kHeadVolume));
    const Tensor dispersion =
        output(kHeadDispersion).clamp(std::log(kLeastDispersion), std::log(kLargestDispersion)).exp();
    const Tensor logits = of.log_shares + y.narrow(2, kHeadShares, kRanks);
    const Tensor surprise = -(of.slot_shares * at::log_softmax(logits, 2)).sum(2);
    const Tensor none;
    Tensor loss = of.slot_weight * surprise +
                  kOutcomeShare * log_loss(output(kHeadChurn), of.churn, learning ? churn_rarity : none) +
                  negative_binomial_loss(of.volume, learning ? mean.detach() : mean, dispersion);
    if (learning) {
      loss = loss + negative_binomial_loss(of.volume, mean, dispersion.detach().clamp(kNarrow, kWide));
    }
    if (purchases) {
      loss = loss + kOutcomeShare * log_loss(output(kHeadPurchase), of.purchase, learning ? purchase_rarity : none);
    }
    return loss;
  }

  void update(double learning_rate) {
    const at::NoGradGuard guard;
    const Tensor norm = gradients.norm();
    gradients.mul_((options.gradient_norm / (norm + 1e-6)).clamp_max(1));
    ++updates;
    first_moment.mul_(kBeta1).add_(gradients, 1 - kBeta1);
    second_moment.mul_(kBeta2).addcmul_(gradients, gradients, 1 - kBeta2);
    const double young1 = 1 - std::pow(kBeta1, updates), young2 = 1 - std::pow(kBeta2, updates);
    parameters.mul_(1 - decays * (learning_rate * options.weight_decay));
    parameters.addcdiv_(first_moment, (second_moment / young2).sqrt_().add_(kEpsilon), -learning_rate / young1);
    average.mul_(options.averaging).add_(parameters, 1 - options.averaging);
  }
};

Learner::Learner(const FlatSet& set, const TrainingOptions& options, const NetworkWeights& start)
    : state_(std::make_unique<State>(set, options, start)) {}

Learner::~Learner() = default;

std::vector<float> Learner::parameters() const { return to_vector(state_->parameters); }

std::vector<float> Learner::average() const {
  if (state_->updates == 0) return parameters();
  return to_vector(state_->average / (1 - std::pow(state_->options.averaging, state_->updates)));
}

void Learner::set_parameters(std::span<const float> parameters) {
  const at::NoGradGuard guard;
  const std::vector<float> numbers(parameters.begin(), parameters.end());
  state_->parameters.copy_(floats(numbers, {signed_size(numbers.size())}, at::kCPU));
}

void Learner::save_moments(Checkpoint& to) const {
  to.updates = state_->updates;
  to.average = to_vector(state_->average);
  to.first_moment = to_vector(state_->first_moment);
  to.second_moment = to_vector(state_->second_moment);
}

void Learner::load_moments(const Checkpoint& from) {
  state_->updates = from.updates;
  state_->average.copy_(floats(from.average, {signed_size(from.average.size())}, at::kCPU));
  state_->first_moment.copy_(floats(from.first_moment, {signed_size(from.first_moment.size())}, at::kCPU));
  state_->second_moment.copy_(floats(from.second_moment, {signed_size(from.second_moment.size())}, at::kCPU));
}

void Learner::begin_epoch(std::uint64_t seed) {
  torch::manual_seed(seed);
  state_->loss_sum = at::zeros({}, state_->factors.options());
  state_->loss_labels = at::zeros({}, state_->factors.options());
}

void Learner::begin_batch(std::size_t users) {
  state_->h = at::zeros({state_->layers, signed_size(users), state_->hidden}, state_->parameters.options());
  state_->c = at::zeros_like(state_->h);
}

void Learner::learn(const Chunk& chunk, double learning_rate, double labels) {
  if (chunk.labels.empty()) {
    const at::NoGradGuard guard;
    state_->forward(chunk, true);
    return;
  }
  const Labels of = state_->labels.at(indices(chunk.labels, state_->device));
  const Tensor loss = (state_->losses(state_->forward(chunk, true), of, true) * of.train).sum();
  state_->gradients.zero_();
  (loss / labels).backward();
  state_->update(learning_rate);
  state_->loss_sum += loss.detach();
  state_->loss_labels += of.train.sum();
}

double Learner::epoch_loss() const { return (state_->loss_sum / state_->loss_labels).item<double>(); }

void Learner::read(const Chunk& chunk) {
  const at::NoGradGuard guard;
  const Tensor said = state_->forward(chunk, false);
  state_->outputs.index_copy_(0, indices(chunk.labels, state_->device), said);
}

double Learner::mean_loss(Part part) const {
  const at::NoGradGuard guard;
  const std::int64_t all = state_->outputs.size(0);
  Tensor sum = at::zeros({}, state_->factors.options()), labels = at::zeros_like(sum);
  for (std::int64_t begin = 0; begin < all; begin += kLabelsAtOnce) {
    const std::int64_t end = std::min(all, begin + kLabelsAtOnce);
    const Labels of = state_->labels.at(at::arange(begin, end, at::TensorOptions(at::kLong).device(state_->device)));
    const Tensor& mask = part == Part::kTrain ? of.train : of.validation;
    sum += (state_->losses(state_->outputs.narrow(0, begin, end - begin), of, false) * mask).sum();
    labels += mask.sum();
  }
  return (sum / labels).item<double>();
}

std::vector<float> Learner::outputs() const { return to_vector(state_->outputs); }

void Learner::set_outputs(std::span<const float> outputs) {
  const std::vector<float> numbers(outputs.begin(), outputs.end());
  state_->outputs.copy_(floats(numbers, state_->outputs.sizes(), at::kCPU));
}

}  // namespace driftcast
