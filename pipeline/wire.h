// Wire: what is published, as JSON. The field lists are those of config/schemas; ids are a pure function of user, type,
// step and ordinal; nothing depends on offsets or on the wall clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/drift_signal.h"
#include "core/event.h"
#include "core/forecast.h"
#include "core/ids.h"
#include "core/session.h"
#include "models/model_set.h"
#include "pipeline/outbox.h"

namespace driftcast {

// 32 hexadecimal digits.
std::string output_id(std::string_view user, std::string_view type, std::int64_t step, std::int64_t ordinal);

// Each appends one JSON object without a line feed. `explain` adds the parts and weights of the joint forecast.
void append_forecast(std::string& out, std::string_view user, const Forecast& forecast, const ModelSet& models,
                     bool explain);
void append_drift(std::string& out, std::string_view user, const DriftSignal& signal);
void append_session(std::string& out, std::string_view user, const Session& session);

// The value of a record that moves the time of its partition; decode() reads it.
std::string advance_value(const Advance& advance);

// A late or dead letter as it stands in a file: {"reason","origin","key","value"} and, for dead letters with a field
// to blame, "field". Bytes that are not UTF-8 are written in base64, and "encoding" says so.
void append_envelope(std::string& out, Partition partition, const OutboxRecord& record);

}  // namespace driftcast
