// Endpoint: where a server listens, as people write it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace driftcast {

struct Endpoint {
  std::string host;  // a name or an address; of IPv6 without its brackets
  std::uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
};

// "localhost:9464", "127.0.0.1:9464", "[::1]:9464"; nothing for any other text.
std::optional<Endpoint> parse_endpoint(std::string_view text);

}  // namespace driftcast
