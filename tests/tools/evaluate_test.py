#!/usr/bin/env python3
"""Scores the published forecasts of a run anew, from the events alone, and compares with what `driftcast evaluate` says.

usage: tests/tools/evaluate_test.py DRIFTCAST

The twin shares nothing with the program but the published lines and the input.
"""

import gzip
import json
import math
import subprocess
import sys
import tempfile
import unittest
from collections import defaultdict
from datetime import datetime, timezone
from pathlib import Path

DRIFTCAST = sys.argv.pop()
DAY = 86_400_000


def driftcast(*arguments):
    subprocess.run([DRIFTCAST, *map(str, arguments)], check=True, capture_output=True)


def millis(text):
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp() * 1000)


class Twin:
    """Counts by user and day of the accepted events; which days have closed, by the rules of time."""

    def __init__(self, lines, refused):
        self.counts = defaultdict(lambda: defaultdict(int))
        newest = 0
        for place, line in enumerate(lines):
            if place in refused:
                continue
            event = json.loads(line)
            at = event["timestamp"] if isinstance(event["timestamp"], int) else millis(event["timestamp"])
            newest = max(newest, at)
            self.counts[event["user_id"]][at // DAY] += 1
        self.last_closed = newest // DAY  # source.close: the input's end closes the newest day

    def sum(self, user, first, days):
        return sum(self.counts[user].get(day, 0) for day in range(first, first + days))


class EvaluateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        root = Path(cls.scratch.name)
        events = root / "events.jsonl.gz"
        labels = root / "labels.jsonl"
        driftcast("generate", "--events", 6000, "--users", 60, "--seed", 11, "--days", 70, "--late", 0.01,
                  "--duplicates", 0.01, "--broken", 0.01, "--drift-share", 0.3, "--out", events, "--labels", labels)
        out = root / "evaluation"
        # One partition: its watermark is that of the whole input.
        driftcast("evaluate", "--events", events, "--labels", labels, "--out", out, "--set", "source.partitions=1")
        cls.metrics = json.loads((out / "metrics.json").read_text())
        refused = set()
        for name in ("interest-events-late", "interest-events-dlq"):
            for line in (out / f"{name}.jsonl").read_text().splitlines():
                refused.add(json.loads(line)["origin"]["offset"])
        with gzip.open(events, "rt", errors="replace") as file:
            lines = file.read().split("\n")[:-1]
        seen = set()
        for place, line in enumerate(lines):
            if place in refused:
                continue
            identity = json.loads(line).get("event_id")
            if identity in seen:
                refused.add(place)
            elif identity:
                seen.add(identity)
        cls.twin = Twin(lines, refused)
        cls.forecasts = [forecast for forecast in map(json.loads, (out / "interest-forecasts.jsonl").read_text().splitlines())
                         if forecast["type"] == "forecast"]

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def scored(self, horizon):
        """(outcome, mean, lo, hi, last day's count) of every forecast whose outcome became known."""
        for forecast in self.forecasts:
            user = forecast["user"]
            first = millis(forecast["as_of"]) // DAY
            if first + horizon - 1 > self.twin.last_closed:
                continue
            volume = next(h["volume"] for h in forecast["horizons"] if h["steps"] == horizon)
            yield (self.twin.sum(user, first, horizon), volume["mean"], volume["lo"], volume["hi"],
                   self.twin.sum(user, first - 1, 1))

    def total(self, column, measure):
        strata = [s for s in self.metrics["volume"] if s["horizon"] == 7]
        power = 2 if measure == "rmse" else 1
        return sum(s["forecasts"] * s["columns"][column][measure] ** power for s in strata)

    def test_as_many_forecasts_are_scored_as_have_met_their_outcome(self):
        strata = [s for s in self.metrics["volume"] if s["horizon"] == 7]
        self.assertEqual(sum(s["forecasts"] for s in strata), len(list(self.scored(7))))
        self.assertGreater(len(list(self.scored(7))), 1000)

    def test_errors_of_the_joint_and_of_naive_forecasts_are_those_counted_anew(self):
        scored = list(self.scored(7))
        for column, forecast in [("joint", lambda mean, last: mean), ("zero", lambda mean, last: 0),
                                 ("random_walk", lambda mean, last: 7 * last)]:
            errors = [y - forecast(mean, last) for y, mean, _, _, last in scored]
            self.assertAlmostEqual(self.total(column, "mae") / sum(map(abs, errors)), 1, delta=2e-3, msg=column)
            self.assertAlmostEqual(math.sqrt(self.total(column, "rmse") / sum(e * e for e in errors)), 1, delta=2e-3,
                                   msg=column)

    def test_coverage_is_that_of_the_published_bounds(self):
        covered = sum(lo <= y <= hi for y, _, lo, hi, _ in self.scored(7))
        strata = [s for s in self.metrics["volume"] if s["horizon"] == 7]
        told = sum(s["interval"]["coverage"] * s["interval"]["forecasts"] for s in strata)
        self.assertAlmostEqual(told, covered, delta=0.5)

    def test_planted_drifts_are_scored(self):
        drift = self.metrics["drift"]
        self.assertGreater(drift["mix"]["planted"], 0)
        self.assertGreater(drift["mix"]["found"], 0)
        self.assertLessEqual(drift["mix"]["found"], drift["mix"]["planted"])


if __name__ == "__main__":
    unittest.main()
