// Journal: the commit record of file mode. One checksummed record per epoch says how long each output file is and where
// every partition stands; the newest whole record is the committed state, whatever the files hold beyond it.
//
// Format: [u32 length][u32 checksum of the length][payload: encode_value(JournalRecord)] repeated. A torn last record
// is ignored. Opening rewrites the file with its newest record, so it stays small.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "pipeline/log.h"
#include "state/mark_codec.h"

namespace driftcast {

struct JournalRecord {
  static constexpr std::uint8_t kFormat = 1;
  std::string dir;                                          // of the output files, absolute
  std::vector<std::pair<std::string, std::int64_t>> sizes;  // file name, committed bytes
  std::vector<OffsetCommit> offsets;                        // by partition
};

template <class Archive>
void fields(Archive& archive, OffsetCommit& offset) {
  archive(offset.partition, offset.position, offset.lineage, offset.mark_epoch, offset.format, offset.config_hash,
          offset.model_hash);
}
template <class Archive>
void fields(Archive& archive, JournalRecord& record) {
  archive(record.dir, record.sizes, record.offsets);
}

class Journal {
 public:
  Journal() = default;
  Journal(Journal&& other) noexcept
      : file_(std::exchange(other.file_, -1)),
        path_(std::move(other.path_)),
        size_(other.size_),
        newest_(std::move(other.newest_)) {}
  Journal& operator=(Journal&&) = delete;
  ~Journal();

  // Opens or creates; a damaged journal (not merely torn at its end) is an error.
  static Result<Journal> open(const std::string& path);

  const std::optional<JournalRecord>& newest() const { return newest_; }

  // Appends a record; from then on it is the committed state, with `sync` also after a power cut. A failed append
  // leaves the record before as the committed state.
  Result<void> append(const JournalRecord& record, bool sync);

 private:
  int file_ = -1;
  std::string path_;
  std::int64_t size_ = 0;
  std::optional<JournalRecord> newest_;
};

}  // namespace driftcast
