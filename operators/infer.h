// Infer: the rows of closed steps join their users' windows, and the network takes a step for each, many at a time.
//
// A slice's closed steps that get a row (operators/window_state.h) are added in order, then run together: in rounds
// when a user has several, oldest first. What comes out depends neither on how a partition's steps are cut into slices
// nor on who else is in one.
#pragma once

#include <cstdint>
#include <vector>

#include "core/step_closed.h"
#include "core/time.h"
#include "models/network.h"
#include "operators/window_state.h"

namespace driftcast {

class InferBatch {
 public:
  // `network` null: only the windows grow, and what an earlier network carried is dropped.
  InferBatch(const Network* network, const StepGrid& grid) : network_(network), grid_(grid) {}

  // Appends the row of the user's next closed step with a row and plans the network's step. Both are borrowed until
  // run(), and neither may move.
  void add(WindowState& window, StepClosed& closed);

  // Takes the planned steps and fills their `net`. The batch is empty again.
  void run();

 private:
  struct Rebuild {
    std::vector<FeatureRow> rows;
    WindowState* window;
    NetForecast* forecast;
  };
  struct Planned {
    FeatureRow row;
    WindowState* window;
    NetForecast* forecast;
  };

  void rebuild_windows();
  void take_round(const std::vector<Planned>& round);

  const Network* network_;
  const StepGrid& grid_;
  std::uint64_t batch_ = 1;                   // counts the batches, to tell a window's first step in one
  std::vector<Rebuild> rebuilds_;             // users whose carried state is none of this network
  std::vector<std::vector<Planned>> rounds_;  // [k]: each user's k-th step, but for those rebuilt
};

}  // namespace driftcast
