// LaneOpener: recovers the lanes that are not yet, in a thread of its own, one after the other, while the others work.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "pipeline/instance.h"

namespace driftcast {

class LaneOpener {
 public:
  // Begins at once. `notify` is called from the thread after each lane.
  LaneOpener(Assembly& assembly, std::function<void()> notify);
  ~LaneOpener();
  LaneOpener(const LaneOpener&) = delete;
  LaneOpener& operator=(const LaneOpener&) = delete;

  std::vector<Lane*> take_opened();      // since the last time
  std::optional<Error> failure() const;  // why no more will come
  void cancel() { cancelled_ = true; }   // opens no further ones; gives up the one under way

 private:
  void work();

  Assembly& assembly_;
  std::function<void()> notify_;
  std::atomic<bool> cancelled_{false};
  mutable std::mutex mutex_;
  std::vector<Lane*> opened_;
  std::optional<Error> failure_;
  std::thread thread_;
};

}  // namespace driftcast
