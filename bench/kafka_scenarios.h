// The scenarios of kafka_job: each adds its subcommand, whose callback measures and prints. They throw as kafka_place.h
// says.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/kafka_place.h"

namespace driftcast::bench {

// A subcommand with the options that all have.
CLI::App* add_scenario(CLI::App& app, Common& common, const std::string& name, const std::string& help);

void add_throughput(CLI::App& app, Common& common);
void add_sessions(CLI::App& app, Common& common);
void add_floor(CLI::App& app, Common& common);
void add_latency(CLI::App& app, Common& common);
void add_restart(CLI::App& app, Common& common);
void add_restore(CLI::App& app, Common& common);
void add_memory(CLI::App& app, Common& common);
void add_takeover(CLI::App& app, Common& common);

// --- what several of them need ---

// How fast one instance took what was in the input when it started.
struct Pass {
  double held_s = 0;   // from the start of the process until it holds its partitions
  double work_s = 0;   // from then on until the group has committed all of the input
  double whole_s = 0;  // of the process
  Ended ended;
  std::string talk;  // its summary, above all
};
Pass pass(const Job& job);

// The part of a line of the summary that follows this text, to the end of the line; empty: there is none.
std::string told(const std::string& talk, const std::string& text);

struct Fill {
  std::int64_t users = 1'000'000;
  int days = 10;
};
void add_fill(CLI::App& command, Fill& fill);
// How many users `generate` must be asked for, so that so many of them do something; a feed for these states names as many.
std::int64_t asked_users(const Fill& options);
// Events of about so many users up to last midnight, done by an instance of the job.
struct Filled {
  std::int64_t records = 0;
  std::string users;  // how many the states hold, as the instance said
  Pass pass;
};
Filled fill(Broker& broker, const Common& common, const Job& job, const Fill& options);

}  // namespace driftcast::bench
