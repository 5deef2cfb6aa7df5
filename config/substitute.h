// Replaces ${NAME} and ${file:/path} inside the strings of a configuration.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace driftcast {

// Asks for a variable of the environment; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view)>;

// The whole content of a file, or why it cannot be read.
Result<std::string> read_file(const std::string& path);

// `text` with every ${NAME} replaced by the variable and every ${file:path} by the file's content without the line
// breaks at its end. "$${" stands for a literal "${". What was put in is not searched again.
Result<std::string> substitute(std::string_view text, const Environment& environment);

// True: nothing but one ${...}, so that none of what it stands for is written in the text itself.
bool is_one_substitution(std::string_view text);

}  // namespace driftcast
