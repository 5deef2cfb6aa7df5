// Does on purpose what a sanitizer must report: proves that a sanitizer build really watches our code.
// usage: sanitizer_check overflow|signed|leak|race; prints "survived" when nobody stopped it at once.
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

namespace {

volatile std::size_t past_the_end = 4;
volatile int largest = INT_MAX;
void* volatile newest = nullptr;
int shared = 0;

void read_past_the_end() {
  const std::vector<int> four(past_the_end);
  std::printf("%d\n", four.data()[past_the_end]);
}

void overflow_a_signed_number() { std::printf("%d\n", largest + 1); }

void lose_memory() {
  for (int i = 0; i < 100; ++i) newest = std::malloc(1000);  // the ones before it are lost
}

void write_without_a_lock() {
  const auto count = [] {
    for (int i = 0; i < 10'000; ++i) ++shared;
  };
  std::thread other(count);
  count();
  other.join();
  std::printf("%d\n", shared);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view deed = argc == 2 ? argv[1] : "";
  if (deed == "overflow") {
    read_past_the_end();
  } else if (deed == "signed") {
    overflow_a_signed_number();
  } else if (deed == "leak") {
    lose_memory();
    return 0;  // reported at the end of the process
  } else if (deed == "race") {
    write_without_a_lock();
  } else {
    return 64;
  }
  std::puts("survived");
}
