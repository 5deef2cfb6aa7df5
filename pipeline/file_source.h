// FileSource: JSON Lines from a file or standard input, plain or gzip, spread over partitions as Kafka's default
// partitioner would: murmur2 of the user id. Offsets count a partition's records from 0; the record that closes it has
// one of its own kind (close_offset).
//
// A line without a readable user id goes by the hash of its bytes; an advance record goes to every partition. Of a line
// longer than 2 MiB, or than the longest record allowed, the rest is dropped: it is a dead letter, which says how much.
// At the end of the input each partition gets an advance record that closes everything, unless told not to.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "pipeline/options.h"
#include "pipeline/slice.h"

namespace driftcast {

// Offset of the advance record that closes a partition after so many records, and whether a position lies behind one.
// The records of a file that has grown since must not take its place.
inline constexpr Offset kClosed = Offset{1} << 48;
constexpr Offset close_offset(Offset records) { return kClosed + 2 * records; }
constexpr std::optional<Offset> records_when_closed(Offset next_offset) {
  return next_offset < kClosed ? std::nullopt : std::optional((next_offset - kClosed) / 2);
}

class FileSource {
 public:
  // Borrows the options: they outlive the source.
  static Result<std::unique_ptr<FileSource>> open(const PipelineOptions& options);
  ~FileSource();

  // Records before this offset of a partition are skipped. Only forward.
  void seek(Partition partition, Offset offset);

  // An earlier run's outputs come from what lies before this position: `poll` fails when the input ends before it, in any
  // partition, and when it goes on after an end that was closed.
  void expect(Partition partition, const Position& committed);

  // Appends up to `max` records: none when a pipe has none yet. Reads on only while what was
  // read and is not done with fits in 64 MiB, so memory stays bounded where one partition lags or lines are long; the
  // caller must keep polling all of them.
  Result<void> poll(Partition partition, std::size_t max, Slice& slice);
  bool exhausted(Partition partition) const;

  // Share of the file read so far, in [0, 1]; 0 for standard input.
  double progress() const;

 private:
  struct Parts;
  explicit FileSource(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace driftcast
