// Bootstrap: how sure a comparison of two runs over the same users is. Forecasts of one user resemble each other, so
// users are drawn, not forecasts: as many as there are, with replacement, each with all its forecasts in both runs.
// Source: B. Efron, R. Tibshirani, "An introduction to the bootstrap" (1993), chapters 8 and 13.
#pragma once

#include <cstdint>
#include <span>

namespace driftcast {

// Of a user's forecasts: the sum of their scores and how many they are.
struct UserSum {
  double sum = 0;
  std::int64_t count = 0;

  UserSum& operator+=(const UserSum& other) {
    sum += other.sum;
    count += other.count;
    return *this;
  }
};

struct RatioInterval {
  double ratio = 0;
  double low = 0, high = 0;  // quantiles 2.5 % and 97.5 % over the draws
};

// The mean score of `a` divided by that of `b`, means taken over forecasts. Element i of both is the same user. Draws
// in which `b` scores nothing are left out; all zero where it never does. Quantiles are interpolated. The same seed
// gives the same bits. Cost: rounds x users.
RatioInterval bootstrap_ratio(std::span<const UserSum> a, std::span<const UserSum> b, std::uint64_t seed,
                              int rounds = 1000);

// Of the ratio of squared errors: that of their roots, with its ends.
RatioInterval root_of(const RatioInterval& squares);

}  // namespace driftcast
