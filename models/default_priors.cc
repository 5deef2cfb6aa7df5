// The shipped priors of the segments. Means, dispersions and ARIMA's are what this prints:
//     driftcast generate --events 1500000 --users 15000 --days 180 --seed 7 --out priors.jsonl
//     driftcast train --priors --events priors.jsonl
// except for segments that the generator does not fill (below 0.1, above 100 events per step): those are given by hand,
// and so are the weights of the first two ages: the generator's users come to stay, people may come once. The weights of
// the third age lie half-way between such given ones and the generator's; going the rest of the way, as another run
// would, gains nothing for users that the fit has not seen.
#include <cstring>
#include <string_view>
#include <utility>

#include "core/hash.h"
#include "models/model_set.h"

namespace driftcast {
namespace {

// clang-format off
constexpr std::array<ModelSet::Segment, kSegments> kDefaultSegments = {{
    // {below, mean, dispersion, {phi, theta, s2, mean, rho, p0}, weights by age of
    //       {arima, ewma_slow, ewma_fast, seasonal, tsb, segment, lstm}}
    {0.1, 0.04, 0.05, {0.00F, -0.85F, 0.0600F, 0.0500F, 0.97F, 0.01F},
     {{{0.950F, 0.000F, 0.000F, 0.000F, 0.000F, 0.050F, 0.000F},
       {0.750F, 0.050F, 0.000F, 0.050F, 0.100F, 0.050F, 0.000F},
       {0.150F, 0.150F, 0.050F, 0.100F, 0.150F, 0.400F, 0.000F}}}},
    {0.3, 0.1485, 3.22, {0.00F, -0.90F, 0.1213F, 0.0874F, 0.97F, 0.01F},
     {{{0.950F, 0.000F, 0.000F, 0.000F, 0.000F, 0.050F, 0.000F},
       {0.750F, 0.050F, 0.000F, 0.050F, 0.100F, 0.050F, 0.000F},
       {0.316F, 0.118F, 0.030F, 0.089F, 0.089F, 0.358F, 0.000F}}}},
    {1, 0.4723, 1.08, {0.00F, -0.90F, 0.3708F, 0.2540F, 0.97F, 0.01F},
     {{{0.950F, 0.000F, 0.000F, 0.000F, 0.000F, 0.050F, 0.000F},
       {0.750F, 0.050F, 0.000F, 0.050F, 0.100F, 0.050F, 0.000F},
       {0.528F, 0.109F, 0.027F, 0.109F, 0.089F, 0.137F, 0.000F}}}},
    {3, 1.876, 0.375, {0.00F, -0.90F, 1.0795F, 0.8761F, 0.97F, 0.10F},
     {{{0.950F, 0.000F, 0.000F, 0.000F, 0.000F, 0.050F, 0.000F},
       {0.750F, 0.050F, 0.000F, 0.050F, 0.100F, 0.050F, 0.000F},
       {0.493F, 0.102F, 0.051F, 0.102F, 0.124F, 0.128F, 0.000F}}}},
    {10, 6.262, 0.158, {0.00F, -0.90F, 1.5412F, 2.1164F, 0.97F, 0.10F},
     {{{0.950F, 0.000F, 0.000F, 0.000F, 0.000F, 0.050F, 0.000F},
       {0.750F, 0.050F, 0.000F, 0.050F, 0.100F, 0.050F, 0.000F},
       {0.480F, 0.113F, 0.051F, 0.180F, 0.102F, 0.074F, 0.000F}}}},
    {30, 20.87, 0.0506, {0.10F, -0.90F, 1.9141F, 4.2485F, 0.97F, 0.10F},
     {{{0.950F, 0.000F, 0.000F, 0.000F, 0.000F, 0.050F, 0.000F},
       {0.750F, 0.050F, 0.000F, 0.050F, 0.100F, 0.050F, 0.000F},
       {0.430F, 0.118F, 0.075F, 0.248F, 0.112F, 0.016F, 0.000F}}}},
    {100, 62.13, 0.05, {0.20F, -0.90F, 2.4913F, 7.5495F, 0.97F, 0.10F},
     {{{0.950F, 0.000F, 0.000F, 0.000F, 0.000F, 0.050F, 0.000F},
       {0.750F, 0.050F, 0.000F, 0.050F, 0.100F, 0.050F, 0.000F},
       {0.394F, 0.156F, 0.110F, 0.266F, 0.061F, 0.013F, 0.000F}}}},
    {1e+09, 300, 0.05, {0.20F, -0.50F, 3.0000F, 17.0000F, 1.00F, 0.10F},
     {{{0.950F, 0.000F, 0.000F, 0.000F, 0.000F, 0.050F, 0.000F},
       {0.750F, 0.050F, 0.000F, 0.050F, 0.100F, 0.050F, 0.000F},
       {0.400F, 0.100F, 0.200F, 0.300F, 0.000F, 0.000F, 0.000F}}}},
}};
// clang-format on

std::uint64_t mix(std::uint64_t hash, std::string_view bytes) { return hash64(bytes, hash); }

template <class Number>
std::uint64_t mix(std::uint64_t hash, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  return mix(hash, std::string_view(bytes, sizeof bytes));
}

}  // namespace

void seal(ModelSet& models) {
  std::uint64_t hash = mix(0, std::string_view(models.id));
  for (const ModelSet::Segment& segment : models.segments) {
    const ArimaPrior& arima = segment.arima;
    for (const double number : {segment.below, segment.mean, segment.dispersion}) hash = mix(hash, number);
    for (const float number : {arima.phi, arima.theta, arima.s2, arima.mean, arima.rho, arima.p0})
      hash = mix(hash, number);
    hash = mix(hash, arima.youth);
    for (const ExpertForecasts& weights : segment.weights) {
      for (const float weight : weights) hash = mix(hash, weight);
    }
  }
  if (models.network_hash != 0) hash = mix(hash, models.network_hash);
  models.hash = hash;
}

const ModelSet& default_models() {
  static const ModelSet kModels = [] {
    ModelSet models;
    models.id = "default";
    models.segments = kDefaultSegments;
    seal(models);
    return models;
  }();
  return kModels;
}

ModelSet with_network(ModelSet models, std::shared_ptr<const Network> network, std::uint64_t network_hash) {
  models.network = std::move(network);
  models.network_hash = network_hash;
  seal(models);
  return models;
}

}  // namespace driftcast
