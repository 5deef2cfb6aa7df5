#!/usr/bin/env python3
"""Runs the real program on a small generated input and holds everything it wrote to the schemas.

usage: tests/tools/outputs_test.py DRIFTCAST WRITE_MODEL
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from validate_outputs import Outputs, validate

WRITE_MODEL = sys.argv.pop()
DRIFTCAST = sys.argv.pop()


def driftcast(*arguments):
    subprocess.run([DRIFTCAST, *map(str, arguments)], check=True, capture_output=True)


class OutputsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.events = Path(cls.scratch.name) / "events.jsonl.gz"
        driftcast("generate", "--events", 10000, "--users", 200, "--seed", 7, "--days", 30, "--drift-share", 0.3,
                  "--late", 0.01, "--duplicates", 0.005, "--broken", 0.03, "--out", cls.events)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def run_it(self, *settings):
        out = Path(self.scratch.name) / self.id()
        arguments = [argument for setting in settings for argument in ("--set", setting)]
        driftcast("run", "--set", f"source.path={self.events}", "--set", f"sink.dir={out}", *arguments)
        return out

    def test_every_kind_of_output_fits_its_schema(self):
        counts, problems = validate(self.run_it())
        self.assertEqual(problems, [])
        for kind in ("forecast", "drift", "session", "late", "dead-letter"):
            self.assertGreater(counts[kind], 0, kind)

    def forecasts_explained(self, out, horizons):
        """Those of a run with output.explain, once what they explain adds up."""
        forecasts = [json.loads(line) for line in (out / "interest-forecasts.jsonl").read_text().splitlines()]
        explained = [f for f in forecasts if f["type"] == "forecast" and len(f["parts"]) == horizons]
        for forecast in explained:
            for horizon, part in zip(forecast["horizons"], forecast["parts"]):
                self.assertEqual(part["steps"], horizon["steps"])
                mean = sum(weight * part[model] for model, weight in part["weights"].items())
                self.assertAlmostEqual(mean, horizon["volume"]["mean"], delta=1e-4 * max(mean, 1))
        return explained

    def test_explained_forecasts_fit_too(self):
        out = self.run_it("output.explain=true", "threads=1", "horizons=1,90")
        counts, problems = validate(out)
        self.assertEqual(problems, [])
        self.assertEqual(len(self.forecasts_explained(out, 2)), counts["forecast"])

    def test_what_a_network_says_fits_too(self):
        model = Path(self.scratch.name) / "model"
        subprocess.run([WRITE_MODEL, model], check=True)
        out = self.run_it(f"model.dir={model}", "output.explain=true")
        counts, problems = validate(out)
        self.assertEqual(problems, [])
        explained = self.forecasts_explained(out, 3)
        self.assertEqual(len(explained), counts["forecast"])
        for forecast in explained:
            self.assertEqual(forecast["model"]["id"], "network-1")
            for horizon, part in zip(forecast["horizons"], forecast["parts"]):
                self.assertIn("purchase", horizon)
                self.assertIn("churn", horizon)
                self.assertIn("lstm", part)

    def test_purchase_and_churn_fit_where_they_are_coherent(self):
        lines = (self.run_it("horizons=7,14") / "interest-forecasts.jsonl").read_text().splitlines()
        forecast = next(line for line in lines if '"type":"forecast"' in line)

        def problems(*additions):
            value = json.loads(forecast)
            for horizon, addition in zip(value["horizons"], additions):
                horizon.update(addition)
            return "\n".join(Outputs().problems_of_line(json.dumps(value)))

        self.assertEqual(problems({"purchase": 0.25, "churn": 0.5}, {"purchase": 0.25, "churn": 0}), "")
        self.assertEqual(problems({}, {"purchase": 1, "churn": 0.5}), "")
        self.assertIn("1.5 is greater than the maximum", problems({"purchase": 1.5}))
        self.assertIn("-0.5 is less than the minimum", problems({"churn": -0.5}))
        self.assertIn("purchase over ever longer horizons: [0.5, 0]", problems({"purchase": 0.5}, {"purchase": 0}))
        self.assertIn("churn over ever longer horizons: [0, 0.5]", problems({"churn": 0}, {"churn": 0.5}))

    def test_damage_is_seen(self):
        out = self.run_it()
        forecasts = out / "interest-forecasts.jsonl"
        lines = forecasts.read_text().splitlines()[:20]
        for damage, report in [(lines[0].replace('"basis":"cold"', '"basis":"tepid"'), "'tepid' is not one of"),
                               (lines[0].replace('"other":', '"other":NaN,"x":'), "NaN is no JSON"),
                               (lines[0].replace('"user":', '"usher":'), "'user' is a required property"),
                               (lines[0].replace('"flags":[]', '"flags":[],"flags":[]'), "a key twice"),
                               (lines[1], "again")]:
            self.assertNotEqual(damage, lines[0])
            forecasts.write_text("\n".join([damage, *lines[1:]]) + "\n")
            _, problems = validate(out)
            self.assertIn(report, "\n".join(problems))


if __name__ == "__main__":
    unittest.main()
