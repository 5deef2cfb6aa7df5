// Committer: commits epochs in a thread of its own, one after the other, while the next is processed.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "pipeline/instance.h"

namespace driftcast {

class Committer {
 public:
  struct Done {
    std::uint64_t epoch = 0;
    std::vector<Partition> shipped;
  };

  // `notify` is called from the thread after each outcome.
  Committer(Assembly& assembly, std::function<void()> notify);
  ~Committer() { join(); }

  void put(Epoch&& epoch);   // at most one waits: the intake ends no epoch before the one before is done
  void fail(Error failure);  // from elsewhere: nothing is committed any more
  std::optional<Done> take_done();
  std::optional<Error> failure() const;
  bool idle() const;
  std::uint64_t last() const;  // newest epoch taken by take_done(); 0: none yet
  void join();                 // finishes what has been put, unless it failed

 private:
  void work();

  Assembly& assembly_;
  std::function<void()> notify_;
  mutable std::mutex mutex_;
  std::condition_variable condition_;
  std::deque<Epoch> waiting_;
  std::deque<Done> done_;
  std::optional<Error> failure_;
  std::uint64_t last_ = 0;
  bool busy_ = false;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace driftcast
