#include "pipeline/wire.h"

#include "core/hash.h"
#include "pipeline/json_text.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

// Writes the members of one object; the names are literals that need no escaping.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  ~Object() { out_ += '}'; }

  std::string& member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    return out_.append("\"").append(name).append("\":");
  }
  void text(std::string_view name, std::string_view value) { append_json_string(member(name), value); }
  void number(std::string_view name, double value) { append_json_number(member(name), value); }
  void integer(std::string_view name, std::int64_t value) { append_json_number(member(name), value); }
  void time(std::string_view name, EventTime at) {
    member(name) += '"';
    append_rfc3339(out_, at);
    out_ += '"';
  }

 private:
  std::string& out_;
  bool first_ = true;
};

// Writes `items` as an array, one call of `write` each.
template <class Items, class Write>
void append_array(std::string& out, const Items& items, Write write) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    write(item);
  }
  out += ']';
}

void append_history(std::string& out, const Forecast& forecast) {
  Object object(out);
  object.integer("events", forecast.events);
  object.integer("steps", forecast.steps);
  object.time("first_seen", forecast.first_seen);
}

void append_volume(std::string& out, const HorizonForecast& horizon, double level) {
  Object object(out);
  object.number("mean", horizon.mean);
  object.number("lo", horizon.lo);
  object.number("hi", horizon.hi);
  object.number("level", level);
}

void append_interest(std::string& out, const InterestForecast& interest) {
  Object object(out);
  object.text("category", interest.category);
  object.number("share", interest.share);
  object.number("expected", interest.expected);
  object.number("lo", interest.lo);
  object.number("hi", interest.hi);
  object.number("trend", interest.trend);
}

void append_status(std::string& out, const DriftStatus& drift) {
  Object object(out);
  object.text("stage", name(drift.stage));
  if (drift.stage == DriftStage::kNone) return;
  object.text("kind", name(drift.kind));
  object.time("since", drift.since);
}

void append_model(std::string& out, const ModelSet& models) {
  if (models.network == nullptr) {
    out += "null";
    return;
  }
  Object object(out);
  object.text("id", models.id);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hash;
  for (int shift = 60; shift >= 0; shift -= 4) hash += kHex[models.hash >> shift & 15U];
  object.text("hash", hash);
}

void append_flags(std::string& out, const Forecast& forecast) {
  std::vector<std::string_view> flags;
  if (forecast.capped) flags.emplace_back("capped");
  if (forecast.dormant) flags.emplace_back("dormant");
  if (forecast.returned) flags.emplace_back("returned");
  append_array(out, flags, [&](std::string_view flag) { append_json_string(out, flag); });
}

void append_parts(std::string& out, const HorizonForecast& horizon) {
  Object object(out);
  object.integer("steps", horizon.steps);
  const auto each = [&](auto&& write) {
    for (std::size_t e = 0; e < kExperts; ++e) {
      if ((horizon.available >> e & 1U) != 0) write(e);
    }
  };
  each([&](std::size_t e) { object.number(kExpertNames[e], horizon.parts[e]); });
  Object weights(object.member("weights"));
  each([&](std::size_t e) { weights.number(kExpertNames[e], horizon.weights[e]); });
}

void append_shares(std::string& out, const std::vector<ShareChange>& changes) {
  append_array(out, changes, [&](const ShareChange& change) {
    Object object(out);
    object.text("category", change.category);
    object.number("from", change.from);
    object.number("to", change.to);
  });
}

}  // namespace

std::string output_id(std::string_view user, std::string_view type, std::int64_t step, std::int64_t ordinal) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string seed(type);
  seed.append(":").append(std::to_string(step)).append(":").append(std::to_string(ordinal)).append(":").append(user);
  std::string id;
  for (const std::uint64_t half : {hash64(seed, 1), hash64(seed, 2)}) {
    for (int shift = 60; shift >= 0; shift -= 4) id += kHex[half >> shift & 15U];
  }
  return id;
}

void append_forecast(std::string& out, std::string_view user, const Forecast& forecast, const ModelSet& models,
                     bool explain) {
  Object object(out);
  object.integer("schema", 1);
  object.text("type", "forecast");
  object.text("id", output_id(user, "forecast", forecast.step, 0));
  object.text("user", user);
  object.time("as_of", forecast.as_of);
  object.time("valid_until", forecast.valid_until);
  append_history(object.member("history"), forecast);
  object.text("basis", name(forecast.basis));
  append_array(object.member("horizons"), forecast.horizons, [&](const HorizonForecast& horizon) {
    Object entry(out);
    entry.integer("steps", horizon.steps);
    append_volume(entry.member("volume"), horizon, forecast.level);
    if (horizon.purchase) entry.number("purchase", *horizon.purchase);
    if (horizon.churn) entry.number("churn", *horizon.churn);
  });
  append_array(object.member("interests"), forecast.interests,
               [&](const InterestForecast& interest) { append_interest(out, interest); });
  object.number("other", forecast.other);
  append_status(object.member("drift"), forecast.drift);
  append_model(object.member("model"), models);
  append_flags(object.member("flags"), forecast);
  if (!explain) return;
  append_array(object.member("parts"), forecast.horizons, [&](const HorizonForecast& h) { append_parts(out, h); });
}

void append_drift(std::string& out, std::string_view user, const DriftSignal& signal) {
  Object object(out);
  object.integer("schema", 1);
  object.text("type", "drift");
  object.text("id", output_id(user, "drift", signal.step, signal.ordinal));
  object.text("user", user);
  object.time("at", signal.at);
  object.text("kind", name(signal.kind));
  object.text("stage", name(signal.stage));
  object.number("evidence", signal.evidence);
  object.number("severity", signal.severity);
  append_shares(object.member("rising"), signal.rising);
  append_shares(object.member("falling"), signal.falling);
  object.integer("events", signal.events);
}

void append_session(std::string& out, std::string_view user, const Session& session) {
  Object object(out);
  object.integer("schema", 1);
  object.text("type", "session");
  object.text("id", output_id(user, "session", millis(session.start), millis(session.end)));
  object.text("user", user);
  object.time("start", session.start);
  object.time("end", session.end);
  object.integer("events", session.events);
  {
    Object kinds(object.member("kinds"));
    for (std::size_t k = 0; k < kKinds; ++k) {
      if (session.kinds[k] > 0) kinds.integer(kKindNames[k], session.kinds[k]);
    }
  }
  append_json_double(object.member("amount"), session.amount);
  std::string& categories = object.member("categories");
  categories += '{';
  for (std::size_t i = 0; i < session.categories.size(); ++i) {
    if (i > 0) categories += ',';
    append_json_string(categories, session.categories[i].first);
    append_json_number(categories += ':', session.categories[i].second);
  }
  categories += '}';
}

std::string advance_value(const Advance& advance) {
  std::string out;
  {
    Object object(out);
    object.text("type", "advance");
    if (advance.to) object.time("timestamp", *advance.to);
    if (!advance.to) object.member("close") += "true";
  }
  return out;
}

void append_envelope(std::string& out, Partition partition, const OutboxRecord& record) {
  const bool readable = is_utf8(record.key) && is_utf8(record.value);
  const auto bytes = [&](std::string_view text) { return readable ? std::string(text) : base64(text); };
  Object object(out);
  object.text("reason", name(record.reason));
  {
    Object origin(object.member("origin"));
    origin.integer("partition", partition);
    origin.integer("offset", record.position.next_offset);
  }
  if (record.key.empty()) {
    object.member("key") += "null";
  } else {
    object.text("key", bytes(record.key));
  }
  object.text("value", bytes(record.value));
  if (!readable) object.text("encoding", "base64");
  if (!record.field.empty()) object.text("field", record.field);
  if (record.cut > 0) object.integer("cut", static_cast<std::int64_t>(record.cut));
}

}  // namespace driftcast
