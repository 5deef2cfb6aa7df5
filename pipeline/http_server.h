// HttpServer: metrics and probes over HTTP/1.1, read-only, in one thread of its own.
//
//   GET /metrics   the text exposition format
//   GET /livez     200 as long as the process runs
//   GET /readyz    200 when the job processes its input, else 503 and why not
//
// There is no authentication: who reaches the address may read. A connection is for one request, without a body, and is
// cut when it takes too long; those above the limit are closed at once. So no client can hold up anything but itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "core/result.h"

namespace driftcast {

// Called by the server's thread.
struct HttpPages {
  std::function<std::string()> metrics;
  std::function<std::string()> unready;  // why the job is not ready; empty: it is
};

struct HttpLimits {
  std::chrono::milliseconds patience{5000};  // for a whole request, and again for taking the answer
  std::uint32_t header_bytes = 8 << 10;
  std::size_t connections = 16;
};

class HttpServer {
 public:
  // `listen`: host:port; port 0 is any that is free. Fails with kCannotCreate when the address cannot be had.
  static Result<std::unique_ptr<HttpServer>> start(const std::string& listen, HttpPages pages,
                                                   const HttpLimits& limits = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();  // closes all connections; the pages are not called any more

  const std::string& address() const { return address_; }  // as it is listened on: "127.0.0.1:9464"

 private:
  class Loop;
  HttpServer(std::unique_ptr<Loop> loop, std::string address);

  std::unique_ptr<Loop> loop_;
  std::string address_;
};

}  // namespace driftcast
