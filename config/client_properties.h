// Client properties: what of the Kafka client may be set as kafka.client.<name>.
//
// What the job relies on (offsets, isolation, acknowledgements, transactions) is not among them, nor is anything that
// would run a command or take the check of a certificate away.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/options.h"

namespace driftcast {

enum class ClientRole { kAny, kConsumer, kProducer };

struct ClientProperty {
  std::string_view name;
  ClientRole role = ClientRole::kAny;  // who understands it
  bool secret = false;
};

// The property of this name, or null.
const ClientProperty* find_client_property(std::string_view name);

std::vector<std::string> client_property_names();

// For how long a member may be silent, and a transaction stay open: as it is set, or by default. By default a
// transaction lasts no longer than a membership.
std::int64_t session_timeout_ms(const ClientProperties& client);
std::int64_t transaction_timeout_ms(const ClientProperties& client);

// The value as it may be shown to anybody.
std::string shown(std::string_view name, std::string_view value);

}  // namespace driftcast
