// A network that notes how it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/network.h"

namespace driftcast {

// Passes everything on to another network, and notes how many users each call has.
class CountedNetwork final : public Network {
 public:
  explicit CountedNetwork(const Network& network) : network_(network) {}

  std::size_t carried() const override { return network_.carried(); }
  std::uint64_t hash() const override { return network_.hash(); }
  void step(std::span<const NetworkStep> users) const override {
    steps.push_back(users.size());
    network_.step(users);
  }
  void replay(std::span<const NetworkWindow> users) const override {
    replays.push_back(users.size());
    network_.replay(users);
  }

  mutable std::vector<std::size_t> steps, replays;

 private:
  const Network& network_;
};

}  // namespace driftcast
