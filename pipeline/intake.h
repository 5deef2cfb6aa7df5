// Intake: decides what happens next: which lane gets a parcel, when an epoch ends, which lanes ship their states.
//
// Called by one thread. None of its decisions can change an output; they only cut the work into pieces. Lanes take part
// from when they are admitted, so that one which is still being restored holds up no other. Everything is bounded: a lane
// has at most kParcelsPerLane parcels on their way, and is polled only while its backlog is small.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "pipeline/log.h"
#include "pipeline/options.h"
#include "pipeline/parcel.h"

namespace driftcast {

using Lanes = std::vector<std::unique_ptr<Lane>>;

class Intake {
 public:
  Intake(Lanes& lanes, Log& log, const Settings& settings, std::int64_t now_ms);

  // The lane is open. It joins between two epochs; its first one only fixes where it stands, before anything is read.
  void admit(Lane& lane) { arriving_.push_back(&lane); }

  // The next parcel for the stages, or nothing when all there is to do is wait: for records, for parcels on their way,
  // or, when `may_end_epoch` is false, for the commit before.
  Result<std::unique_ptr<Parcel>> next(std::int64_t now_ms, bool may_end_epoch);

  // A parcel has passed the last stage with so many bytes of output. Any thread.
  void returned(Lane& lane, std::size_t output_bytes);

  // The epoch is committed; shipped lanes may evict what it held. Same thread as next().
  void committed(const std::vector<Partition>& shipped, std::uint64_t epoch, std::int64_t now_ms);

  void stop() { stopping_ = true; }  // poll no more; end with a last epoch that ships everything
  bool last_epoch_sent() const { return last_sent_; }
  std::uint64_t ended() const { return ended_; }  // the newest epoch whose markers are out; 0: none yet

 private:
  static constexpr int kParcelsPerLane = 2;
  static constexpr std::int64_t kMostBeyond = 16 << 20;  // bytes an epoch may exceed its bounds by until it can end

  bool epoch_holds(std::int64_t beyond_its_bounds) const;
  bool epoch_due(std::int64_t now_ms) const;
  bool ship_due(const Lane& lane, std::int64_t now_ms) const;
  void plan_shipment(Lane& lane, std::int64_t now_ms) const;
  bool idle() const;
  void end_epoch(std::int64_t now_ms, bool last);
  Result<void> take_in(std::int64_t now_ms);
  bool input_ended() const;
  Result<std::unique_ptr<Parcel>> poll_next_lane();
  Result<std::unique_ptr<DecodedSlice>> poll(Lane& lane);
  std::unique_ptr<Parcel> parcel_for(Lane& lane);

  const Lanes& lanes_;
  std::vector<Lane*> arriving_;  // admitted, to join between two epochs
  std::vector<Lane*> members_;   // those that take part
  Log& log_;
  const PipelineOptions& options_;
  std::int64_t dirty_limit_;  // bytes of one lane
  std::uint64_t epoch_ = 1;   // being filled
  std::uint64_t ended_ = 0;
  std::int64_t epoch_began_ms_;
  std::int64_t work_began_ms_ = 0;  // of the epoch's first record
  std::atomic<std::size_t> epoch_bytes_{0};
  bool epoch_has_work_ = false;
  bool begins_ = false;  // some member's first epoch is still to end
  bool stopping_ = false;
  bool last_sent_ = false;
  std::size_t next_lane_ = 0;
  std::deque<std::unique_ptr<Parcel>> ready_;  // markers of the epoch just ended
};

}  // namespace driftcast
