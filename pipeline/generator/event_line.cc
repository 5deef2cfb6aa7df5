#include "pipeline/generator/event_line.h"

#include "pipeline/json_text.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

void put_two(char* place, std::int64_t value) {
  place[0] = static_cast<char>('0' + value / 10);
  place[1] = static_cast<char>('0' + value % 10);
}

void append_hex(std::string& out, std::uint64_t value) {
  char text[16];
  for (int i = 15; i >= 0; --i, value >>= 4) text[i] = "0123456789abcdef"[value & 15U];
  out.append(text, sizeof text);
}

// "-12.50".
void append_cents(std::string& out, std::int64_t cents) {
  if (cents < 0) out += '-';
  const std::int64_t amount = cents < 0 ? -cents : cents;
  append_json_number(out, amount / 100);
  char text[3] = {'.'};
  put_two(text + 1, amount % 100);
  out.append(text, sizeof text);
}

}  // namespace

void EventLine::append_time(std::string& out, EventTime at) {
  const std::int64_t ms = millis(at);
  if (ms / kDayMs != day_) {
    day_ = ms / kDayMs;
    date_ = rfc3339(event_time(day_ * kDayMs)).substr(0, 11);
  }
  const std::int64_t clock = ms % kDayMs;
  char text[] = "00:00:00.000Z";
  put_two(text, clock / 3'600'000);
  put_two(text + 3, clock / 60'000 % 60);
  put_two(text + 6, clock / 1000 % 60);
  text[9] = static_cast<char>('0' + clock % 1000 / 100);
  put_two(text + 10, clock % 100);
  out.append(date_).append(text, sizeof text - 1);
}

void EventLine::append(std::string& out, const EventFields& event) {
  out.append(R"({"user_id":")").append(event.user).append(R"(","item_id":")");
  catalogue_.append_item_id(out, event.item);
  out.append(R"(","category":")").append(catalogue_.category(event.item.category));
  out.append(R"(","event_type":")").append(name(event.kind)).append(R"(","timestamp":")");
  append_time(out, event.at);
  out.append(R"(","event_id":")");
  append_hex(out, event.id);
  out += '"';
  if (event.dwell_ms >= 0) append_json_number(out.append(R"(,"dwell_ms":)"), event.dwell_ms);
  if (event.priced) append_cents(out.append(R"(,"amount":)"), event.amount_cents);
  out.append(R"(,"title":")");
  catalogue_.append_title(out, event.item);
  out.append("\"}");
}

}  // namespace driftcast
