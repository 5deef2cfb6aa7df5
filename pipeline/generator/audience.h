// Audience: who the generator's users are: how active, when in the week and the day, what they like, and what will change.
//
// A user's profile is drawn from a stream of its own, so the same user is the same person among more or fewer others.
// Memory: about 70 bytes per user. Immutable.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "pipeline/generator/alias_table.h"
#include "pipeline/generator/catalogue.h"
#include "pipeline/generator/generator_options.h"
#include "pipeline/generator/planted_label.h"

namespace driftcast {

// Up to six favourite categories, most liked first, and a little of everything: the catalogue's popularity.
class Preference {
 public:
  static constexpr std::size_t kMost = 6;

  // Favourites drawn by popularity.
  static Preference draw(const Catalogue& catalogue, Random& random);
  // Favourites none of which is one of `before`.
  static Preference draw_other(const Preference& before, const Catalogue& catalogue, Random& random);

  std::uint16_t draw_category(const Catalogue& catalogue, Random& random) const;
  bool favours(std::uint16_t category) const;
  // The favourites, most liked first; at most three.
  std::vector<std::uint16_t> top() const;

 private:
  void share_out(Random& random);

  std::array<std::uint16_t, kMost> category_{};
  std::array<std::uint16_t, kMost> below_{};  // cumulated shares in units of 2^-16; the rest is everything
  std::uint8_t size_ = 0;
};

// An hour of a certain day, counted from the first.
struct Hour {
  int day = 0;
  int weekday = 0;  // Monday is 0
  int hour = 0;
};

class Audience {
 public:
  static constexpr int kGroups = 3;  // with a rhythm each: office hours, evenings, weekends

  Audience(const GeneratorOptions& options, const Catalogue& catalogue);

  std::uint32_t size() const { return static_cast<std::uint32_t>(people_.size()); }
  void append_name(std::string& out, std::uint32_t user) const;  // "u004711"

  // Expected activity of all users in an hour, in a unit of its own; 0: nobody is there.
  double activity(const Hour& hour) const;
  // A user who does something in this hour; the activity must be above 0.
  std::uint32_t draw(const Hour& hour, Random& random) const;

  // What a user likes at a time.
  const Preference& likes(std::uint32_t user, EventTime at) const;
  // True when the user has been there without a pause from `then` to `now`.
  bool present_since(std::uint32_t user, EventTime then, EventTime now) const;

  // What is planted into a user: nothing, another mix, another volume, or a pause.
  PlantedKind change(std::uint32_t user) const { return people_[user].change; }
  EventTime changes_at(std::uint32_t user) const;  // kEndOfTime when nothing changes
  EventTime pause_ends(std::uint32_t user) const;  // of a pause; kEndOfTime when the user does not come back
  const Preference& likes_before(std::uint32_t user) const { return people_[user].likes; }
  const Preference& likes_after(std::uint32_t user) const;
  bool rises(std::uint32_t user) const { return people_[user].rises; }  // volume: fourfold, else to a quarter

 private:
  struct Person {
    std::uint32_t number = 0;       // in the name
    std::uint32_t other_likes = 0;  // place in other_likes_, of a mix change
    std::int64_t changed_ms = 0;    // since the start; of a change or the beginning of a pause
    std::uint16_t first_day = 0;
    std::uint16_t back_day = 0;  // first day after the pause
    std::uint8_t group = 0;
    PlantedKind change = PlantedKind::kSteady;
    bool rises = false;
    Preference likes;
  };
  using Masses = std::array<std::int64_t, kGroups>;

  void plan(Person& person, const GeneratorOptions& options, const Catalogue& catalogue, Random& random);
  void plan_drift(Person& person, const GeneratorOptions& options, const Catalogue& catalogue, Random& random);
  void plan_pause(Person& person, Random& random);
  void add_mass(const Person& person, std::int64_t weight);
  bool is_present(const Person& person, int day) const;
  int day_of(EventTime at) const { return static_cast<int>((at - start_) / std::chrono::days{1}); }

  EventTime start_;
  int days_;
  int name_digits_;
  std::vector<Person> people_;
  std::vector<Preference> other_likes_;
  std::vector<Masses> masses_;         // per day, of the users present
  std::optional<AliasTable> weights_;  // set by the constructor
};

}  // namespace driftcast
