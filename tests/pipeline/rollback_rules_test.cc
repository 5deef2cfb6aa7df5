// The rule of the commit protocol about how much a rollback takes back.
#include <gtest/gtest.h>

#include "pipeline/job.h"
#include "state/memory_store.h"
#include "tests/pipeline/support/faults.h"
#include "tests/pipeline/support/world.h"

namespace driftcast {
namespace {

constexpr int kPartitions = 3;

// Takes back a transaction now and then, ever more seldom, as brokers do with one that took too long.
class FickleLog final : public FaultLog {
 public:
  explicit FickleLog(MemoryLog& log) : FaultLog(log), memory_(log) {}

  Result<void> commit() override {
    if (++commits_ != next_) return FaultLog::commit();
    ++taken_back;
    next_ *= 2;
    DRIFTCAST_TRY(memory_.abort());
    return error(ErrorCode::kRollback, "it took too long");
  }

  int taken_back = 0;

 private:
  MemoryLog& memory_;
  int commits_ = 0, next_ = 4;
};

// Else what a later epoch had computed from what was taken back would stay in caches and messages, and be published.
TEST(CommitRule8, ARollbackLeavesNothingOfTheEpochsAfterIt) {
  const auto input = make_input(3, 600, kPartitions);
  const Outcome expected = outcome_of_one_run(input, kPartitions, small_settings());
  for (const int threads : {1, 3}) {
    MemoryLog log(kPartitions);
    append(log, input);
    MemoryStore store;
    FickleLog fickle(log);
    Settings settings = many_epochs();
    settings.pipeline.threads = threads;
    settings.pipeline.epoch.interval = Duration{0};
    const std::atomic<bool> never{false};
    Job job(settings, default_models(), store, {never, [](const Progress&) {}, [] { return 0.0; }, {}});
    Result<void> worked = job.work(fickle, Job::Opening::kWhileRunning);
    for (int tries = 0; !worked && worked.error().code == ErrorCode::kRollback && tries < 1000; ++tries) {
      log.new_instance();
      worked = job.work(fickle, Job::Opening::kWhileRunning);
    }
    ASSERT_TRUE(worked) << worked.error().message;
    EXPECT_GE(fickle.taken_back, 2);
    EXPECT_EQ(difference(expected, outcome_of(log, store)), "") << threads << " threads";
  }
}

}  // namespace
}  // namespace driftcast
