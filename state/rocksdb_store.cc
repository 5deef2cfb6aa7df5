#include "state/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <vector>

#include "state/mark_codec.h"

namespace driftcast {
namespace {

using Family = std::shared_ptr<rocksdb::ColumnFamilyHandle>;  // outlives a drop while somebody reads

constexpr std::size_t kMemtableBytes = 64 << 20;       // of a partition
constexpr std::size_t kLeastMemtableBytes = 16 << 20;  // of all together
constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kMarkKey{"\0!meta", 6};  // table byte 0: in no table
constexpr std::string_view kFamilyPrefix = "partition-";

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

std::string stored_key(TableId table, std::string_view key) {
  std::string stored(1, static_cast<char>(table));
  return stored.append(key);
}

std::string family_name(Partition partition) { return std::string(kFamilyPrefix) + std::to_string(partition); }

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Partition> partition_named(std::string_view family) {
  if (!family.starts_with(kFamilyPrefix)) return std::nullopt;
  return number_in<Partition>(family.substr(kFamilyPrefix.size()));
}

Error failed(const std::string& what, const std::string& dir, const rocksdb::Status& status) {
  const std::string message = what + " the state in '" + dir + "': " + status.ToString();
  if (!status.IsCorruption()) return error(ErrorCode::kIo, message);
  return error(ErrorCode::kIo, message + "; move the directory away and it is rebuilt from the log");
}

// RocksDB has no code for a directory that is locked, by another process or by this one: only the text tells.
bool is_locked(const rocksdb::Status& status) {
  if (!status.IsIOError()) return false;
  const std::string text = status.ToString();
  if (text.find("lock hold by current process") != std::string::npos) return true;
  return text.find("While lock file") != std::string::npos && text.find("No locks available") == std::string::npos;
}

Error open_failed(const std::string& dir, const rocksdb::Status& status) {
  if (!is_locked(status)) return failed("cannot open", dir, status);
  return error(ErrorCode::kRefused, "state directory '" + dir +
                                        "' is in use by another process; stop it, or give this one another state.dir");
}

rocksdb::DBOptions database_options(const std::shared_ptr<rocksdb::Cache>& cache, const StateOptions& options) {
  rocksdb::DBOptions database;
  database.create_if_missing = true;
  database.max_background_jobs = 2;
  database.max_open_files = -1;
  database.info_log_level = rocksdb::WARN_LEVEL;
  database.keep_log_file_num = 2;
  const auto budget = std::max(static_cast<std::size_t>(options.block_cache_bytes) / 2, kLeastMemtableBytes);
  constexpr bool kAllowStall = false;
  database.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(budget, cache, kAllowStall);
  return database;
}

rocksdb::CompressionType best_compression() {
  const auto all = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(all.begin(), all.end(), rocksdb::kLZ4Compression) != all.end();
  return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.whole_key_filtering = true;
  table.format_version = 5;
  table.block_size = 8 << 10;
  // Filters and indices stay outside the cache, about two bytes a key: where blocks or write buffers push them out, each
  // read loads a filter of a megabyte for a state of a kilobyte.
  table.cache_index_and_filter_blocks = false;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = best_compression();
  family.write_buffer_size = kMemtableBytes;
  family.max_write_buffer_number = 2;
  return family;
}

// All of them must be opened. A new database has none to list; what else is wrong shows when it is opened.
std::vector<std::string> family_names(const std::string& dir) {
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), dir, &names).ok()) names.clear();
  if (names.empty()) names.push_back(rocksdb::kDefaultColumnFamilyName);
  return names;
}

rocksdb::WriteOptions without_log() {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  return options;
}

}  // namespace

struct RocksDbStore::Parts {
  std::string dir;
  rocksdb::ColumnFamilyOptions family_options;
  std::unique_ptr<rocksdb::DB> database;  // destroyed after the families
  Family default_family;
  std::mutex creating;  // taken before `mutex`, never while holding it
  std::mutex mutex;     // guards the rest
  std::map<Partition, Family> families;
  std::set<Partition> broken;  // a write failed: takes no more

  Family adopt(rocksdb::ColumnFamilyHandle* handle) {
    return {handle, [owner = database.get()](auto* each) { (void)owner->DestroyColumnFamilyHandle(each); }};
  }

  Family find(Partition partition) {
    const std::lock_guard lock(mutex);
    const auto found = families.find(partition);
    return found == families.end() ? nullptr : found->second;
  }

  Result<Family> find_or_create(Partition partition) {
    const std::lock_guard one_at_a_time(creating);
    if (auto known = find(partition)) return known;
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    const auto status = database->CreateColumnFamily(family_options, family_name(partition), &handle);
    if (!status.ok()) return failed("cannot extend", dir, status);
    auto family = adopt(handle);
    const std::lock_guard lock(mutex);
    families[partition] = family;
    return family;
  }

  bool is_broken(Partition partition) {
    const std::lock_guard lock(mutex);
    return broken.contains(partition);
  }

  Result<void> adopt_all(const std::vector<rocksdb::ColumnFamilyHandle*>& handles);
  bool is_empty();
  Result<void> check_format();
  Result<void> write_format();
  Result<void> write(Partition partition, std::span<const Entry> entries, const Mark* mark);
  bool holds_something(const Family& family) const;
  Result<void> flush_all(const rocksdb::FlushOptions& options);
};

Result<void> RocksDbStore::Parts::adopt_all(const std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  std::string unknown;
  for (auto* handle : handles) {
    auto family = adopt(handle);
    if (handle->GetName() == rocksdb::kDefaultColumnFamilyName) {
      default_family = std::move(family);
    } else if (const auto partition = partition_named(handle->GetName())) {
      families[*partition] = std::move(family);
    } else {
      unknown = handle->GetName();
    }
  }
  if (unknown.empty()) return {};
  return error(ErrorCode::kConfig, "the state in '" + dir + "' holds '" + unknown +
                                       "', which this program does not know: use another state.dir");
}

// True for a database just made: also one whose maker died before its format was safe. Partitions come after that.
bool RocksDbStore::Parts::is_empty() {
  const std::unique_ptr<rocksdb::Iterator> at(database->NewIterator({}, default_family.get()));
  at->SeekToFirst();
  return families.empty() && !at->Valid() && at->status().ok();
}

// What has content but no format is not ours.
Result<void> RocksDbStore::Parts::check_format() {
  std::string text;
  const auto status = database->Get({}, default_family.get(), slice(kFormatKey), &text);
  if (status.IsNotFound() && is_empty()) return write_format();
  if (!status.ok() && !status.IsNotFound()) return failed("cannot read", dir, status);
  const auto found = number_in<std::uint32_t>(text);
  if (!found) {
    return error(ErrorCode::kConfig,
                 "the state in '" + dir + "' does not tell its format ('" + text + "'): use another state.dir");
  }
  if (*found <= Mark::kFormat) return {};
  return error(ErrorCode::kConfig, "the state in '" + dir + "' has format " + text + ", newer than this program's " +
                                       std::to_string(Mark::kFormat) + ": use the newer program, or another state.dir");
}

Result<void> RocksDbStore::Parts::write_format() {
  const std::string format = std::to_string(Mark::kFormat);
  auto status = database->Put(without_log(), default_family.get(), slice(kFormatKey), format);
  if (status.ok()) status = database->Flush({}, default_family.get());
  if (!status.ok()) return failed("cannot write", dir, status);
  return {};
}

RocksDbStore::RocksDbStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RocksDbStore::~RocksDbStore() { (void)flush(); }  // if it fails, the log gives back what is lost

Result<std::unique_ptr<RocksDbStore>> RocksDbStore::open(const std::string& dir, const StateOptions& options) {
  std::error_code failure;
  std::filesystem::create_directories(dir, failure);
  if (failure) {
    return error(ErrorCode::kCannotCreate, "cannot create the state directory '" + dir + "': " + failure.message());
  }
  auto parts = std::make_unique<Parts>();
  parts->dir = dir;
  const auto cache = rocksdb::NewLRUCache(static_cast<std::size_t>(options.block_cache_bytes));
  parts->family_options = family_options(cache);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : family_names(dir)) descriptors.emplace_back(name, parts->family_options);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  const auto status = rocksdb::DB::Open(database_options(cache, options), dir, descriptors, &handles, &database);
  if (!status.ok()) return open_failed(dir, status);
  parts->database.reset(database);
  DRIFTCAST_TRY(parts->adopt_all(handles));
  DRIFTCAST_TRY(parts->check_format());
  return std::unique_ptr<RocksDbStore>(new RocksDbStore(std::move(parts)));
}

Result<std::optional<std::string>> RocksDbStore::get(Partition partition, TableId table, std::string_view key) {
  const Family family = parts_->find(partition);
  if (family == nullptr) return std::optional<std::string>();
  std::string value;
  const auto status = parts_->database->Get({}, family.get(), stored_key(table, key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return failed("cannot read", parts_->dir, status);
  return std::optional(std::move(value));
}

Result<void> RocksDbStore::scan(Partition partition, TableId table, const Visitor& visitor) {
  const Family family = parts_->find(partition);
  if (family == nullptr) return {};
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2 << 20;
  const std::unique_ptr<rocksdb::Iterator> at(parts_->database->NewIterator(options, family.get()));
  const std::string prefix(1, static_cast<char>(table));
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
    DRIFTCAST_TRY(visitor(view(at->key()).substr(1), view(at->value())));
  }
  if (!at->status().ok()) return failed("cannot read", parts_->dir, at->status());
  return {};
}

Result<void> RocksDbStore::Parts::write(Partition partition, std::span<const Entry> entries, const Mark* mark) {
  if (is_broken(partition)) {
    return error(ErrorCode::kIo, "cannot write " + family_name(partition) + " in '" + dir +
                                     "': an earlier write failed; restart, and it is restored");
  }
  auto family = find_or_create(partition);
  if (!family) return family.error();
  rocksdb::WriteBatch batch;
  rocksdb::Status status;
  for (const Entry& entry : entries) {
    const std::string key = stored_key(entry.table, entry.key);
    status = entry.value ? batch.Put(family->get(), key, *entry.value) : batch.Delete(family->get(), key);
    if (!status.ok()) break;
  }
  if (status.ok() && mark != nullptr) status = batch.Put(family->get(), slice(kMarkKey), encode_mark(*mark));
  if (status.ok()) status = database->Write(without_log(), &batch);
  if (status.ok()) return {};
  const std::lock_guard lock(mutex);
  broken.insert(partition);
  return failed("cannot write", dir, status);
}

bool RocksDbStore::Parts::holds_something(const Family& family) const {
  const std::unique_ptr<rocksdb::Iterator> at(database->NewIterator({}, family.get()));
  at->SeekToFirst();
  return at->Valid() || !at->status().ok();
}

Result<void> RocksDbStore::apply(Partition partition, std::span<const Entry> entries, const Mark& mark) {
  return parts_->write(partition, entries, &mark);
}

Result<void> RocksDbStore::fill(Partition partition, std::span<const Entry> entries) {
  return parts_->write(partition, entries, nullptr);
}

Result<std::optional<Mark>> RocksDbStore::mark(Partition partition) {
  const Family family = parts_->find(partition);
  if (family == nullptr) return std::optional<Mark>();
  std::string bytes;
  const auto status = parts_->database->Get({}, family.get(), slice(kMarkKey), &bytes);
  if (status.IsNotFound()) return std::optional<Mark>();
  if (!status.ok()) return failed("cannot read", parts_->dir, status);
  auto mark = decode_mark(bytes);
  if (mark) return std::optional(*mark);
  return error(mark.error().code,
               "the mark of " + family_name(partition) + " in '" + parts_->dir + "': " + mark.error().message);
}

std::vector<Partition> RocksDbStore::partitions() {
  const std::lock_guard lock(parts_->mutex);
  std::vector<Partition> partitions;
  for (const auto& [partition, family] : parts_->families) partitions.push_back(partition);
  return partitions;
}

// RocksDB writes the options of all families for every call that makes some.
Result<void> RocksDbStore::prepare(std::span<const Partition> wanted) {
  const std::lock_guard one_at_a_time(parts_->creating);
  std::vector<Partition> partitions;
  std::vector<std::string> names;
  for (const Partition p : wanted) {
    if (parts_->find(p) != nullptr) continue;
    partitions.push_back(p);
    names.push_back(family_name(p));
  }
  if (names.empty()) return {};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status = parts_->database->CreateColumnFamilies(parts_->family_options, names, &handles);
  const std::lock_guard lock(parts_->mutex);
  for (std::size_t i = 0; i < handles.size(); ++i) parts_->families[partitions[i]] = parts_->adopt(handles[i]);
  if (!status.ok()) return failed("cannot extend", parts_->dir, status);
  return {};
}

Result<void> RocksDbStore::drop(Partition partition) {
  const std::lock_guard one_at_a_time(parts_->creating);
  const Family family = parts_->find(partition);
  if (family == nullptr || (!parts_->is_broken(partition) && !parts_->holds_something(family))) return {};
  const auto status = parts_->database->DropColumnFamily(family.get());
  if (!status.ok()) return failed("cannot drop from", parts_->dir, status);
  const std::lock_guard lock(parts_->mutex);
  parts_->families.erase(partition);
  parts_->broken.erase(partition);
  return {};
}

Result<void> RocksDbStore::Parts::flush_all(const rocksdb::FlushOptions& options) {
  std::vector<Family> all;
  {
    const std::lock_guard lock(mutex);
    for (const auto& [partition, family] : families) all.push_back(family);
  }
  for (const Family& family : all) {
    const auto status = database->Flush(options, family.get());
    if (!status.ok() && !status.IsColumnFamilyDropped()) return failed("cannot flush", dir, status);
  }
  return {};
}

Result<void> RocksDbStore::flush() { return parts_->flush_all({}); }

Result<void> RocksDbStore::start_flush() {
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;  // else it waits until there is no danger of one
  return parts_->flush_all(options);
}

}  // namespace driftcast
