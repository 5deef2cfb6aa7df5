#include "pipeline/generator/generator.h"

#include <algorithm>
#include <functional>

#include "core/check.h"
#include "pipeline/generator/broken_record.h"

namespace driftcast {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;

constexpr double kGoesOn = 0.62;             // that a session has one more event
constexpr int kLongest = 28;                 // events of a session: with the gaps below it ends within an hour
constexpr std::uint32_t kDwellMs = 118'000;  // at most, plus a moment
constexpr double kBack = 0.03;               // that a session begins with a return, if there is what to return
constexpr double kSameCategory = 0.1;        // that the next view stays with the session's first category
constexpr std::int64_t kDuplicateMs = 10 * kMinuteMs;
constexpr std::int64_t kDisorderMs = 50 * kMinuteMs;
constexpr std::int64_t kLateMs = 65 * kMinuteMs;

// What follows a view, a click, a cart: per cent of views, clicks and carts; the rest are purchases.
struct Funnel {
  std::uint32_t view, click, cart;
};
constexpr Funnel kAfterView{58, 32, 10};
constexpr Funnel kAfterClick{55, 15, 30};
constexpr Funnel kAfterCart{45, 0, 10};
constexpr Funnel kAfterDeal{100, 0, 0};

const Funnel& funnel_after(Kind kind) {
  switch (kind) {
    case Kind::kView: return kAfterView;
    case Kind::kClick: return kAfterClick;
    case Kind::kCart: return kAfterCart;
    default: return kAfterDeal;
  }
}

}  // namespace

Generator::Generator(const GeneratorOptions& options)
    : options_(options),
      catalogue_(options.categories, options.items),
      audience_(options, catalogue_),
      text_(catalogue_),
      random_(options.seed, ~0ULL),
      doings_(audience_.size()),
      now_(options.start) {
  minutes_ = std::int64_t{options.days} * kDayMs / kMinuteMs;
  for (std::int64_t minute = 0; minute < minutes_; ++minute) activity_ += minute_activity(minute);
}

Hour Generator::hour_of(std::int64_t minute) const {
  const StepGrid days;
  const EventTime at = options_.start + Duration{minute * kMinuteMs};
  return {static_cast<int>(minute * kMinuteMs / kDayMs), days.season(days.step_of(at)),
          static_cast<int>(minute / 60 % 24)};
}

// Nothing begins in the last hour, so that everything ends within the last day.
double Generator::minute_activity(std::int64_t minute) const {
  return minute + 60 > minutes_ ? 0 : audience_.activity(hour_of(minute));
}

// Starts sessions until as much has been made or is coming as the time that has passed demands: all, at the end.
void Generator::open_minute() {
  DRIFTCAST_CHECK(minute_ < minutes_);
  const Hour hour = hour_of(minute_);
  const std::int64_t begin = minute_ * kMinuteMs;
  activity_so_far_ += minute_activity(minute_++);
  const auto target = static_cast<std::int64_t>(static_cast<double>(options_.events) * (activity_so_far_ / activity_));
  while (made_.records + coming_ < target) {
    Session session;
    session.number = sessions_++;
    session.user = audience_.draw(hour, random_);
    session.next_ms = begin + random_.below(kMinuteMs);
    session.left = 1;
    while (session.left < kLongest && random_.chance(kGoesOn)) ++session.left;
    coming_ += session.left;
    live_.push_back(session);
    std::push_heap(live_.begin(), live_.end(), std::greater<>());
  }
}

bool Generator::next(std::string& out) {
  if (made_.records == options_.events) return false;
  const Fate fate = draw_fate();
  if (fate != Fate::kDuplicate || !append_duplicate(out)) append_event(out, fate);
  out += '\n';
  ++made_.records;
  return true;
}

Generator::Fate Generator::draw_fate() {
  double point = random_.unit();
  const auto falls_below = [&point](double share) { return (point -= share) < 0; };
  if (falls_below(options_.duplicates)) return Fate::kDuplicate;
  if (falls_below(options_.broken)) return Fate::kBroken;
  if (falls_below(options_.late)) return Fate::kLate;
  return falls_below(options_.disorder) ? Fate::kDisordered : Fate::kOrdinary;
}

// False when no ordinary event is recent enough to be repeated.
bool Generator::append_duplicate(std::string& out) {
  const std::int64_t oldest = millis(now_) - kDuplicateMs;
  const auto usable = [&](const Recent& recent) { return !recent.line.empty() && recent.at_ms >= oldest; };
  const Recent* recent = &recent_[random_.below(kRecent)];
  if (!usable(*recent)) recent = &recent_[newest_];
  if (!usable(*recent)) return false;
  out += recent->line;
  ++made_.duplicates;
  return true;
}

// The next event of the session whose turn it is; with what may befall it on its way.
void Generator::append_event(std::string& out, Fate fate) {
  while (minute_ < minutes_ && (live_.empty() || live_.front().next_ms >= minute_ * kMinuteMs)) open_minute();
  DRIFTCAST_CHECK(!live_.empty());
  std::pop_heap(live_.begin(), live_.end(), std::greater<>());
  const std::uint32_t user = live_.back().user;
  now_ = options_.start + Duration{live_.back().next_ms};
  EventFields event = act(live_.back());
  event.at = time_of(user, fate);
  --coming_;
  if (live_.back().left == 0) {
    live_.pop_back();
  } else {
    std::push_heap(live_.begin(), live_.end(), std::greater<>());
  }
  if (fate == Fate::kBroken) {
    line_.clear();
    text_.append(line_, event);
    out += damaged(line_, flaws()[random_.below(static_cast<std::uint32_t>(flaws().size()))]);
    ++made_.broken;
    return;
  }
  const std::size_t begin = out.size();
  text_.append(out, event);
  if (fate == Fate::kOrdinary) remember(std::string_view(out).substr(begin));
  count(user, event.at, fate);
}

// What the session's user does now; moves the session on to its next event.
EventFields Generator::act(Session& session) {
  Doings& doings = doings_[session.user];
  const Kind kind = choose_kind(session);
  choose_item(session, kind);
  user_.clear();
  audience_.append_name(user_, session.user);
  EventFields event;
  event.user = user_;
  event.item = session.item;
  event.kind = kind;
  event.id = scramble(scramble(options_.seed) + static_cast<std::uint64_t>(made_.records));
  std::int64_t gap = 0;
  if (kind == Kind::kView || kind == Kind::kClick) {
    const double u = random_.unit();
    event.dwell_ms = 1000 + static_cast<std::int64_t>(u * u * u * kDwellMs);
    gap = event.dwell_ms + 500 + random_.below(3000);
  } else {
    gap = 3000 + random_.below(20'000);
  }
  if (kind == Kind::kPurchase || kind == Kind::kReturn) {
    event.priced = true;
    event.amount_cents = catalogue_.price_cents(event.item) * (kind == Kind::kReturn ? -1 : 1);
    doings.has_bought = kind == Kind::kPurchase;
    doings.bought = event.item;
  }
  session.last = kind;
  session.next_ms += gap;
  --session.left;
  return event;
}

Kind Generator::choose_kind(const Session& session) {
  if (session.last == Kind::kOther) {
    return doings_[session.user].has_bought && random_.chance(kBack) ? Kind::kReturn : Kind::kView;
  }
  const Funnel& funnel = funnel_after(session.last);
  const std::uint32_t point = random_.below(100);
  if (point < funnel.view) return Kind::kView;
  if (point < funnel.view + funnel.click) return Kind::kClick;
  return point < funnel.view + funnel.click + funnel.cart ? Kind::kCart : Kind::kPurchase;
}

// A view finds an item, a return brings one back; all else is about the item at hand.
void Generator::choose_item(Session& session, Kind kind) {
  if (kind == Kind::kReturn) session.item = doings_[session.user].bought;
  if (kind == Kind::kView) {
    const bool stays = session.last != Kind::kOther && random_.chance(kSameCategory);
    const std::uint16_t category =
        stays ? session.focus : audience_.likes(session.user, now_).draw_category(catalogue_, random_);
    session.item = catalogue_.draw_item(category, random_);
  }
  if (session.last == Kind::kOther) session.focus = session.item.category;
}

// The event's own time: now, or earlier when it was held up on its way. Only as long as the user was there.
EventTime Generator::time_of(std::uint32_t user, Fate& fate) {
  const bool late = fate == Fate::kLate;
  if (!late && fate != Fate::kDisordered) return now_;
  const std::int64_t least = late ? kLateMs : 1000;
  const std::int64_t most = std::min((now_ - options_.start).count(), late ? kDayMs : kDisorderMs);
  if (most > least) {
    const EventTime then = now_ - Duration{least + random_.below(static_cast<std::uint32_t>(most - least))};
    if (audience_.present_since(user, then, now_)) return then;
  }
  fate = Fate::kOrdinary;
  return now_;
}

void Generator::remember(std::string_view line) {
  newest_ = (newest_ + 1) % kRecent;
  recent_[newest_].at_ms = millis(now_);
  recent_[newest_].line = line;
}

void Generator::count(std::uint32_t user, EventTime at, Fate fate) {
  ++made_.events;
  made_.disordered += fate == Fate::kDisordered ? 1 : 0;
  made_.late += fate == Fate::kLate ? 1 : 0;
  if (fate == Fate::kLate) return;
  Doings& doings = doings_[user];
  ++(at < audience_.changes_at(user) ? doings.before : doings.after);
}

std::vector<PlantedLabel> Generator::labels() const {
  std::vector<PlantedLabel> labels;
  for (std::uint32_t user = 0; user < audience_.size(); ++user) {
    const Doings& doings = doings_[user];
    const PlantedKind kind = audience_.change(user);
    const bool worth = kind == PlantedKind::kSteady  ? doings.before >= kSteadyEvents
                       : kind == PlantedKind::kQuiet ? doings.before > 0
                                                     : doings.before > 0 && doings.after > 0;
    if (worth) labels.push_back(label(user));
  }
  return labels;
}

PlantedLabel Generator::label(std::uint32_t user) const {
  PlantedLabel label;
  audience_.append_name(label.user, user);
  label.kind = audience_.change(user);
  label.events_before = doings_[user].before;
  label.events_after = doings_[user].after;
  if (label.kind == PlantedKind::kSteady) return label;
  label.at = audience_.changes_at(user);
  if (label.kind == PlantedKind::kQuiet) {
    if (audience_.pause_ends(user) != kEndOfTime) label.until = audience_.pause_ends(user);
    return label;
  }
  label.from = names(audience_.likes_before(user).top());
  label.to = names(audience_.likes_after(user).top());
  if (label.kind == PlantedKind::kVolume) label.factor = audience_.rises(user) ? 4 : 0.25;
  return label;
}

std::vector<std::string> Generator::names(const std::vector<std::uint16_t>& categories) const {
  std::vector<std::string> result;
  result.reserve(categories.size());
  for (const std::uint16_t category : categories) result.emplace_back(catalogue_.category(category));
  return result;
}

}  // namespace driftcast
