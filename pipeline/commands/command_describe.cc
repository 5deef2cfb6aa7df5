// driftcast describe: the graph, its tables and their writers, from the data that builds it.

#include <fmt/format.h>

#include <memory>

#include "config/reference.h"
#include "pipeline/commands/cli.h"
#include "pipeline/topology.h"

namespace driftcast {

void add_describe_command(CLI::App& app, int& code) {
  auto* command =
      app.add_subcommand("describe", "Print the flow graph: stages, what flows between them, tables, writers");
  auto arguments = std::make_shared<ConfigArguments>();
  auto reference = std::make_shared<bool>(false);
  arguments->add_to(*command);
  command->add_flag("--configuration", *reference, "Print the reference of all settings instead");
  command->callback([arguments, reference, &code] {
    const auto settings = arguments->load();
    if (!settings) {
      code = complain(settings.error());
      return;
    }
    fmt::print("{}", *reference ? configuration_reference() : describe_topology(settings->pipeline.source.partitions));
  });
}

}  // namespace driftcast
