// Explain's reader: what a directory of outputs says of one user, and whom it is worth to look at.
//
// A line is parsed only when it names the user: big files are searched, not parsed. A last line that is cut short is
// passed over, for a run may just be writing it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "pipeline/explain/trajectory.h"
#include "pipeline/options.h"

namespace driftcast {

// kNoInput when the directory has no forecasts, or when nothing in it is about this user; the message then names some
// users that it is about.
Result<Trajectory> read_trajectory(const std::string& dir, const TopicOptions& topics, std::string_view user);

// Users with a tale to tell, at most `most`, the best tale first: those whose mix of interests changed, confirmed, the
// more the better, after a hundred to a thousand events, then after more, then after fewer; then those of other
// signals, the latest first. Without any signal, the user of the last forecast.
Result<std::vector<std::string>> find_telling_users(const std::string& dir, const TopicOptions& topics,
                                                    std::size_t most);

}  // namespace driftcast
