// The model directory: model.json says what the model is, weights.safetensors holds its network's numbers.
//
// A directory comes from elsewhere: nothing in it is believed or run. Sizes are capped, the files' sizes and hashes,
// every shape and every number are checked, and so is the hash of the whole before anything is handed out. The hashes
// are no signatures: they find what was broken or changed by hand, not who wrote it.
#pragma once

#include <string>

#include "config/model_files.h"
#include "core/result.h"

namespace driftcast {

// The model in a directory, with its hash. kNoInput: it, or a file of it, is not there. kData: it is broken; the
// message holds all that is wrong with the first file that is.
Result<ModelFiles> read_model(const std::string& dir);

// Writes the model, and seals it: its hash is computed, whatever `files` says. The directory is made if need be. Each
// file is replaced as a whole, the weights first, model.json last: a crash between the two leaves a directory that is
// refused, never a model of both. kData: such a model would not be read, and nothing is written. kCannotCreate: see
// may_write_model.
Result<void> write_model(const std::string& dir, const ModelFiles& files);

// Whether write_model would write such a model: all but its network's numbers. kData: all that is wrong.
Result<void> check_model(const std::string& dir, const ModelFiles& files);

// Whether write_model would write there: the names of its two files are free, or are its own. For those who work long
// before they write. kCannotCreate: a file of somebody else's, which is never replaced.
Result<void> may_write_model(const std::string& dir);

}  // namespace driftcast
