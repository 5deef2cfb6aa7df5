#include "operators/seen_events.h"

#include <algorithm>

namespace driftcast {
namespace {

// From here on a set is worth its memory: a scan reads 4 KiB. It goes when half of this is left.
constexpr std::size_t kMany = 256;

// The order of a heap whose front is the oldest.
bool is_newer(const SeenEvent& a, const SeenEvent& b) { return a.at > b.at; }

}  // namespace

SeenEvents& SeenEvents::operator=(const SeenEvents& other) {
  if (this != &other) *this = SeenEvents(other);
  return *this;
}

bool SeenEvents::contains(std::uint64_t id, EventTime watermark) const {
  if (ids_ != nullptr && !ids_->contains(id)) return false;
  return std::any_of(oldest_first_.begin(), oldest_first_.end(),
                     [=](const SeenEvent& seen) { return seen.id == id && seen.at >= watermark; });
}

void SeenEvents::add(EventTime at, std::uint64_t id, EventTime watermark) {
  forget_before(watermark);
  oldest_first_.push_back(SeenEvent{at, id});
  std::push_heap(oldest_first_.begin(), oldest_first_.end(), is_newer);
  if (ids_ != nullptr) {
    ids_->add(id);
  } else if (size() > kMany) {
    ids_ = std::make_unique<IdSet>();
    for (const SeenEvent& seen : oldest_first_) ids_->add(seen.id);
  }
  if (size() > kMost) forget_oldest();
}

void SeenEvents::forget_before(EventTime watermark) {
  while (!oldest_first_.empty() && oldest_first_.front().at < watermark) forget_oldest();
  if (size() < kMany / 2) ids_.reset();
}

void SeenEvents::forget_oldest() {
  std::pop_heap(oldest_first_.begin(), oldest_first_.end(), is_newer);
  if (ids_ != nullptr) ids_->remove(oldest_first_.back().id);
  oldest_first_.pop_back();
}

std::size_t SeenEvents::footprint() const {
  return oldest_first_.capacity() * sizeof(SeenEvent) + (ids_ == nullptr ? 0 : sizeof(IdSet) + ids_->footprint());
}

}  // namespace driftcast
