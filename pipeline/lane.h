// Lane: a partition with all it owns. Each stage is handed only its own part: a table has exactly one writer.
//
// A stage works on one lane from one thread at a time; different lanes run in parallel. Nothing flows back.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "config/settings.h"
#include "core/result.h"
#include "models/model_set.h"
#include "operators/fold_user.h"
#include "operators/infer.h"
#include "operators/ledger.h"
#include "operators/population.h"
#include "operators/state_fields.h"
#include "operators/user_state.h"
#include "operators/window_state.h"
#include "pipeline/due_queue.h"
#include "pipeline/epoch.h"
#include "pipeline/observer.h"
#include "pipeline/slice.h"
#include "state/mark.h"
#include "state/table.h"

namespace driftcast {

// What all lanes of an instance share and none may change.
struct LaneSetup {
  const Settings& settings;
  const ModelSet& models;
  std::uint64_t config_hash = 0;
  Observer* observer = nullptr;  // null: nobody watches
};

struct FoldLane {
  FoldLane(const LaneSetup& shared, Store& store, Partition number, std::int64_t cache_bytes)
      : setup(shared), partition(number), users(store, number, TableId::kUsers, cache_bytes) {}

  const LaneSetup& setup;
  const Partition partition;
  Table<UserState> users;
  Population population;
  DueQueue due;
  Mark mark;                 // the scalars: position, watermark, newest event time, counters
  Position published_below;  // outputs before this position are out already: suppressed while replaying
  std::deque<std::unique_ptr<DecodedSlice>> pending;  // decoded, not folded yet
  std::atomic<std::size_t> backlog{0};                // records in `pending`; read by the intake
  FoldOutputs scratch;
};

struct InferLane {
  InferLane(const LaneSetup& shared, Store& store, Partition number, std::int64_t cache_bytes)
      : windows(store, number, TableId::kWindows, cache_bytes),
        batch(shared.models.network.get(), shared.settings.operators.time.step) {}

  Table<WindowState> windows;
  InferBatch batch;
};

struct JudgeLane {
  JudgeLane(const LaneSetup& shared, Store& store, Partition number, std::int64_t cache_bytes)
      : setup(shared), ledgers(store, number, TableId::kLedger, cache_bytes) {}

  const LaneSetup& setup;
  Table<Ledger> ledgers;
  Crowd crowd;
  std::int64_t forecasts = 0;
  Position published_below;
};

struct Lane {
  Lane(const LaneSetup& setup, Store& store, Partition number, std::size_t place, std::int64_t cache_bytes)
      : partition(number),
        slot(place),
        fold(setup, store, number, cache_bytes / 2),
        infer(setup, store, number, cache_bytes / 4),
        judge(setup, store, number, cache_bytes / 4) {}

  const Partition partition;
  const std::size_t slot;  // its place among the lanes of the instance
  FoldLane fold;
  InferLane infer;
  JudgeLane judge;

  // The intake's own view: what has been shipped when, and how many parcels are on their way.
  std::uint64_t mark_epoch = 0;        // of the newest mark in the log
  Position committed;                  // the log's position when the lane was opened
  Offset polled = 0;                   // after the last record polled
  bool recovered = false;              // by Assembly::recover
  bool begun = false;                  // its first epoch has ended, which fixes where it stands: it may be polled
  std::unique_ptr<DecodedSlice> held;  // the input's end, while another lane is not yet where its outputs are
  std::atomic<int> in_flight{0};
  std::int64_t ship_due_ms = 0;  // process clock

  std::int64_t dirty_bytes() const {
    return fold.users.dirty_bytes() + infer.windows.dirty_bytes() + judge.ledgers.dirty_bytes();
  }
  // The store holds everything shipped up to this epoch. Any thread.
  void written(std::uint64_t epoch) {
    fold.users.written(epoch);
    infer.windows.written(epoch);
    judge.ledgers.written(epoch);
  }
};

}  // namespace driftcast
