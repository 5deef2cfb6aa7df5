#include "pipeline/run.h"

#include <filesystem>

#include "config/files.h"
#include "pipeline/file_log.h"
#include "pipeline/job.h"
#include "pipeline/state_directory.h"
#include "state/rocksdb_store.h"

namespace driftcast {
namespace {

Result<bool> has_states(Store& store, int partitions) {
  for (Partition p = 0; p < partitions; ++p) {
    auto mark = store.mark(p);
    if (!mark) return mark.error();
    if (*mark) return true;
  }
  return false;
}

Result<std::unique_ptr<FileLog>> open_log(const Settings& settings, Store& store, const std::string& state_dir) {
  const PipelineOptions& options = settings.pipeline;
  auto source = FileSource::open(options);
  if (!source) return source.error();
  auto states = has_states(store, options.source.partitions);
  if (!states) return states.error();
  auto sink = FileSink::open(options.sink, options.topics, state_dir + "/journal", *states);
  if (!sink) return sink.error();
  return std::make_unique<FileLog>(std::move(*source), std::move(*sink), options.source.partitions);
}

}  // namespace

Result<Summary> run_files(const Settings& settings, const ModelSet& models, const std::atomic<bool>& stop,
                          const std::function<void(const Progress&)>& report, const Watchers& watchers) {
  const std::string& sink_dir = settings.pipeline.sink.dir;
  DRIFTCAST_TRY(make_directory(sink_dir));
  const auto state = StateDirectory::make(settings, sink_dir);
  if (!state) return state.error();
  auto store = RocksDbStore::open(state->path() + "/store", settings.state);
  if (!store) return store.error();
  auto log = open_log(settings, **store, state->path());
  if (!log) return log.error();
  const std::string summary_path = sink_dir + "/summary.json";
  std::error_code ignored;
  std::filesystem::remove(summary_path, ignored);  // an earlier run's
  Job job(settings, models, **store, {stop, report, [&] { return (*log)->source().progress(); }, watchers});
  DRIFTCAST_TRY(job.work(**log, Job::Opening::kAllFirst));
  if (!settings.state.dir.empty()) DRIFTCAST_TRY((*store)->flush());
  const Summary summary = job.summary();
  DRIFTCAST_TRY(replace_file(summary_path, summary_json(summary) + "\n"));
  return summary;
}

}  // namespace driftcast
