// The command line: one function per command, each in a file of its own. Data goes to standard output, talk and
// progress to standard error; exit codes are those of sysexits.h.
#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "core/result.h"
#include "models/model_set.h"
#include "pipeline/run.h"

namespace driftcast {

// Options that all commands with a configuration share.
struct ConfigArguments {
  std::string file;
  std::vector<std::string> overrides;

  void add_to(CLI::App& command);
  // The settings, or all problems in one error (exit 78). Sets up the logging.
  Result<Settings> load() const;
};

// Each adds its subcommand; when it is chosen, `code` is what the process exits with.
void add_run_command(CLI::App& app, int& code);
void add_check_command(CLI::App& app, int& code);
void add_describe_command(CLI::App& app, int& code);
void add_generate_command(CLI::App& app, int& code);
void add_evaluate_command(CLI::App& app, int& code);
void add_explain_command(CLI::App& app, int& code);
void add_demo_command(CLI::App& app, int& code);
void add_train_command(CLI::App& app, int& code);
void add_tick_command(CLI::App& app, int& code);
void add_tail_command(CLI::App& app, int& code);

// What a command lacks that works on Kafka only.
Result<void> require_brokers(const Settings& settings);

// Prints an error as a person needs it, or as a line of JSON where the log is, and returns its exit code.
int complain(const Error& error);

// True once SIGTERM or SIGINT has come; a second signal ends the process at once.
const std::atomic<bool>& stop_requested();
void watch_signals();

// A progress line on standard error: rewritten in place on a terminal, else one line every ten seconds; JSON where the
// log is.
class ProgressLine {
 public:
  ProgressLine();
  void show(const Progress& progress);
  void finish();

 private:
  bool terminal_;
  double shown_s_;  // when a line was shown last; a file gets its first one after ten seconds
  bool open_ = false;
};

}  // namespace driftcast
