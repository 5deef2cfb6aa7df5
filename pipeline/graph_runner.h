// GraphRunner: the stages as a oneTBB flow graph. Per lane a chain of serial nodes decode -> fold -> infer -> judge, all
// lanes into one serial collector; commits on a thread of their own, so that the next epoch is processed meanwhile.
//
// multifunction_nodes, because two chained serial function_nodes do not keep the order of messages. The intake runs in
// the caller's thread; its bounds (parcels per lane) are the credits, so no queue in the graph can grow.
#pragma once

#include <atomic>
#include <functional>

#include "core/result.h"
#include "pipeline/instance.h"

namespace driftcast {

// Runs until the input ends or `stop` becomes true; then drains, commits and returns. `tick` is called in the caller's
// thread a few times a second, for progress.
Result<void> run_graph(Assembly& assembly, const std::atomic<bool>& stop, const std::function<void()>& tick);

}  // namespace driftcast
