// The feature row of a closed step: the list is named here and nowhere else.
//
// A row is what the network sees of one step of one user, and what `windows` remembers, where a forecast is due. Counts
// and sums enter as log1p; the row holds plain numbers, normalisation belongs to the model.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace driftcast {

// clang-format off
enum class Feature : unsigned char {
  kViews, kClicks, kCarts, kPurchases, kReturns, kOthers,  // log1p(events of that kind in the step)
  kSessions,          // log1p(sessions that start in the step)
  kDwell,             // log1p(seconds)
  kAmount,            // sign(x) log1p(|x|), x = sum of amounts
  kCategories,        // log1p(distinct categories)
  kMeanEvents5,       // log1p(mean events per step over the last five steps, this one included)
  kMeanPurchases5,    // likewise purchases
  kMeanAmount5,       // likewise amount, signed
  kLevelFast, kLevelMedium, kLevelSlow,  // log1p of the EWMA levels 0.3, 0.1, 0.02
  kArimaLevel,        // log1p of the square of what ARIMA expects of sqrt(events) in the next step
  kArimaInnovation,   // of this step, in units of its standard deviation
  kDriftScore,        // log(1 + Shiryaev-Roberts statistic) of the mix
  kGap,               // log1p(empty steps since the last one with events, this one and those skipped included)
  kActiveSteps,       // log1p(steps with events so far)
  kLifetime,          // log1p(steps since the first event)
  kSeasonSin, kSeasonCos,  // place in the week
};
// clang-format on

inline constexpr std::size_t kFeatures = 24;
inline constexpr std::array<std::string_view, kFeatures> kFeatureNames = {
    "views",         "clicks",    "carts",        "purchases",  "returns",       "others",
    "sessions",      "dwell",     "amount",       "categories", "mean_events_5", "mean_purchases_5",
    "mean_amount_5", "ewma_fast", "ewma_medium",  "ewma_slow",  "arima_level",   "arima_innovation",
    "drift_score",   "gap",       "active_steps", "lifetime",   "season_sin",    "season_cos"};
static_assert(static_cast<std::size_t>(Feature::kSeasonCos) + 1 == kFeatures);

using FeatureRow = std::array<float, kFeatures>;

constexpr std::string_view name(Feature feature) { return kFeatureNames[static_cast<std::size_t>(feature)]; }

inline float& at(FeatureRow& row, Feature feature) { return row[static_cast<std::size_t>(feature)]; }

}  // namespace driftcast
