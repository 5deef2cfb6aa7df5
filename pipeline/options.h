// The dials of the plumbing: where records come from and go to, how they are read, and how work is cut into pieces.
// Only the field mapping, the kinds, the limits and what is emitted can change an output; how work is cut never does.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/kind.h"
#include "core/time.h"

namespace driftcast {

// JSON pointers (RFC 6901) of the fields of a record; empty: the data has no such field.
struct FieldMap {
  std::string user_id = "/user_id";
  std::string item_id = "/item_id";
  std::string category = "/category";
  std::string event_type = "/event_type";
  std::string timestamp = "/timestamp";
  std::string event_id = "/event_id";  // optional from here on
  std::string dwell_ms = "/dwell_ms";
  std::string amount = "/amount";
  std::string title = "/title";
  std::string record_timestamp;  // file source: maps the record's own timestamp
};

struct KindNames {
  std::vector<std::pair<std::string, Kind>> names = {{"view", Kind::kView},
                                                     {"click", Kind::kClick},
                                                     {"cart", Kind::kCart},
                                                     {"purchase", Kind::kPurchase},
                                                     {"return", Kind::kReturn}};  // any other name is kOther
};

struct LimitOptions {
  std::int64_t record_bytes = 64 << 10;
  int depth = 32;
  int fields = 128;
  int user_id_bytes = 256;
  int category_bytes = 128;
  double amount_abs = 1e12;
};

struct SourceOptions {
  std::string path;  // "-": standard input
  int partitions = 4;
  int slice = 2000;   // records polled together, per partition
  bool close = true;  // append an advance record that closes everything at the end of the input
};

struct SinkOptions {
  std::string dir;
  bool sync = false;  // fsync every epoch: survive a power cut, not only a crash
};

// Properties of the Kafka client, by librdkafka's names. Which ones there may be: config/client_properties.h.
struct ClientProperties {
  std::vector<std::pair<std::string, std::string>> values;
};

// Where the settings say nothing else: how long a member may be silent, and a transaction stay open, unless that is
// longer.
inline constexpr int kSessionTimeoutMs = 10'000;
inline constexpr int kTransactionTimeoutMs = 10'000;

// The group of instances that share the work on a topic; without brokers the job runs on files.
struct KafkaOptions {
  std::string brokers;  // "host:port,host:port"
  std::string group = "driftcast";
  std::string instance;  // names this one among the group; empty: it has no name, and its place goes with it
  Duration patience{std::chrono::minutes{1}};  // for brokers that do not answer at the start
  ClientProperties client;
};

enum class Until { kForever, kEnd };  // how far a topic is read; kEnd: to its end when it is opened

// Where a group begins that has committed nothing yet; read by parse_start (pipeline/start.h).
struct Start {
  enum Where { kEarliest, kLatest, kTime } where = kEarliest;
  EventTime time{};  // kTime: at the first record whose own timestamp is not before this
};

struct TopicOptions {
  std::string input = "interest-events";
  std::string forecasts = "interest-forecasts";
  std::string drift;  // empty: drift signals go to `forecasts`
  std::string sessions = "interest-sessions";
  std::string late = "interest-events-late";
  std::string dlq = "interest-events-dlq";
  std::string changelog = "interest-changelog";
};

struct EmitOptions {
  bool forecasts = true;
  bool drift = true;
  bool sessions = true;
};

struct EpochOptions {
  Duration interval{100};
  std::int64_t bytes = 8LL << 20;  // outputs after which an epoch ends early
};

struct ChangelogOptions {
  Duration interval{std::chrono::seconds{10}};  // between two shipments of a partition's states; 0: every epoch
  std::int64_t bytes = 64LL << 20;              // dirty state after which a partition ships early
};

// How lanes share a device that runs the network: a batch goes to it when it has so many rows, or its first ones have
// waited so long, or nobody else could bring any.
struct BatchOptions {
  int rows = 4096;
  Duration age{1};
};

// Metrics and probes for the machines that watch the job. Whoever reaches the address may read them.
struct HttpOptions {
  std::string listen;  // "host:port", port 0: any that is free; empty: nothing is served
};

struct LogOptions {
  std::string level = "info";   // trace, debug, info, warn, error, off
  std::string format = "text";  // text or json
};

struct PipelineOptions {
  int threads = 2;  // 1: everything in one thread; more: the flow graph
  SourceOptions source;
  SinkOptions sink;
  KafkaOptions kafka;
  std::string start = "earliest";  // earliest, latest or a time
  TopicOptions topics;
  FieldMap mapping;
  KindNames kinds;
  LimitOptions limits;
  EmitOptions emit;
  bool explain = false;  // output.explain: forecasts carry their parts and weights
  EpochOptions epoch;
  ChangelogOptions changelog;
  std::string model_dir;                    // empty: the built-in priors
  std::string model_device = "cpu";         // cpu, cuda or auto
  std::string model_precision = "float32";  // or bfloat16, of the CPU
  BatchOptions model_batch;
  HttpOptions http;
  LogOptions log;
};

}  // namespace driftcast
