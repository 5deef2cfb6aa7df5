// Network: one recurrent network that serves all users: a step per row of a user, from a carried state.
//
// A user's carried state is zeros before the first row; from then on it follows from the rows alone. It is held in half
// precision and rounded when computed, so that what is stored is what the next step starts from. Gap rows (those after
// steps without one) are rows like any other: a row says how long ago the last event was.
//
// Rules for implementations: const, and threads may share one. On the CPU there are no locks, a user's result depends
// neither on the size of the batch nor on the user's place in it, bit for bit, and `replay` gives what `step` gives row
// by row. Devices that cannot promise this come within 1e-4; one that fails throws DeviceLost (models/device_lost.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/features.h"
#include "core/step_closed.h"
#include "models/half.h"

namespace driftcast {

// One row of one user. `carried` [Network::carried()] is read and replaced. `forecast` is filled; null: not wanted.
struct NetworkStep {
  const FeatureRow* row = nullptr;
  Half* carried = nullptr;
  NetForecast* forecast = nullptr;
};

// The rows of one user, oldest first, at least one, from an empty state. `carried` is only written; `forecast` is that
// after the last row.
struct NetworkWindow {
  std::span<const FeatureRow> rows;
  Half* carried = nullptr;
  NetForecast* forecast = nullptr;
};

class Network {
 public:
  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  virtual ~Network() = default;

  virtual std::size_t carried() const = 0;  // halves per user
  virtual std::uint64_t hash() const = 0;   // of everything that can change a result

  // Steps of different users: no two may share `carried`. Everything is borrowed for the call.
  virtual void step(std::span<const NetworkStep> users) const = 0;

  // How a carried state is rebuilt when the network changes. Windows may differ in length.
  virtual void replay(std::span<const NetworkWindow> users) const = 0;
};

}  // namespace driftcast
