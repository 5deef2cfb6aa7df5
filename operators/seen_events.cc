#include "operators/seen_events.h"

#include <algorithm>

namespace driftcast {
namespace {

// From here on an index is quicker than a scan; it goes when half of this is left.
constexpr std::size_t kMany = 64;

constexpr std::size_t kIndexEntryBytes = 40;  // a node of libstdc++ and its bucket

// The order of a heap whose front is the oldest.
bool is_newer(const SeenEvent& a, const SeenEvent& b) { return a.at > b.at; }

}  // namespace

SeenEvents& SeenEvents::operator=(const SeenEvents& other) {
  if (this != &other) *this = SeenEvents(other);
  return *this;
}

bool SeenEvents::contains(std::uint64_t id, EventTime watermark) const {
  if (index_ != nullptr) {
    const auto place = index_->find(id);
    return place != index_->end() && place->second >= watermark;
  }
  return std::any_of(oldest_first_.begin(), oldest_first_.end(),
                     [=](const SeenEvent& seen) { return seen.id == id && seen.at >= watermark; });
}

void SeenEvents::add(EventTime at, std::uint64_t id, EventTime watermark) {
  forget_before(watermark);
  oldest_first_.push_back(SeenEvent{at, id});
  std::push_heap(oldest_first_.begin(), oldest_first_.end(), is_newer);
  if (index_ != nullptr) {
    index_->emplace(id, at);
  } else if (size() > kMany) {
    index_ = std::make_unique<Index>();
    for (const SeenEvent& seen : oldest_first_) index_->emplace(seen.id, seen.at);
  }
}

void SeenEvents::forget_before(EventTime watermark) {
  while (!oldest_first_.empty() && oldest_first_.front().at < watermark) {
    std::pop_heap(oldest_first_.begin(), oldest_first_.end(), is_newer);
    if (index_ != nullptr) index_->erase(oldest_first_.back().id);
    oldest_first_.pop_back();
  }
  if (size() < kMany / 2) index_.reset();
}

std::size_t SeenEvents::footprint() const {
  return oldest_first_.capacity() * sizeof(SeenEvent) + (index_ == nullptr ? 0 : size() * kIndexEntryBytes);
}

}  // namespace driftcast
