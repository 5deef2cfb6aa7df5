// The rows of the field table. Defaults are not written here: they are those of default-constructed Settings.
#include <utility>

#include "config/fields.h"

namespace driftcast {
namespace {

#define AT(member) [](Settings& settings) -> Slot { return &settings.member; }

using Place = Slot (*)(Settings&);
enum class Output { kKeeps, kChanges };

constexpr double kSecond = 1000;
constexpr double kMinute = 60 * kSecond;
constexpr double kDay = 24 * 60 * kMinute;
constexpr double kKiB = 1024;
constexpr double kMiB = 1024 * kKiB;
constexpr double kGiB = 1024 * kMiB;
constexpr double kTiB = 1024 * kGiB;

Field ranged(std::string_view path, FieldType type, Place slot, double low, double high, Output output,
             std::string_view sentence) {
  Field field{path, type, slot, output == Output::kChanges, sentence};
  field.low = low;
  field.high = high;
  return field;
}

Field flag(std::string_view path, Place slot, Output output, std::string_view sentence) {
  return Field{path, FieldType::kBoolean, slot, output == Output::kChanges, sentence};
}

Field text(std::string_view path, Place slot, std::string_view sentence) {
  Field field{path, FieldType::kText, slot, false, sentence};
  field.may_be_empty = true;
  return field;
}

Field choice(std::string_view path, Place slot, std::string_view choices, Output output, std::string_view sentence) {
  Field field{path, FieldType::kChoice, slot, output == Output::kChanges, sentence};
  field.choices = choices;
  return field;
}

enum class Presence { kRequired, kOptional };

Field topic(std::string_view path, Place slot, Presence presence, std::string_view sentence) {
  Field field{path, FieldType::kTopic, slot, false, sentence};
  field.may_be_empty = presence == Presence::kOptional;
  return field;
}

Field pointer(std::string_view path, Place slot, Presence presence, std::string_view sentence) {
  Field field{path, FieldType::kPointer, slot, true, sentence};
  field.may_be_empty = presence == Presence::kOptional;
  return field;
}

Field weight(std::string_view path, Place slot, std::string_view sentence) {
  return ranged(path, FieldType::kNumber, slot, 0, 1000, Output::kChanges, sentence);
}

using enum FieldType;
using enum Output;
using enum Presence;

void add_ends(std::vector<Field>& table) {
  const Field rows[] = {
      ranged("threads", kInteger, AT(pipeline.threads), 1, 256, kKeeps,
             "Threads at work; 1 runs everything in one thread."),
      text("source.path", AT(pipeline.source.path),
           "File of JSON Lines to read, plain or gzip; `-` is standard input."),
      ranged("source.partitions", kInteger, AT(pipeline.source.partitions), 1, 1024, kChanges,
             "Partitions over which a file's users are spread by the hash of their id."),
      ranged("source.slice", kInteger, AT(pipeline.source.slice), 1, 1e6, kKeeps,
             "Records polled together from one partition."),
      flag("source.close", AT(pipeline.source.close), kKeeps,
           "At the end of a file, append to each partition a record that closes the open sessions and steps."),
      text("sink.dir", AT(pipeline.sink.dir), "Directory for outputs, one file per topic."),
      flag("sink.sync", AT(pipeline.sink.sync), kKeeps,
           "Force every epoch to the disk, to survive a power cut and not only a crash."),
      text("kafka.brokers", AT(pipeline.kafka.brokers),
           "Kafka brokers to ask first, `host:port` with commas between; empty: the job runs on files."),
      text("kafka.group", AT(pipeline.kafka.group),
           "Group whose instances share the topic; its committed offsets say where the job stands."),
      text("kafka.instance", AT(pipeline.kafka.instance),
           "Name of this instance in its group, the same at every start: it then has its partitions back at once. "
           "Empty: none, and its partitions go to others when it ends."),
      ranged("kafka.patience", kDuration, AT(pipeline.kafka.patience), 0, kDay, kKeeps,
             "How long to try to reach the brokers at the start, 2 s at least; while running it is tried for ever."),
      Field{"kafka.client", kClient, AT(pipeline.kafka.client), false,
            "Further properties of the Kafka client by librdkafka's names; secrets only as `${NAME}` or "
            "`${file:/path}`."},
      text("start", AT(pipeline.start),
           "Kafka: where a group begins that has committed nothing yet: `earliest`, `latest` or a time (RFC 3339 with "
           "zone, or epoch milliseconds)."),
      topic("topics.input", AT(pipeline.topics.input), kRequired, "Kafka: the events, keyed by user."),
      topic("topics.forecasts", AT(pipeline.topics.forecasts), kRequired, "Receives the forecasts."),
      topic("topics.drift", AT(pipeline.topics.drift), kOptional,
            "Receives the drift signals; empty: the forecasts' topic does."),
      topic("topics.sessions", AT(pipeline.topics.sessions), kRequired, "Receives the closed sessions."),
      topic("topics.late", AT(pipeline.topics.late), kRequired, "Receives the records that came after the watermark."),
      topic("topics.dlq", AT(pipeline.topics.dlq), kRequired, "Receives the records that cannot be processed."),
      topic("topics.changelog", AT(pipeline.topics.changelog), kRequired,
            "Kafka: receives the states, to rebuild a store from; compacted, with as many partitions as the input."),
  };
  table.insert(table.end(), std::begin(rows), std::end(rows));
}

void add_mapping(std::vector<Field>& table) {
  const Field rows[] = {
      pointer("mapping.user_id", AT(pipeline.mapping.user_id), kRequired, "Who: the user, and the key of the topic."),
      pointer("mapping.item_id", AT(pipeline.mapping.item_id), kOptional, "What it was about."),
      pointer("mapping.category", AT(pipeline.mapping.category), kRequired, "The interest it speaks of."),
      pointer("mapping.event_type", AT(pipeline.mapping.event_type), kRequired,
              "What the user did; `kinds.names` says what it means."),
      pointer("mapping.timestamp", AT(pipeline.mapping.timestamp), kRequired,
              "When: RFC 3339 with zone, or epoch milliseconds."),
      pointer(
          "mapping.event_id", AT(pipeline.mapping.event_id), kOptional,
          "Identifies the event; a repeated one is a duplicate, within time.lateness and the user's newest 50,000."),
      pointer("mapping.dwell_ms", AT(pipeline.mapping.dwell_ms), kOptional, "How long the user stayed, milliseconds."),
      pointer("mapping.amount", AT(pipeline.mapping.amount), kOptional, "Money spent; negative when it went back."),
      pointer("mapping.title", AT(pipeline.mapping.title), kOptional, "Human name of the item."),
      pointer("mapping.record_timestamp", AT(pipeline.mapping.record_timestamp), kOptional,
              "In files, the time the record itself was written; the check of `time.max_skew` compares with it."),
      Field{"kinds.names", kMap, AT(pipeline.kinds), true,
            "From event type names to kinds; adds to the default, any other name is of kind `other`."},
      weight("kinds.weights.view", AT(operators.kind_weights[0]), "Weight of a view in the shares of the categories."),
      weight("kinds.weights.click", AT(operators.kind_weights[1]), "Likewise of a click."),
      weight("kinds.weights.cart", AT(operators.kind_weights[2]), "Likewise of a cart event."),
      weight("kinds.weights.purchase", AT(operators.kind_weights[3]), "Likewise of a purchase."),
      weight("kinds.weights.return", AT(operators.kind_weights[4]), "Likewise of a return."),
      weight("kinds.weights.other", AT(operators.kind_weights[5]), "Likewise of any other event."),
  };
  table.insert(table.end(), std::begin(rows), std::end(rows));
}

void add_operators(std::vector<Field>& table) {
  const Field rows[] = {
      ranged("time.step", kDuration, AT(operators.time.step.width), kMinute, 31 * kDay, kChanges,
             "Width of a step, the unit of forecasts."),
      ranged("time.offset", kDuration, AT(operators.time.step.offset), -31 * kDay, 31 * kDay, kChanges,
             "Where steps begin, relative to midnight UTC; smaller than a step."),
      ranged("time.lateness", kDuration, AT(operators.time.lateness), 0, 365 * kDay, kChanges,
             "How far the watermark stays behind the newest event; an event before the watermark is late."),
      ranged("time.max_skew", kDuration, AT(operators.time.max_skew), 0, 365 * kDay, kChanges,
             "An event later than its record's own timestamp by more than this is refused."),
      ranged("time.dormant_after", kInteger, AT(operators.time.dormant_after), 1, 365, kChanges,
             "Empty steps after which a user gets one last forecast and then rests until the next event."),
      ranged("session.gap", kDuration, AT(operators.session.gap), 1, 365 * kDay, kChanges,
             "Inactivity that ends a session."),
      ranged("session.max", kDuration, AT(operators.session.max), 1, 365 * kDay, kChanges,
             "Longest session, first to last event; not shorter than the gap."),
      ranged("horizons", kIntegers, AT(operators.horizons), 1, 365, kChanges, "How far to forecast, in steps."),
      ranged("categories.max", kInteger, AT(operators.categories.max), 1, 4096, kChanges,
             "Categories remembered of a user; the others share one entry."),
      ranged("categories.top", kInteger, AT(operators.categories.top), 1, 4096, kChanges,
             "Categories named in a forecast; not more than `categories.max`."),
      ranged("drift.run_length", kNumber, AT(operators.drift.run_length), 10, 1e12, kChanges,
             "Expected number of events between two false alarms of a steady user."),
      ranged("drift.fdr", kNumber, AT(operators.drift.fdr), 1e-9, 0.5, kChanges,
             "Share of false ones tolerated among the confirmed drifts of a partition."),
      ranged("drift.min_events", kInteger, AT(operators.drift.min_events), 0, 1e6, kChanges,
             "Occasions of a user's categories before its mix is judged; twice as many steps before its volume is."),
      ranged("level", kNumber, AT(operators.level), 0.5, 0.99, kChanges, "Nominal coverage of the intervals."),
      flag("emit.forecasts", AT(pipeline.emit.forecasts), kChanges,
           "Publish forecasts. Without these and drift signals no model is at work: sessions cost half as much."),
      flag("emit.drift", AT(pipeline.emit.drift), kChanges, "Publish drift signals."),
      flag("emit.sessions", AT(pipeline.emit.sessions), kChanges, "Publish closed sessions."),
      flag("output.explain", AT(pipeline.explain), kChanges,
           "Forecasts carry the forecast and the weight of every model that went into them."),
  };
  table.insert(table.end(), std::begin(rows), std::end(rows));
}

void add_machine(std::vector<Field>& table) {
  const Field rows[] = {
      text("state.dir", AT(state.dir),
           "Directory of the state store; empty: a scratch store without recovery, removed at the end."),
      ranged("state.cache", kSize, AT(state.cache_bytes), 0, 64 * kTiB, kKeeps,
             "Memory for the states of the users seen last."),
      ranged("state.block_cache", kSize, AT(state.block_cache_bytes), 0, 64 * kTiB, kKeeps,
             "Memory for the blocks and write buffers of the state store."),
      text("model.dir", AT(pipeline.model_dir),
           "Directory of the model; empty: the built-in priors without a network."),
      choice(
          "model.device", AT(pipeline.model_device), "cpu|cuda|auto", kChanges,
          "Where the network runs; `auto`: on a CUDA device where there is one. The same bytes are promised for `cpu` "
          "only."),
      choice("model.precision", AT(pipeline.model_precision), "float32|bfloat16", kChanges,
             "What the network's layers are computed in on the CPU. `bfloat16` is for processors with AMX, where it is "
             "fast; others give the same bytes slowly."),
      ranged("model.batch.rows", kInteger, AT(pipeline.model_batch.rows), 1, 1e6, kKeeps,
             "On a device: rows of all partitions after which a batch is run at once."),
      ranged("model.batch.age", kDuration, AT(pipeline.model_batch.age), 0, kSecond, kKeeps,
             "On a device: how long a batch waits for more rows; meanwhile threads stand still, so give more `threads` "
             "than there are cores."),
      ranged("epoch.interval", kDuration, AT(pipeline.epoch.interval), 0, kMinute, kKeeps,
             "Time between two commits; 0: every slice."),
      ranged("epoch.bytes", kSize, AT(pipeline.epoch.bytes), 1, kGiB, kKeeps,
             "Outputs after which a commit comes early."),
      ranged("changelog.interval", kDuration, AT(pipeline.changelog.interval), 0, kDay, kKeeps,
             "Time between two shipments of a partition's states; 0: with every commit."),
      ranged("changelog.bytes", kSize, AT(pipeline.changelog.bytes), 1, 64 * kTiB, kKeeps,
             "Changed state after which a partition ships early."),
      ranged("limits.record_bytes", kSize, AT(pipeline.limits.record_bytes), 64, 64 * kMiB, kChanges,
             "Longest record."),
      ranged("limits.depth", kInteger, AT(pipeline.limits.depth), 1, 1000, kChanges, "Deepest nesting of a record."),
      ranged("limits.fields", kInteger, AT(pipeline.limits.fields), 1, 1e5, kChanges, "Most fields of a record."),
      ranged("limits.user_id_bytes", kSize, AT(pipeline.limits.user_id_bytes), 1, 64 * kKiB, kChanges,
             "Longest user id."),
      ranged("limits.category_bytes", kSize, AT(pipeline.limits.category_bytes), 1, 64 * kKiB, kChanges,
             "Longest name of a category."),
      ranged("limits.amount_abs", kNumber, AT(pipeline.limits.amount_abs), 0, 1e30, kChanges,
             "Largest amount, with either sign."),
      text("http.listen", AT(pipeline.http.listen),
           "Where metrics and probes are served, `host:port`, best a loopback address; empty: nowhere."),
      choice("log.level", AT(pipeline.log.level), "trace|debug|info|warn|error|off", kKeeps, "What is worth a line."),
      choice("log.format", AT(pipeline.log.format), "text|json", kKeeps, "For people or for machines."),
  };
  table.insert(table.end(), std::begin(rows), std::end(rows));
}

std::vector<Field> build_table() {
  std::vector<Field> table;
  add_ends(table);
  add_mapping(table);
  add_operators(table);
  add_machine(table);
  return table;
}

#undef AT

}  // namespace

std::span<const Field> fields() {
  static const std::vector<Field> table = build_table();
  return table;
}

}  // namespace driftcast
