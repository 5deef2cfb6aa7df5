// GatheringNetwork: puts the steps that lanes take at about the same time into one batch, for a device whose time goes
// into the number of calls and not of rows.
//
// A caller joins the batch that is gathering and waits. Whoever finds that the policy (flush_policy.h) wants it run
// runs it, in its own thread, for all of its callers. Meanwhile the next one gathers; two may be under way, one copied
// while the other is computed. While two are, the next one waits, and grows beyond its limits if need be.
//
// Callers block, also where they are oneTBB's threads. That is sound: who waits holds nothing that the others need, and
// no batch waits for a caller longer than its age allows. And it costs no work as long as there are more threads than
// cores (`threads`), for a thread that waits for a device uses no core.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>

#include "models/network.h"
#include "pipeline/options.h"

namespace driftcast {

class GatheringNetwork final : public Network {
 public:
  // `threads`: how many call at once; more may. A batch does not wait for others when all of them are inside.
  GatheringNetwork(std::unique_ptr<const Network> network, const BatchOptions& limits, int threads);
  ~GatheringNetwork() override;

  std::size_t carried() const override { return network_->carried(); }
  std::uint64_t hash() const override { return network_->hash(); }

  // When a batch fails, by whatever exception, each of its callers throws a DeviceLost that says the same.
  void step(std::span<const NetworkStep> users) const override;

  // Not gathered: rare, and large by itself.
  void replay(std::span<const NetworkWindow> users) const override { network_->replay(users); }

 private:
  struct Batch;
  using Lock = std::unique_lock<std::mutex>;

  std::shared_ptr<Batch> join(std::span<const NetworkStep> users) const;
  void see_through(Batch& batch, Lock& lock) const;
  std::chrono::nanoseconds wait_before_flush(const Batch& batch) const;
  void run(Batch& batch, Lock& lock) const;

  const std::unique_ptr<const Network> network_;
  const BatchOptions limits_;
  const std::size_t threads_;

  mutable std::mutex mutex_;
  mutable std::condition_variable done_;      // a batch is
  mutable std::shared_ptr<Batch> gathering_;  // null: none
  mutable std::size_t inside_ = 0;            // callers
  mutable int under_way_ = 0;                 // batches
};

}  // namespace driftcast
