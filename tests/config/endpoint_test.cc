#include "config/endpoint.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

TEST(Endpoint, IsAHostAndAPort) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:9464"), (Endpoint{"127.0.0.1", 9464}));
  EXPECT_EQ(parse_endpoint("localhost:0"), (Endpoint{"localhost", 0}));
  EXPECT_EQ(parse_endpoint("0.0.0.0:65535"), (Endpoint{"0.0.0.0", 65535}));
  EXPECT_EQ(parse_endpoint("[::1]:9464"), (Endpoint{"::1", 9464}));
}

TEST(Endpoint, IsNothingElse) {
  for (const char* text : {"", ":", "9464", ":9464", "localhost", "localhost:", "localhost:65536", "localhost:-1",
                           "localhost:+1", "localhost:1x", "::1:9464", "[::1]", "[]:1", "[host]:1", "a b:1"}) {
    EXPECT_EQ(parse_endpoint(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace driftcast
