// SecureBroker: a KafkaBroker whose clients speak TLS, log in, and need rights: see tools/kafka_security.py. What a test
// does itself goes by the open listener beside that of the clients, which brokers() is.
#pragma once

#include <string>
#include <vector>

#include "tests/pipeline/support/kafka_broker.h"

namespace driftcast {

bool client_knows_scram();  // as Kafka 4 speaks it

class SecureBroker : public KafkaBroker {
 public:
  static SecureBroker& shared();  // started on first use

  SecureBroker();

  const std::string& clients() const { return clients_; }  // their listener, as in bootstrap.servers
  std::string ca() const { return file("ca.pem"); }        // a file
  // Of admin, who may do everything, and of job, who may do what it was allowed to.
  std::string password_file(const std::string& user) const { return file("users/" + user); }
  std::string password(const std::string& user) const;

  // Allows to the user job: "read:topic:events" and the like, see tools/kafka_broker.py.
  void allow(const std::vector<std::string>& rights) const;

 private:
  std::string file(const std::string& name) const { return dir_.path("node-1/" + name); }

  std::string clients_;
};

}  // namespace driftcast
