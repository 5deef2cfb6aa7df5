// HttpClient: a connection to a server on this machine, as raw as a test may want it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>

#include "config/endpoint.h"

namespace driftcast {

class HttpClient {
 public:
  // To an address such as "127.0.0.1:9464"; throws when nobody is there.
  explicit HttpClient(const std::string& server) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(parse_endpoint(server)->port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient() { ::close(socket_); }

  // Whether the server takes it does not matter: its answer tells.
  HttpClient& send(const std::string& text) {
    ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    return *this;
  }
  HttpClient& finish() {
    ::shutdown(socket_, SHUT_WR);
    return *this;
  }

  // Everything until the server closes.
  std::string receive_all() {
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::recv(socket_, buffer, sizeof buffer, 0)) != 0;) {
      if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
      if (n < 0 && errno != EINTR) break;
    }
    return text;
  }
  bool is_closed() {
    char byte = 0;
    return ::recv(socket_, &byte, 1, 0) <= 0;
  }

 private:
  int socket_;
};

// The answer to a GET, with its head; empty when nobody answers.
inline std::string http_get(const std::string& server, const std::string& path) {
  try {
    return HttpClient(server).send("GET " + path + " HTTP/1.0\r\n\r\n").receive_all();
  } catch (const std::runtime_error&) {
    return "";
  }
}

// Where the program serves, as it has logged it; empty: it has not.
inline std::string address_in(const std::string& talk) {
  const std::string before = "http://";
  const std::size_t begin = talk.find(before);
  if (begin == std::string::npos) return "";
  return talk.substr(begin + before.size(), talk.find('/', begin + before.size()) - begin - before.size());
}

}  // namespace driftcast
