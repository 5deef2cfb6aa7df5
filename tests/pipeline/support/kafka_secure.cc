#include "tests/pipeline/support/kafka_secure.h"

#include <librdkafka/rdkafka.h>

#include <string_view>

#include "tests/pipeline/support/shell.h"

namespace driftcast {

bool client_knows_scram() { return rd_kafka_version() >= 0x02060100; }

SecureBroker& SecureBroker::shared() {
  static SecureBroker broker;
  return broker;
}

SecureBroker::SecureBroker() : KafkaBroker("--secure"), clients_(brokers_) {
  constexpr std::string_view kOpen = ",PLAINTEXT://";
  const std::string settings = bytes_in(file("server.properties"));
  const std::size_t begin = settings.find(kOpen) + kOpen.size();
  brokers_ = settings.substr(begin, settings.find(',', begin) - begin);
}

std::string SecureBroker::password(const std::string& user) const { return bytes_in(password_file(user)); }

void SecureBroker::allow(const std::vector<std::string>& rights) const {
  std::string arguments = "allow";
  for (const std::string& right : rights) arguments += " '" + right + "'";
  tool(arguments);
}

}  // namespace driftcast
