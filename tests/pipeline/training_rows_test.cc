// What a network learns from is what it is served.
#include "pipeline/training/training_rows.h"

#include <gtest/gtest.h>

#include <map>

#include "core/hash.h"
#include "operators/state_fields.h"
#include "state/codec.h"
#include "state/memory_store.h"
#include "tests/pipeline/support/world.h"

namespace driftcast {
namespace {

// The rows of each user's window in the store, as the network sees them.
std::map<std::uint64_t, std::vector<FeatureRow>> served_rows(Store& store, const StepGrid& grid) {
  std::map<std::uint64_t, std::vector<FeatureRow>> rows;
  EXPECT_TRUE(store.scan(0, TableId::kWindows, [&](std::string_view user, std::string_view value) -> Result<void> {
    const auto window = decode_value<WindowState>(value);
    for (const WindowRow& row : window.value().rows) rows[hash64(user)].push_back(expanded(row, grid));
    return {};
  }));
  return rows;
}

// A network is trained from rows that are gathered without one, and served rows that infer has stored.
TEST(TrainingRows, AreTheRowsThatInferStoresOfTheSameEvents) {
  const Settings settings = many_epochs();
  const auto input = make_input(3, 1500, 1);
  TrainingRows gathered(settings.operators, 1'000'000);
  MemoryStore without, with;
  MemoryLog first(1), second(1);
  append(first, input);
  append(second, input);
  ASSERT_TRUE(run_to_end(settings, first, without, default_models(), &gathered));
  ASSERT_TRUE(run_to_end(settings, second, with, models_with_network(settings)));
  const auto served = served_rows(with, settings.operators.time.step);

  constexpr Step kFar = 1'000'000;
  const TrainingSet set = gathered.take({kFar, kFar, kFar});
  ASSERT_EQ(set.users.size(), served.size());
  int full = 0;
  auto user = served.begin();  // both by hash
  for (const TrainingUser& learned : set.users) {
    const std::vector<FeatureRow>& last = (user++)->second;
    ASSERT_GE(learned.rows.size(), last.size());
    full += last.size() == kWindowRows ? 1 : 0;
    for (std::size_t back = 1; back <= last.size(); ++back) {
      EXPECT_EQ(learned.rows[learned.rows.size() - back], last[last.size() - back]) << back << " from the end";
    }
  }
  EXPECT_GT(full, 0);
}

}  // namespace
}  // namespace driftcast
