// driftcast describe: the graph, its tables and their writers, from the data that builds it; and the states of a run.

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "config/reference.h"
#include "pipeline/commands/cli.h"
#include "pipeline/state_digest.h"
#include "pipeline/topology.h"
#include "state/rocksdb_store.h"

namespace driftcast {
namespace {

struct DescribeArguments {
  ConfigArguments config;
  bool reference = false;
  bool state = false;
};

Result<std::string> describe_states(const Settings& settings) {
  if (settings.state.dir.empty()) {
    return error(ErrorCode::kUsage, "--state: which states? Name their directory with --set state.dir=DIR");
  }
  const std::string path = settings.state.dir + "/store";
  if (!std::filesystem::exists(path)) {
    return error(ErrorCode::kNoInput, "there is no state in '" + settings.state.dir + "'");
  }
  const auto store = RocksDbStore::open(path, settings.state);
  if (!store) return store.error();
  const auto digests = digest_states(**store);
  if (!digests) return digests.error();
  return digest_text(*digests);
}

Result<std::string> describe(const DescribeArguments& arguments) {
  const auto settings = arguments.config.load();
  if (!settings) return settings.error();
  if (arguments.reference) return configuration_reference();
  if (arguments.state) return describe_states(*settings);
  return describe_topology(settings->pipeline.source.partitions);
}

}  // namespace

void add_describe_command(CLI::App& app, int& code) {
  auto* command =
      app.add_subcommand("describe", "Print the flow graph: stages, what flows between them, tables, writers");
  auto arguments = std::make_shared<DescribeArguments>();
  arguments->config.add_to(*command);
  auto* reference =
      command->add_flag("--configuration", arguments->reference, "Print the reference of all settings instead");
  command
      ->add_flag(
          "--state", arguments->state,
          "Print where each partition of state.dir stands, and a digest of its states, instead: the same records "
          "give the same digest, however they were processed. Not beside a run that uses the directory")
      ->excludes(reference);
  command->callback([arguments, &code] {
    const auto text = describe(*arguments);
    code = text ? 0 : complain(text.error());
    if (text) fmt::print("{}", *text);
  });
}

}  // namespace driftcast
