#include "operators/infer.h"

#include "core/check.h"

namespace driftcast {

void InferBatch::add(WindowState& window, StepClosed& closed) {
  DRIFTCAST_CHECK(has_row(closed));
  append_row(window, closed);
  if (network_ == nullptr) {
    window.network = 0;
    window.carried.clear();
    return;
  }
  if (window.rounds.batch != batch_) window.rounds = {batch_, 0};
  const std::size_t round = window.rounds.taken++;
  NetForecast* const forecast = &closed.net.emplace();
  if (window.network != network_->hash()) {
    Rebuild& rebuild = rebuilds_.emplace_back(Rebuild{{}, &window, forecast});
    for (const WindowRow& row : window.rows) rebuild.rows.push_back(expanded(row, grid_));
    window.network = network_->hash();
    window.carried.assign(network_->carried(), Half{});
    return;
  }
  if (rounds_.size() <= round) rounds_.resize(round + 1);
  rounds_[round].push_back({expanded(window.rows.back(), grid_), &window, forecast});
}

void InferBatch::rebuild_windows() {
  if (rebuilds_.empty()) return;
  std::vector<NetworkWindow> users;
  for (const Rebuild& rebuild : rebuilds_) {
    users.push_back({rebuild.rows, rebuild.window->carried.data(), rebuild.forecast});
  }
  network_->replay(users);
  rebuilds_.clear();
}

void InferBatch::take_round(const std::vector<Planned>& round) {
  std::vector<NetworkStep> users;
  users.reserve(round.size());
  for (const Planned& step : round) users.push_back({&step.row, step.window->carried.data(), step.forecast});
  network_->step(users);
}

void InferBatch::run() {
  rebuild_windows();
  for (std::vector<Planned>& round : rounds_) {
    if (!round.empty()) take_round(round);
    round.clear();
  }
  ++batch_;
}

}  // namespace driftcast
