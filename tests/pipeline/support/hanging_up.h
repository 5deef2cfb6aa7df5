// HangingUp: a server on a free port of this machine that hangs up on whoever connects.
#pragma once

#include <string>
#include <thread>

namespace driftcast {

class HangingUp {
 public:
  HangingUp();
  HangingUp(const HangingUp&) = delete;
  HangingUp& operator=(const HangingUp&) = delete;
  ~HangingUp();

  const std::string& address() const { return address_; }

 private:
  int socket_ = -1;
  std::string address_;
  std::thread thread_;
};

}  // namespace driftcast
