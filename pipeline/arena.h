// Arena: bytes that live as long as their slice. Grows by blocks; nothing moves.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace driftcast {

class Arena {
 public:
  static constexpr std::size_t kBlock = 64 << 10;

  // Copies the bytes; the view lives as long as the arena.
  std::string_view copy(std::string_view bytes) {
    if (bytes.empty()) return {};
    if (bytes.size() > left_) grow(bytes.size());
    char* place = next_;
    std::memcpy(place, bytes.data(), bytes.size());
    next_ += bytes.size();
    left_ -= bytes.size();
    return {place, bytes.size()};
  }

 private:
  void grow(std::size_t needed) {
    left_ = needed > kBlock ? needed : kBlock;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(left_));
    next_ = blocks_.back().get();
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace driftcast
