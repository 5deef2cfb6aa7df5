#include "pipeline/http_server.h"

// One thread runs the loop, so it needs no fences; and the thread sanitizer does not know what they are.
#define BOOST_ASIO_DISABLE_FENCED_BLOCK

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "config/endpoint.h"

namespace driftcast {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::beast::tcp_stream;
using net::ip::tcp;
using Failure = boost::beast::error_code;
using Answer = http::response<http::string_body>;

constexpr std::size_t kLingerBytes = 64 << 10;
constexpr std::chrono::milliseconds kAcceptPause{100};

Answer answer(http::status status, std::string text) {
  Answer answer(status, 11);
  answer.set(http::field::content_type, "text/plain; charset=utf-8");
  answer.set(http::field::cache_control, "no-store");
  answer.set("X-Content-Type-Options", "nosniff");
  answer.keep_alive(false);
  answer.body() = std::move(text);
  answer.prepare_payload();
  return answer;
}

Answer metrics(const HttpPages& pages) {
  Answer page = answer(http::status::ok, pages.metrics());
  page.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
  return page;
}

Answer readiness(const HttpPages& pages) {
  const std::string reason = pages.unready();
  return reason.empty() ? answer(http::status::ok, "ready\n")
                        : answer(http::status::service_unavailable, reason + "\n");
}

Answer page(const http::request<http::empty_body>& request, const HttpPages& pages) {
  const auto path = request.target().substr(0, request.target().find('?'));
  const bool known = path == "/metrics" || path == "/livez" || path == "/readyz";
  if (!known) return answer(http::status::not_found, "not found; there are /metrics, /livez and /readyz\n");
  if (request.method() != http::verb::get) {
    Answer refusal = answer(http::status::method_not_allowed, "only GET is allowed\n");
    refusal.set(http::field::allow, "GET");
    return refusal;
  }
  if (path == "/metrics") return metrics(pages);
  return path == "/readyz" ? readiness(pages) : answer(http::status::ok, "alive\n");
}

// What to say to a request that cannot be read; nothing to one that stopped coming.
std::optional<Answer> refusal(const Failure& failure) {
  if (failure == http::error::end_of_stream || failure == http::error::partial_message) return std::nullopt;
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return answer(http::status::request_header_fields_too_large, "the header is too large\n");
  }
  if (failure == http::error::body_limit || failure == http::error::unexpected_body) {
    return answer(http::status::payload_too_large, "a request has no body here\n");
  }
  if (failure.category() == http::make_error_code(http::error::bad_method).category()) {
    return answer(http::status::bad_request, "this is no HTTP request\n");
  }
  return std::nullopt;
}

// One request and its answer. Lives as long as an operation on its connection is under way.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  // Borrows pages and limits. `seat` is held until the connection is closed.
  Exchange(tcp::socket socket, const HttpPages& pages, const HttpLimits& limits, std::shared_ptr<void> seat)
      : seat_(std::move(seat)),
        stream_(std::move(socket)),
        buffer_(limits.header_bytes),
        pages_(pages),
        limits_(limits) {
    parser_.header_limit(limits.header_bytes);
    parser_.body_limit(0);
  }

  void begin() {
    stream_.expires_after(limits_.patience);
    http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](const Failure& failure, std::size_t) {
      if (!failure) return self->send(page(self->parser_.get(), self->pages_));
      if (auto refused = refusal(failure)) self->send(std::move(*refused));
    });
  }

 private:
  void send(Answer answer) {
    answer_ = std::move(answer);
    stream_.expires_after(limits_.patience);
    http::async_write(stream_, answer_, [self = shared_from_this()](const Failure& failure, std::size_t) {
      Failure ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
      if (!failure) self->linger();
    });
  }

  // Reads on until the client closes: closing on unread bytes would take the answer away from it.
  void linger() {
    stream_.async_read_some(net::buffer(rest_), [self = shared_from_this()](const Failure& failure, std::size_t read) {
      self->lingered_ += read;
      if (!failure && self->lingered_ < kLingerBytes) self->linger();
    });
  }

  std::shared_ptr<void> seat_;
  tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  http::request_parser<http::empty_body> parser_;
  const HttpPages& pages_;
  const HttpLimits& limits_;
  Answer answer_;
  std::array<char, 4096> rest_{};
  std::size_t lingered_ = 0;
};

// Signals are for the threads that know what to do about them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

}  // namespace

class HttpServer::Loop {
 public:
  Loop(HttpPages pages, const HttpLimits& limits) : pages_(std::move(pages)), limits_(limits) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  // Returns the address, with the port that it got.
  Result<std::string> listen(const Endpoint& endpoint) {
    Failure failure;
    const auto found =
        tcp::resolver(context_).resolve(endpoint.host, std::to_string(endpoint.port), tcp::resolver::passive, failure);
    if (failure) return error(ErrorCode::kCannotCreate, failure.message());
    const tcp::endpoint address = found.begin()->endpoint();
    acceptor_.open(address.protocol(), failure);
    if (!failure) acceptor_.set_option(tcp::acceptor::reuse_address(true), failure);  // else a restart has to wait
    if (!failure) acceptor_.bind(address, failure);
    if (!failure) acceptor_.listen(net::socket_base::max_listen_connections, failure);
    if (failure) return error(ErrorCode::kCannotCreate, failure.message());
    return text_of(acceptor_.local_endpoint());
  }

  void start() {
    accept();
    const SignalsBlocked blocked;  // the thread inherits it
    thread_ = std::thread([this] { context_.run(); });
  }

 private:
  void accept() {
    acceptor_.async_accept([this](const Failure& failure, tcp::socket socket) {
      if (failure) return accept_later();
      admit(std::move(socket));
      accept();
    });
  }

  // When there are no descriptors left, trying again at once would take a whole processor.
  void accept_later() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](const Failure&) { accept(); });
  }

  void admit(tcp::socket socket) {
    if (open_ == limits_.connections) return;  // the socket closes
    ++open_;
    const std::shared_ptr<void> seat(nullptr, [this](void*) { --open_; });
    std::make_shared<Exchange>(std::move(socket), pages_, limits_, seat)->begin();
  }

  const HttpPages pages_;
  const HttpLimits limits_;
  std::size_t open_ = 0;
  net::io_context context_{1};  // before what belongs to it, after what its connections borrow
  tcp::acceptor acceptor_{context_};
  net::steady_timer pause_{context_};
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Loop> loop, std::string address)
    : loop_(std::move(loop)), address_(std::move(address)) {}

HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(const std::string& listen, HttpPages pages,
                                                      const HttpLimits& limits) {
  const auto endpoint = parse_endpoint(listen);
  if (!endpoint) return error(ErrorCode::kConfig, "http.listen: '" + listen + "' is not host:port");
  auto loop = std::make_unique<Loop>(std::move(pages), limits);
  auto address = loop->listen(*endpoint);
  if (!address) {
    return error(address.error().code, "http.listen: cannot listen on '" + listen + "': " + address.error().message);
  }
  loop->start();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(loop), std::move(*address)));
}

}  // namespace driftcast
