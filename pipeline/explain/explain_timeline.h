// Timeline: which columns of a picture stand for which steps: history on the left, a seam, the forecast on the right.
#pragma once

#include "core/time.h"
#include "pipeline/explain/trajectory.h"

namespace driftcast {

struct Timeline {
  Step now = 0;  // first step of the forecast
  Step per_column = 1;
  int left = 0;     // first column of the history
  int history = 0;  // columns of it
  int ahead = 0;    // columns of the forecast

  int seam() const { return left + history; }
  int right() const { return seam() + 1; }  // first column of the forecast
  Step begin() const { return step_at(left); }
  // First step that a column left of the seam stands for.
  Step step_at(int column) const { return now - (seam() - column) * per_column; }
  // The column of a step before `now`; left of `left` when it is too old to be shown.
  int column_of(Step step) const;
};

// As much of the history as fits: at least three times the longest horizon, if there is as much, for which a column
// takes several steps if it must. Columns begin at `left`; right of the seam there are at least `notes`.
Timeline timeline_of(const Activity& activity, int longest_horizon, int left, int notes, int columns);

}  // namespace driftcast
