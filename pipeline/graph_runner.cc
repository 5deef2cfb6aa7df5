#include "pipeline/graph_runner.h"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "pipeline/committer.h"
#include "pipeline/decode.h"
#include "pipeline/hand_over.h"
#include "pipeline/lane_opener.h"
#include "pipeline/stages.h"
#include "pipeline/topology.h"

namespace driftcast {
namespace {

namespace flow = oneapi::tbb::flow;

using Message = Parcel*;  // owned by whoever holds it
using StageNode = flow::multifunction_node<Message, std::tuple<Message>>;
using SinkNode = flow::function_node<Message, flow::continue_msg>;

// Wakes the intake when something has happened.
class Bell {
 public:
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    condition_.notify_one();
  }
  void wait(std::chrono::milliseconds longest) {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, longest, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool rung_ = false;
};

// The nodes, made from the topology's table of stages.
class Graph {
 public:
  Graph(Assembly& assembly, Committer& committer, Bell& bell)
      : assembly_(assembly), committer_(committer), bell_(bell), sink_(graph_, flow::serial, [this](Message parcel) {
          take_over(parcel);
          take_over(this);
          finish(std::unique_ptr<Parcel>(parcel));
          hand_over(this);
          return flow::continue_msg();
        }) {
    for (auto& lane : assembly.lanes()) add_lane(*lane);
  }

  void put(std::unique_ptr<Parcel> parcel) {
    StageNode& entrance = *entrances_[parcel->lane->slot];
    hand_over(parcel.get());
    entrance.try_put(parcel.release());
  }
  void wait() {
    graph_.wait_for_all();
    take_over(this);
  }

 private:
  void add_lane(Lane& lane) {
    flow::receiver<Message>* next = &sink_;
    for (std::size_t stage = kStages.size(); stage-- > 0;) {
      if (kStages[stage].run == nullptr) continue;
      decoders_.push_back(std::make_unique<Decoder>(assembly_.settings().pipeline, assembly_.settings().operators));
      Decoder* decoder = decoders_.back().get();
      nodes_.push_back(std::make_unique<StageNode>(
          graph_, flow::serial,
          [stage, &lane, decoder, &times = assembly_.times()](Message parcel, StageNode::output_ports_type& ports) {
            take_over(parcel);
            take_over(decoder);  // as serial as its node
            {
              const StageTimes::Span span(times, stage);
              kStages[stage].run(*decoder, lane, *parcel);
            }
            hand_over(decoder);
            hand_over(parcel);
            std::get<0>(ports).try_put(parcel);
          }));
      flow::make_edge(flow::output_port<0>(*nodes_.back()), *next);
      next = nodes_.back().get();
    }
    entrances_.push_back(nodes_.back().get());
  }

  void finish(std::unique_ptr<Parcel> parcel) {
    if (parcel->failure) committer_.fail(*parcel->failure);
    auto epoch = assembly_.passed(std::move(*parcel));
    if (epoch) committer_.put(std::move(*epoch));
    bell_.ring();
  }

  Assembly& assembly_;
  Committer& committer_;
  Bell& bell_;
  flow::graph graph_;
  SinkNode sink_;
  std::vector<std::unique_ptr<Decoder>> decoders_;
  std::vector<std::unique_ptr<StageNode>> nodes_;
  std::vector<StageNode*> entrances_;  // by the lane's slot
};

Result<std::unique_ptr<Parcel>> poll(Assembly& assembly, std::int64_t now_ms, bool settled) {
  const StageTimes::Span span(assembly.times(), kPollStage);
  return assembly.intake().next(now_ms, settled);
}

// What the world outside wants: an end, lanes that come, partitions that go. Partitions that are lost are another's:
// nothing more of them may be committed here.
Result<void> listen(Assembly& assembly, Committer& committer, LaneOpener& opener, const std::atomic<bool>& stop) {
  const auto keeps = assembly.log().keeps_assignment();
  if (!keeps) {
    committer.fail(keeps.error());
    return keeps.error();
  }
  if (stop || !*keeps) {
    opener.cancel();
    assembly.intake().stop();
  }
  if (auto failure = opener.failure()) return *failure;
  for (Lane* lane : opener.take_opened()) assembly.intake().admit(*lane);
  return {};
}

Result<void> drive(Assembly& assembly, Graph& graph, Committer& committer, LaneOpener& opener, Bell& bell,
                   const std::atomic<bool>& stop, const std::function<void()>& tick) {
  Intake& intake = assembly.intake();
  constexpr std::int64_t kTickMs = 200;
  std::int64_t ticked = assembly.clock().now_ms();
  while (true) {
    DRIFTCAST_TRY(listen(assembly, committer, opener, stop));
    const std::int64_t now = assembly.clock().now_ms();
    while (auto done = committer.take_done()) intake.committed(done->shipped, done->epoch, now);
    if (auto failure = committer.failure()) return *failure;
    if (intake.last_epoch_sent() && committer.idle() && committer.last() == intake.ended()) return {};
    if (now - ticked >= kTickMs) {
      tick();
      ticked = now;
    }
    const bool settled = committer.last() == intake.ended();
    auto parcel = poll(assembly, now, settled);
    if (!parcel) return parcel.error();
    if (*parcel) {
      graph.put(std::move(*parcel));
    } else {
      bell.wait(std::chrono::milliseconds(2));
    }
  }
}

}  // namespace

Result<void> run_graph(Assembly& assembly, const std::atomic<bool>& stop, const std::function<void()>& tick) {
  const int threads = assembly.settings().pipeline.threads;
  const oneapi::tbb::global_control control(oneapi::tbb::global_control::max_allowed_parallelism,
                                            static_cast<std::size_t>(threads) + 1);
  oneapi::tbb::task_arena arena(threads, 0);
  Bell bell;
  Committer committer(assembly, [&bell] { bell.ring(); });
  std::unique_ptr<Graph> graph;
  arena.execute([&] { graph = std::make_unique<Graph>(assembly, committer, bell); });
  LaneOpener opener(assembly, [&bell] { bell.ring(); });
  Result<void> outcome = drive(assembly, *graph, committer, opener, bell, stop, tick);
  opener.cancel();
  arena.execute([&] { graph->wait(); });
  committer.join();
  return outcome;
}

}  // namespace driftcast
