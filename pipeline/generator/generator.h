// Generator: behaviour events as JSON Lines, in order of arrival, with what it planted into them known.
//
// Time runs over a calendar of minutes. Each minute starts as many sessions as the audience's activity then is of the
// whole; sessions under way lie in a heap by their next event. The same options give the same bytes, everywhere.
// Memory is proportional to users, plus the sessions under way. Cost: well below a microsecond per record.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/generator/audience.h"
#include "pipeline/generator/catalogue.h"
#include "pipeline/generator/event_line.h"
#include "pipeline/generator/generator_options.h"
#include "pipeline/generator/planted_label.h"

namespace driftcast {

// What has been made; records = events + duplicates + broken.
struct Generated {
  std::int64_t records = 0;
  std::int64_t events = 0;      // well formed and new
  std::int64_t disordered = 0;  // of the events: out of order, but within an hour
  std::int64_t late = 0;        // of the events: later than an hour
  std::int64_t duplicates = 0;
  std::int64_t broken = 0;
};

class Generator {
 public:
  // The options must have passed check_options().
  explicit Generator(const GeneratorOptions& options);
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  // Appends the next record with its line feed; false when all have been made.
  bool next(std::string& out);

  // When the newest record arrived, on the events' own clock; never decreases.
  EventTime now() const { return now_; }
  const Generated& made() const { return made_; }

  // What has been planted, counted over the records made so far: a label per changed user with events on both sides
  // (a quiet user: before), and one per steady user with at least kSteadyEvents.
  static constexpr std::int64_t kSteadyEvents = 20;
  std::vector<PlantedLabel> labels() const;

 private:
  enum class Fate { kOrdinary, kDisordered, kLate, kDuplicate, kBroken };
  static constexpr std::size_t kRecent = 16;

  struct Session {
    std::int64_t next_ms = 0;  // since the start
    std::uint64_t number = 0;  // breaks ties
    std::uint32_t user = 0;
    Item item;
    std::uint16_t focus = 0;   // category
    std::uint8_t left = 0;     // events to come
    Kind last = Kind::kOther;  // kOther: nothing yet
    bool operator>(const Session& b) const { return next_ms != b.next_ms ? next_ms > b.next_ms : number > b.number; }
  };

  // What a user has done so far.
  struct Doings {
    std::uint32_t before = 0, after = 0;  // the user's change
    Item bought;
    bool has_bought = false;
  };

  struct Recent {
    std::int64_t at_ms = 0;
    std::string line;
  };

  Hour hour_of(std::int64_t minute) const;
  double minute_activity(std::int64_t minute) const;
  void open_minute();

  Fate draw_fate();
  void append_event(std::string& out, Fate fate);
  bool append_duplicate(std::string& out);
  EventFields act(Session& session);
  Kind choose_kind(const Session& session);
  void choose_item(Session& session, Kind kind);
  EventTime time_of(std::uint32_t user, Fate& fate);
  void remember(std::string_view line);
  void count(std::uint32_t user, EventTime at, Fate fate);

  PlantedLabel label(std::uint32_t user) const;
  std::vector<std::string> names(const std::vector<std::uint16_t>& categories) const;

  const GeneratorOptions options_;
  const Catalogue catalogue_;
  const Audience audience_;
  EventLine text_;
  Random random_;
  std::vector<Doings> doings_;

  std::int64_t minute_ = 0;  // next to be opened
  std::int64_t minutes_ = 0;
  double activity_ = 0;         // of all minutes
  double activity_so_far_ = 0;  // of the minutes opened
  std::int64_t coming_ = 0;     // events of the sessions under way
  std::uint64_t sessions_ = 0;
  std::vector<Session> live_;  // heap, the next one first
  std::array<Recent, kRecent> recent_;
  std::size_t newest_ = 0;  // in recent_
  std::string user_;        // name of the user at hand
  std::string line_;
  EventTime now_;
  Generated made_;
};

}  // namespace driftcast
