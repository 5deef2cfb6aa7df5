// How many random sequences each property of this room tries: a hundred thousand in all. RC_PARAMS in the environment
// says otherwise, or reproduces a failure.
#include <cstdlib>

namespace driftcast {
namespace {

[[maybe_unused]] const int kSet = ::setenv("RC_PARAMS", "max_success=10000", 0);

}  // namespace
}  // namespace driftcast
