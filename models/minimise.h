// Minimise: the lowest point of a smooth function of a few variables, from its values alone.
//
// Nelder-Mead finds the valley, BFGS on central differences its floor. Sources: J. Nelder, R. Mead, "A simplex method
// for function minimization", Computer Journal 7 (1965); J. Nocedal, S. Wright, "Numerical Optimization" (2006), 6.1.
// Values that are not finite count as infinitely high. Local: the caller chooses the starts. For fits made now and
// then, not per event; deterministic.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace driftcast {

using Objective = std::function<double(std::span<const double>)>;

struct Minimum {
  std::vector<double> at;
  double value = 0;
};

// Walks from `start` [n] to a local minimum. Variables are expected to be of the order of 1.
// Cost: some hundred calls of `objective` for n <= 5; at most 400 n + 200 (2 n + 40).
Minimum minimise(const Objective& objective, std::span<const double> start);

}  // namespace driftcast
