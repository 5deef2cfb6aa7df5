#include "config/substitute.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace driftcast {
namespace {

constexpr std::string_view kFilePrefix = "file:";
constexpr std::size_t kLargestFile = 16 << 20;

Result<std::string> resolve(std::string_view name, const Environment& environment) {
  if (name.starts_with(kFilePrefix)) {
    Result<std::string> content = read_file(std::string(name.substr(kFilePrefix.size())));
    if (!content) return content;
    while (!content->empty() && (content->back() == '\n' || content->back() == '\r')) content->pop_back();
    return content;
  }
  std::optional<std::string> value = environment(name);
  if (value) return *std::move(value);
  return error(ErrorCode::kConfig, "the environment variable '" + std::string(name) + "' is not set");
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const auto failed = [&](const std::string& reason) {
    return error(ErrorCode::kNoInput, "the file '" + path + "' cannot be read: " + reason);
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return failed(std::strerror(errno));
  std::string content;
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, file.get())) {
    content.append(buffer, count);
    if (content.size() > kLargestFile) return failed("it is larger than 16 MiB");
  }
  if (std::ferror(file.get()) != 0) return failed(std::strerror(errno));
  return content;
}

bool is_one_substitution(std::string_view text) { return text.starts_with("${") && text.find('}') == text.size() - 1; }

Result<std::string> substitute(std::string_view text, const Environment& environment) {
  std::string result;
  while (true) {
    const std::size_t open = text.find("${");
    if (open == std::string_view::npos) return result.append(text);
    const bool literal = open > 0 && text[open - 1] == '$';
    if (literal) {
      result.append(text.substr(0, open - 1)).append("${");
      text.remove_prefix(open + 2);
      continue;
    }
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) {
      return error(ErrorCode::kConfig, "'${' is not closed by '}'; write '$${' for the two characters themselves");
    }
    Result<std::string> value = resolve(text.substr(open + 2, close - open - 2), environment);
    if (!value) return value;
    result.append(text.substr(0, open)).append(*value);
    text.remove_prefix(close + 1);
  }
}

}  // namespace driftcast
