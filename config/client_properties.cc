#include "config/client_properties.h"

#include <algorithm>
#include <array>

#include "config/units.h"

namespace driftcast {
namespace {

using enum ClientRole;

constexpr auto kProperties = std::to_array<ClientProperty>({
    {"security.protocol"},
    {"ssl.ca.location"},
    {"ssl.ca.pem"},
    {"ssl.certificate.location"},
    {"ssl.certificate.pem"},
    {"ssl.key.location"},
    {"ssl.key.pem", kAny, true},
    {"ssl.key.password", kAny, true},
    {"ssl.keystore.location"},
    {"ssl.keystore.password", kAny, true},
    {"ssl.crl.location"},
    {"ssl.cipher.suites"},
    {"ssl.endpoint.identification.algorithm"},
    {"sasl.mechanism"},
    {"sasl.username"},
    {"sasl.password", kAny, true},
    {"sasl.kerberos.service.name"},
    {"sasl.kerberos.principal"},
    {"sasl.kerberos.keytab"},
    {"client.rack"},
    {"broker.address.family"},
    {"socket.timeout.ms"},
    {"socket.keepalive.enable"},
    {"connections.max.idle.ms"},
    {"reconnect.backoff.ms"},
    {"reconnect.backoff.max.ms"},
    {"metadata.max.age.ms"},
    {"receive.message.max.bytes"},
    {"message.max.bytes"},
    {"debug"},
    {"session.timeout.ms", kConsumer},
    {"heartbeat.interval.ms", kConsumer},
    {"max.poll.interval.ms", kConsumer},
    {"fetch.wait.max.ms", kConsumer},
    {"fetch.min.bytes", kConsumer},
    {"fetch.max.bytes", kConsumer},
    {"fetch.message.max.bytes", kConsumer},
    {"queued.min.messages", kConsumer},
    {"queued.max.messages.kbytes", kConsumer},
    {"check.crcs", kConsumer},
    {"transaction.timeout.ms", kProducer},
    {"linger.ms", kProducer},
    {"batch.size", kProducer},
    {"batch.num.messages", kProducer},
    {"compression.type", kProducer},
    {"compression.level", kProducer},
    {"queue.buffering.max.kbytes", kProducer},
});

// Of a property that the settings give, or of one that they do not.
std::int64_t milliseconds_of(const ClientProperties& client, std::string_view name, std::int64_t otherwise) {
  for (const auto& [property, value] : client.values) {
    if (property != name) continue;
    if (const auto number = parse_integer(value)) otherwise = *number;
  }
  return otherwise;
}

}  // namespace

const ClientProperty* find_client_property(std::string_view name) {
  const auto found = std::ranges::find(kProperties, name, &ClientProperty::name);
  return found == kProperties.end() ? nullptr : &*found;
}

std::vector<std::string> client_property_names() {
  std::vector<std::string> names;
  for (const ClientProperty& property : kProperties) names.emplace_back(property.name);
  return names;
}

std::int64_t session_timeout_ms(const ClientProperties& client) {
  return milliseconds_of(client, "session.timeout.ms", kSessionTimeoutMs);
}

std::int64_t transaction_timeout_ms(const ClientProperties& client) {
  const std::int64_t otherwise = std::min<std::int64_t>(kTransactionTimeoutMs, session_timeout_ms(client));
  return milliseconds_of(client, "transaction.timeout.ms", otherwise);
}

std::string shown(std::string_view name, std::string_view value) {
  const ClientProperty* property = find_client_property(name);
  return std::string(property != nullptr && property->secret ? "(secret)" : value);
}

}  // namespace driftcast
