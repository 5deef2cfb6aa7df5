// An array of floats that begins on a line of the cache. Its numbers are not initialised.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace driftcast {

class AlignedFloats {
 public:
  AlignedFloats() = default;
  explicit AlignedFloats(std::size_t size)
      : floats_(static_cast<float*>(::operator new(size * sizeof(float), kAlignment))), size_(size) {}

  // At least `size` floats; what was there may be lost.
  float* at_least(std::size_t size) {
    if (size > size_) *this = AlignedFloats(size);
    return floats_.get();
  }

  float* data() { return floats_.get(); }
  const float* data() const { return floats_.get(); }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Release {
    void operator()(float* floats) const { ::operator delete(floats, kAlignment); }
  };
  std::unique_ptr<float, Release> floats_;
  std::size_t size_ = 0;
};

}  // namespace driftcast
