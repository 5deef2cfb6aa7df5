// The server with real sockets, read as a client sees it.
#include "pipeline/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/pipeline/support/http_client.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kAnyPort = "127.0.0.1:0";

class HttpServerTest : public testing::Test {
 protected:
  std::unique_ptr<HttpServer> start(const HttpLimits& limits = {}) {
    auto server = HttpServer::start(kAnyPort, {[this] { return metrics_; }, [this] { return unready_; }}, limits);
    if (!server) throw std::runtime_error(server.error().message);
    return std::move(*server);
  }

  static std::string get(const HttpServer& server, const std::string& path, const std::string& method = "GET") {
    return HttpClient(server.address()).send(method + " " + path + " HTTP/1.1\r\nHost: here\r\n\r\n").receive_all();
  }

  std::string metrics_ = "driftcast_ready 1\n";
  std::string unready_;
};

TEST_F(HttpServerTest, ServesMetricsAndProbes) {
  const auto server = start();
  EXPECT_THAT(get(*server, "/metrics"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("version=0.0.4"),
                                              EndsWith("\r\n\r\ndriftcast_ready 1\n")));
  EXPECT_THAT(get(*server, "/metrics?name=x"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(get(*server, "/livez"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("alive\n")));
  EXPECT_THAT(get(*server, "/readyz"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("ready\n")));
  EXPECT_THAT(HttpClient(server->address()).send("GET /livez HTTP/1.0\r\n\r\n").receive_all(),
              HasSubstr(" 200 OK\r\n"));
}

TEST_F(HttpServerTest, SaysWhyTheJobIsNotReady) {
  unready_ = "restoring partition 3";
  const auto server = start();
  EXPECT_THAT(get(*server, "/readyz"),
              AllOf(StartsWith("HTTP/1.1 503 Service Unavailable\r\n"), EndsWith("\r\n\r\nrestoring partition 3\n")));
  EXPECT_THAT(get(*server, "/livez"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, TellsThePortThatItGot) {
  const auto first = start(), second = start();
  EXPECT_THAT(first->address(), StartsWith("127.0.0.1:"));
  EXPECT_NE(first->address(), second->address());
  EXPECT_NE(parse_endpoint(first->address())->port, 0);
}

TEST_F(HttpServerTest, KnowsNoOtherPath) {
  const auto server = start();
  for (const char* path : {"/", "/metrics/", "/metric", "/../etc/passwd", "*"}) {
    EXPECT_THAT(get(*server, path), StartsWith("HTTP/1.1 404 Not Found\r\n")) << path;
  }
}

TEST_F(HttpServerTest, AllowsNothingButGet) {
  const auto server = start();
  for (const char* method : {"POST", "PUT", "DELETE", "HEAD"}) {
    EXPECT_THAT(get(*server, "/metrics", method),
                AllOf(StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"), HasSubstr("Allow: GET\r\n")))
        << method;
  }
}

TEST_F(HttpServerTest, RefusesABodyAndWhatIsNoHttp) {
  const auto server = start();
  EXPECT_THAT(HttpClient(server->address()).send("GET /livez HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc").receive_all(),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(HttpClient(server->address()).send("\x16\x03\x01 hello\r\n\r\n").receive_all(),
              StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, RefusesAHeaderThatIsTooLarge) {
  const auto server = start();
  const std::string large(32 << 10, 'x');
  EXPECT_THAT(HttpClient(server->address()).send("GET /livez HTTP/1.1\r\nX: " + large + "\r\n\r\n").receive_all(),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(HttpClient(server->address()).send("GET /" + large + " HTTP/1.1\r\n\r\n").receive_all(),
              StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, CutsARequestThatDoesNotEnd) {
  const auto server = start({.patience = std::chrono::milliseconds{50}});
  HttpClient silent(server->address()), slow(server->address());
  slow.send("GET /livez HTTP/1.1\r\nHost: ");
  EXPECT_EQ(silent.receive_all(), "");
  EXPECT_EQ(slow.receive_all(), "");
}

TEST_F(HttpServerTest, CutsAClientThatTakesNoAnswer) {
  metrics_ = std::string(64 << 20, '#');  // more than lies between two sockets
  const auto server = start({.patience = std::chrono::milliseconds{50}, .connections = 1});
  HttpClient deaf(server->address());
  deaf.send("GET /metrics HTTP/1.1\r\n\r\n");
  std::string probe;  // is refused while the only seat is taken
  while (probe.empty()) probe = get(*server, "/livez");
  EXPECT_THAT(probe, StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, ForgetsAClientThatLeavesInTheMiddle) {
  const auto server = start({.patience = std::chrono::hours{1}, .connections = 1});
  HttpClient(server->address()).send("GET /livez HT").finish();
  std::string probe;
  while (probe.empty()) probe = get(*server, "/livez");
  EXPECT_THAT(probe, StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, ClosesConnectionsAboveTheLimitAtOnce) {
  const auto server = start({.patience = std::chrono::hours{1}, .connections = 2});
  auto first = std::make_unique<HttpClient>(server->address());
  HttpClient second(server->address()), third(server->address());
  EXPECT_TRUE(third.is_closed());
  first.reset();
  std::string probe;
  while (probe.empty()) probe = get(*server, "/livez");
  EXPECT_THAT(probe, StartsWith("HTTP/1.1 200 OK\r\n"));
  second.send("GET /livez HTTP/1.1\r\n\r\n");
  EXPECT_THAT(second.receive_all(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, ClosesItsConnectionsWhenItEnds) {
  auto server = start({.patience = std::chrono::hours{1}});
  HttpClient silent(server->address()), half(server->address()), answered(server->address());
  half.send("GET /livez");
  answered.send("GET /livez HTTP/1.1\r\n\r\n");
  const std::string first = answered.receive_all();
  server.reset();
  EXPECT_THAT(first, EndsWith("alive\n"));
  EXPECT_TRUE(silent.is_closed());
  EXPECT_TRUE(half.is_closed());
}

TEST_F(HttpServerTest, AnswersManyAtOnce) {
  const auto server = start();
  std::vector<std::thread> clients;
  std::vector<std::string> answers(8);
  for (std::string& answer : answers) clients.emplace_back([&] { answer = get(*server, "/livez"); });
  for (std::thread& client : clients) client.join();
  EXPECT_THAT(answers, testing::Each(StartsWith("HTTP/1.1 200 OK\r\n")));
}

TEST_F(HttpServerTest, SaysThatAnAddressIsTaken) {
  const auto first = start();
  const auto second = HttpServer::start(first->address(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kCannotCreate);
  EXPECT_THAT(second.error().message, AllOf(HasSubstr("'" + first->address() + "'"), HasSubstr("in use")));
}

TEST_F(HttpServerTest, RefusesWhatIsNoAddressOfThisMachine) {
  EXPECT_EQ(HttpServer::start("9464", {}).error().code, ErrorCode::kConfig);
  EXPECT_EQ(HttpServer::start("192.0.2.1:9464", {}).error().code, ErrorCode::kCannotCreate);
}

}  // namespace
}  // namespace driftcast
