#include "tests/pipeline/support/hanging_up.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/check.h"

namespace driftcast {

HangingUp::HangingUp() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof own;
  auto* const address = reinterpret_cast<sockaddr*>(&own);
  DRIFTCAST_CHECK(::bind(socket_, address, size) == 0 && ::listen(socket_, 16) == 0);
  DRIFTCAST_CHECK(::getsockname(socket_, address, &size) == 0);
  address_ = "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
  thread_ = std::thread([this] {
    for (int client = 0; (client = ::accept(socket_, nullptr, nullptr)) >= 0;) ::close(client);
  });
}

HangingUp::~HangingUp() {
  ::shutdown(socket_, SHUT_RDWR);  // ends the waiting for the next one
  thread_.join();
  ::close(socket_);
}

}  // namespace driftcast
