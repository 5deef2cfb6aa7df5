#include "pipeline/topology.h"

namespace driftcast {

std::string describe_topology(int lanes) {
  const std::string count = std::to_string(lanes);
  std::string text = "driftcast: " + count + (lanes == 1 ? " lane" : " lanes") + ", one per partition\n\n";
  for (std::size_t i = 0; i < kStages.size(); ++i) {
    const Stage& stage = kStages[i];
    std::string line = "  " + std::string(stage.name);
    line.resize(12, ' ');
    line += stage.run == nullptr ? "one" : "serial per lane, " + count + (lanes == 1 ? " node" : " nodes");
    if (!stage.table.empty()) line += ", writes table " + std::string(stage.table);
    text += line + "\n";
    if (i + 1 == kStages.size()) continue;
    text += "    |  " + std::string(stage.gives) + "\n";
    if (!stage.publishes.empty()) text += "    |  to publish: " + std::string(stage.publishes) + "\n";
    text += "    v\n";
  }
  text += "\ntables and their only writers:\n";
  for (const Stage& stage : kStages) {
    if (!stage.table.empty()) text += "  " + std::string(stage.table) + " <- " + std::string(stage.name) + "\n";
  }
  text += "  population <- fold and judge, a record each\n";
  return text;
}

}  // namespace driftcast
