#include "pipeline/generator/audience.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace driftcast {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::uint32_t kFavoured = 60'300;  // of 65,536: share of the favourites together, 92 %

// How active a group is, in per cent of its mean: by weekday (Monday first) and by hour of the day (UTC).
struct Rhythm {
  std::array<int, 7> weekday;
  std::array<int, 24> hour;
};

constexpr std::array<Rhythm, Audience::kGroups> kRhythms = {{
    {{122, 126, 124, 122, 106, 48, 52},  // office hours
     {20, 10, 6, 5, 8, 20, 55, 110, 170, 205, 210, 200, 215, 210, 190, 180, 165, 130, 110, 85, 80, 75, 55, 35}},
    {{98, 100, 100, 102, 92, 98, 110},  // evenings
     {60, 25, 12, 8, 6, 8, 25, 55, 65, 60, 60, 70, 90, 85, 75, 75, 90, 130, 190, 260, 300, 280, 220, 130}},
    {{66, 66, 68, 74, 96, 172, 158},  // weekends
     {45, 25, 15, 10, 8, 10, 25, 50, 95, 150, 190, 200, 180, 165, 160, 160, 155, 150, 140, 130, 125, 105, 80, 60}},
}};
constexpr std::array<std::uint32_t, 10> kGroupOf = {0, 0, 0, 0, 0, 1, 1, 1, 2, 2};  // in tenths of the users

int rhythm_of(std::size_t group, const Hour& hour) {
  const Rhythm& rhythm = kRhythms[group];
  return rhythm.weekday[static_cast<std::size_t>(hour.weekday)] * rhythm.hour[static_cast<std::size_t>(hour.hour)];
}

// Even and at least 2, so that half of it is a weight, too.
std::uint64_t weight_of(std::uint32_t rank, double first, double zipf) {
  const double ratio = std::pow((rank + first) / first, -zipf);
  return 2 * std::max<std::uint64_t>(1, static_cast<std::uint64_t>(ratio * 0x1p31));
}

int digits_of(std::size_t n) { return static_cast<int>(std::to_string(n).size()); }

std::vector<std::uint32_t> shuffled(std::uint32_t n, Random random) {
  std::vector<std::uint32_t> numbers(n);
  for (std::uint32_t i = 0; i < n; ++i) numbers[i] = i;
  for (std::uint32_t i = n; i > 1; --i) std::swap(numbers[i - 1], numbers[random.below(i)]);
  return numbers;
}

}  // namespace

Preference Preference::draw(const Catalogue& catalogue, Random& random) {
  Preference result;
  const auto wanted = static_cast<std::uint8_t>(std::min(random.between(2, 6), catalogue.categories() / 2));
  while (result.size_ < wanted) {
    const std::uint16_t category = catalogue.draw_category(random);
    if (!result.favours(category)) result.category_[result.size_++] = category;
  }
  result.share_out(random);
  return result;
}

Preference Preference::draw_other(const Preference& before, const Catalogue& catalogue, Random& random) {
  Preference result;
  const auto free = catalogue.categories() - before.size_;
  const auto wanted = static_cast<std::uint8_t>(std::min(random.between(2, 3), free));
  while (result.size_ < wanted) {
    const auto category = static_cast<std::uint16_t>(random.below(static_cast<std::uint32_t>(catalogue.categories())));
    if (!before.favours(category) && !result.favours(category)) result.category_[result.size_++] = category;
  }
  result.share_out(random);
  return result;
}

// Breaks a stick: each favourite takes a third to two thirds of what is left, the last one all of it.
void Preference::share_out(Random& random) {
  std::array<std::uint32_t, kMost> share{};
  std::uint32_t left = kFavoured;
  for (std::size_t i = 0; i + 1 < size_; ++i) {
    share[i] = left * static_cast<std::uint32_t>(random.between(34, 66)) / 100;
    left -= share[i];
  }
  share[size_ - 1U] = left;
  std::sort(share.begin(), share.begin() + size_, std::greater<>());
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < size_; ++i) below_[i] = static_cast<std::uint16_t>(sum += share[i]);
}

std::uint16_t Preference::draw_category(const Catalogue& catalogue, Random& random) const {
  const std::uint32_t point = random.below(1 << 16);
  for (std::size_t i = 0; i < size_; ++i) {
    if (point < below_[i]) return category_[i];
  }
  return catalogue.draw_category(random);
}

bool Preference::favours(std::uint16_t category) const {
  return std::find(category_.begin(), category_.begin() + size_, category) != category_.begin() + size_;
}

std::vector<std::uint16_t> Preference::top() const {
  return {category_.begin(), category_.begin() + std::min<std::uint8_t>(size_, 3)};
}

Audience::Audience(const GeneratorOptions& options, const Catalogue& catalogue)
    : start_(options.start), days_(options.days), masses_(static_cast<std::size_t>(options.days) + 1) {
  const auto users = static_cast<std::uint32_t>(options.users);
  name_digits_ = std::max(6, digits_of(users - 1));
  const std::vector<std::uint32_t> numbers = shuffled(users, Random(options.seed));
  const double first = 1 + options.head * static_cast<double>(users);
  std::vector<std::uint64_t> weights;
  weights.reserve(users);
  people_.reserve(users);
  for (std::uint32_t rank = 0; rank < users; ++rank) {
    Person person;
    person.number = numbers[rank];
    Random random(options.seed, std::uint64_t{person.number} + 1);
    plan(person, options, catalogue, random);
    if (rank == 0) {  // somebody is always there
      person.first_day = 0;
      if (person.change == PlantedKind::kQuiet) person.change = PlantedKind::kSteady;
    }
    const std::uint64_t weight = weight_of(rank, first, options.zipf);
    weights.push_back(person.change == PlantedKind::kVolume ? 2 * weight : weight);
    add_mass(person, static_cast<std::int64_t>(weight));
    people_.push_back(person);
  }
  for (std::size_t day = 1; day < masses_.size(); ++day) {
    for (std::size_t group = 0; group < kGroups; ++group) masses_[day][group] += masses_[day - 1][group];
  }
  weights_.emplace(weights);
}

void Audience::plan(Person& person, const GeneratorOptions& options, const Catalogue& catalogue, Random& random) {
  person.group = static_cast<std::uint8_t>(kGroupOf[random.below(kGroupOf.size())]);
  person.likes = Preference::draw(catalogue, random);
  if (random.chance(0.4)) person.first_day = static_cast<std::uint16_t>(random.between(0, days_ * 3 / 4));
  if (random.chance(options.drift_share)) {
    plan_drift(person, options, catalogue, random);
  } else if (random.chance(0.15)) {
    plan_pause(person, random);
  }
}

// In the middle fifth of the user's time. Volume changes at a midnight, if there is one.
void Audience::plan_drift(Person& person, const GeneratorOptions& options, const Catalogue& catalogue, Random& random) {
  const std::int64_t life = (days_ - person.first_day) * kDayMs;
  person.changed_ms = person.first_day * kDayMs + life * random.between(400, 600) / 1000;
  const std::int64_t midnight = (person.changed_ms + kDayMs / 2) / kDayMs * kDayMs;
  const bool possible = midnight > person.first_day * kDayMs && midnight < days_ * kDayMs;
  if (random.chance(options.drift_volume) && possible) {
    person.change = PlantedKind::kVolume;
    person.changed_ms = midnight;
    person.rises = random.chance(0.5);
    return;
  }
  person.change = PlantedKind::kMix;
  person.other_likes = static_cast<std::uint32_t>(other_likes_.size());
  other_likes_.push_back(Preference::draw_other(person.likes, catalogue, random));
}

// A fifth to half of the user's time; one in three does not come back.
void Audience::plan_pause(Person& person, Random& random) {
  const int life = days_ - person.first_day;
  if (life < 10) return;
  const int begin = person.first_day + life * random.between(30, 60) / 100;
  person.change = PlantedKind::kQuiet;
  person.changed_ms = begin * kDayMs;
  const int length = std::max(2, life * random.between(20, 50) / 100);
  person.back_day = static_cast<std::uint16_t>(random.below(3) == 0 ? days_ : std::min(begin + length, days_));
}

// As a difference from day to day; the constructor sums up.
void Audience::add_mass(const Person& person, std::int64_t weight) {
  const auto step = [&](std::int64_t day, std::int64_t by) {
    masses_[static_cast<std::size_t>(day)][person.group] += by;
  };
  const std::int64_t changed_day = person.changed_ms / kDayMs;
  const bool volume = person.change == PlantedKind::kVolume;
  const std::int64_t before = !volume ? weight : person.rises ? weight / 2 : 2 * weight;
  step(person.first_day, before);
  if (volume) step(changed_day, person.rises ? 2 * weight - before : weight / 2 - before);
  if (person.change != PlantedKind::kQuiet) return;
  step(changed_day, -weight);
  step(person.back_day, weight);
}

void Audience::append_name(std::string& out, std::uint32_t user) const {
  char text[16] = {'u'};
  std::uint32_t number = people_[user].number;
  for (int i = name_digits_; i > 0; --i, number /= 10) text[i] = static_cast<char>('0' + number % 10);
  out.append(text, static_cast<std::size_t>(name_digits_) + 1);
}

double Audience::activity(const Hour& hour) const {
  const Masses& masses = masses_[static_cast<std::size_t>(hour.day)];
  double sum = 0;
  for (std::size_t group = 0; group < kGroups; ++group) {
    sum += static_cast<double>(masses[group]) * rhythm_of(group, hour);
  }
  return sum;
}

// Draws by weight and throws away whom the hour does not suit: exact, and a few tries on average.
std::uint32_t Audience::draw(const Hour& hour, Random& random) const {
  std::array<int, kGroups> rhythm{};
  for (std::size_t group = 0; group < kGroups; ++group) rhythm[group] = rhythm_of(group, hour);
  const auto most = static_cast<std::uint32_t>(*std::max_element(rhythm.begin(), rhythm.end()));
  while (true) {
    const std::uint32_t user = weights_->draw(random);
    const Person& person = people_[user];
    if (!is_present(person, hour.day) || static_cast<int>(random.below(most)) >= rhythm[person.group]) continue;
    if (person.change != PlantedKind::kVolume) return user;
    const bool high = (hour.day * kDayMs >= person.changed_ms) == person.rises;
    if (high || random.below(4) == 0) return user;
  }
}

bool Audience::is_present(const Person& person, int day) const {
  if (day < person.first_day) return false;
  return person.change != PlantedKind::kQuiet || day * kDayMs < person.changed_ms || day >= person.back_day;
}

bool Audience::present_since(std::uint32_t user, EventTime then, EventTime now) const {
  const Person& person = people_[user];
  if (then < start_ || day_of(then) < person.first_day) return false;
  if (person.change != PlantedKind::kQuiet) return true;
  return now < changes_at(user) || day_of(then) >= person.back_day;
}

const Preference& Audience::likes(std::uint32_t user, EventTime at) const {
  const Person& person = people_[user];
  return person.change == PlantedKind::kMix && at >= changes_at(user) ? other_likes_[person.other_likes] : person.likes;
}

EventTime Audience::changes_at(std::uint32_t user) const {
  const Person& person = people_[user];
  return person.change == PlantedKind::kSteady ? kEndOfTime : start_ + Duration{person.changed_ms};
}

EventTime Audience::pause_ends(std::uint32_t user) const {
  const int back = people_[user].back_day;
  return back >= days_ ? kEndOfTime : start_ + std::chrono::days{back};
}

const Preference& Audience::likes_after(std::uint32_t user) const {
  const Person& person = people_[user];
  return person.change == PlantedKind::kMix ? other_likes_[person.other_likes] : person.likes;
}

}  // namespace driftcast
