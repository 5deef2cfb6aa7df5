// The half of KafkaBroker that is a process; the other is kafka_topics.cc.
#include "tests/pipeline/support/kafka_broker.h"

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <utility>

namespace driftcast {

KafkaBroker& KafkaBroker::shared() {
  static KafkaBroker broker;
  return broker;
}

KafkaBroker::KafkaBroker(std::string how) : how_(std::move(how)) { start(); }

KafkaBroker::~KafkaBroker() {
  try {
    kill();
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << "\n";  // the tool ends it after this process
  }
}

void KafkaBroker::kill() { tool("kill"); }

void KafkaBroker::start() {
  brokers_ = tool("start " + how_ + " --with-parent " + std::to_string(::getpid()));
  brokers_.pop_back();  // the end of the line
}

std::string KafkaBroker::tool(const std::string& arguments) const {
  const std::string command =
      "python3 '" DRIFTCAST_SOURCE_DIR "/tools/kafka_broker.py' --dir '" + dir_.path() + "' " + arguments;
  std::FILE* output = ::popen(command.c_str(), "r");
  if (output == nullptr) throw std::runtime_error(command + ": cannot be run");
  std::string text;
  for (int c = 0; (c = std::fgetc(output)) != EOF;) text.push_back(static_cast<char>(c));
  if (::pclose(output) != 0) throw std::runtime_error(command + ": failed, and said why");
  return text;
}

}  // namespace driftcast
