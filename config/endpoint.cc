#include "config/endpoint.h"

#include <algorithm>
#include <charconv>

namespace driftcast {
namespace {

constexpr auto kDigit = [](char c) { return c >= '0' && c <= '9'; };

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  if (text.empty() || !std::ranges::all_of(text, kDigit)) return std::nullopt;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc()) return std::nullopt;
  return port;
}

// Only brackets tell an IPv6 address from its port.
std::optional<std::string_view> parse_host(std::string_view text) {
  const bool bracketed = text.starts_with('[') && text.ends_with(']');
  if (bracketed) text = text.substr(1, text.size() - 2);
  const bool colons = text.find(':') != std::string_view::npos;
  if (text.empty() || colons != bracketed || text.find_first_of("[] ") != std::string_view::npos) return std::nullopt;
  return text;
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto host = parse_host(text.substr(0, colon));
  const auto port = parse_port(text.substr(colon + 1));
  if (!host || !port) return std::nullopt;
  return Endpoint{std::string(*host), *port};
}

}  // namespace driftcast
