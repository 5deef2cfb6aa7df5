#!/usr/bin/env python3
"""Names models to the program, good ones and others, and asks it to train where it cannot.

usage: tests/tools/model_test.py DRIFTCAST WRITE_MODEL
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

WRITE_MODEL = sys.argv.pop()
DRIFTCAST = sys.argv.pop()
USAGE, DATA, NO_INPUT, UNAVAILABLE, CONFIG = 64, 65, 66, 69, 78
WITHOUT_LIBRARY = {**os.environ, "DRIFTCAST_TORCH_LIBRARY": "/nonexistent"}


def driftcast(*arguments, env=None):
    return subprocess.run([DRIFTCAST, *map(str, arguments)], capture_output=True, text=True, env=env)


class ModelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = Path(cls.scratch.name)
        cls.events = cls.root / "events.jsonl"
        driftcast("generate", "--events", 6000, "--users", 60, "--days", 40, "--seed", 3, "--out", cls.events)
        cls.model = cls.root / "model"
        subprocess.run([WRITE_MODEL, cls.model], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def copy(self):
        copy = self.root / f"copy-{self.id()}"
        shutil.copytree(self.model, copy)
        return copy

    def run_arguments(self, *settings):
        out = self.root / f"out-{self.id()}"
        settings = [f"source.path={self.events}", f"sink.dir={out}", *settings]
        return ["run", *(word for setting in settings for word in ("--set", setting))], out

    def expect(self, code, said, *arguments, env=None):
        run = driftcast(*arguments, env=env)
        self.assertEqual(run.returncode, code, run.stderr)
        for words in said:
            self.assertIn(words, run.stderr)

    def expect_of_model(self, code, said, model, *settings):
        """Of a run, which leaves nothing behind, and of a check alike."""
        arguments, out = self.run_arguments(f"model.dir={model}", *settings)
        self.expect(code, said, *arguments)
        self.assertFalse(out.exists())
        self.expect(code, said, "check", "--set", f"model.dir={model}", *(word for each in settings
                                                                          for word in ("--set", each)))

    def forecasts_of(self, *settings):
        arguments, out = self.run_arguments(*settings)
        self.expect(0, [], *arguments)
        lines = map(json.loads, (out / "interest-forecasts.jsonl").read_text().splitlines())
        return [line for line in lines if line["type"] == "forecast"]

    # --- model directories ---

    def test_a_check_names_the_model(self):
        self.assertIn("model network-1", driftcast("check", "--set", f"model.dir={self.model}").stdout)

    def test_a_directory_that_is_not_there_is_told(self):
        missing = self.root / "nowhere"
        self.expect_of_model(NO_INPUT, [f"'{missing}'", "not there"], missing)

    def test_a_directory_that_lacks_a_file_is_told(self):
        for name in ("model.json", "weights.safetensors"):
            with self.subTest(name):
                copy = self.copy()
                (copy / name).unlink()
                self.expect_of_model(NO_INPUT, [f"'{copy}/{name}'", "No such file"], copy)
                shutil.rmtree(copy)

    def test_a_file_in_the_place_of_a_directory_is_told(self):
        self.expect_of_model(DATA, [f"'{self.events}'", "a model is a directory"], self.events)

    def test_a_broken_document_is_told_with_its_place(self):
        copy = self.copy()
        (copy / "model.json").write_text('{"schema": 2,\n "id": ')
        self.expect_of_model(DATA, [f"{copy}/model.json:2:", "not valid JSON"], copy)

    def test_a_document_of_something_else_is_told(self):
        copy = self.copy()
        (copy / "model.json").write_text('{"architectures": ["LlamaForCausalLM"], "hidden_size": 4096}')
        self.expect_of_model(DATA, [f"'{copy}/model.json' is no model", "schema: is missing"], copy)

    def test_weights_that_were_cut_or_changed_are_told(self):
        weights = (self.model / "weights.safetensors").read_bytes()
        for broken in (weights[:-1], weights[:-1] + bytes([weights[-1] ^ 1]), b""):
            with self.subTest(len(broken)):
                copy = self.copy()
                (copy / "weights.safetensors").write_bytes(broken)
                self.expect_of_model(DATA, [f"{copy}/weights.safetensors"], copy)
                shutil.rmtree(copy)

    def test_a_model_for_other_steps_is_told_with_both_widths(self):
        self.expect_of_model(CONFIG, [f"'{self.model}'", "steps of 1d", "time.step is 1h"], self.model, "time.step=1h")

    def test_horizons_that_the_network_does_not_know_are_forecast_without_it(self):
        warned = driftcast("check", "--set", f"model.dir={self.model}", "--set", "horizons=7,21")
        self.assertEqual(warned.returncode, 0)
        self.assertIn("knows horizons of 7, 14, 30 steps; of 21 the other experts forecast without it", warned.stderr)
        for forecast in self.forecasts_of(f"model.dir={self.model}", "horizons=7,21", "output.explain=true"):
            seven, other = forecast["horizons"]
            self.assertIn("purchase", seven)
            self.assertNotIn("purchase", other)
            self.assertEqual(["lstm" in part for part in forecast["parts"]], [True, False])

    # --- a change of the model ---

    def test_another_model_goes_on_after_a_clean_stop(self):
        other = self.root / "other"
        subprocess.run([WRITE_MODEL, other, "2"], check=True)
        state = f"state.dir={self.root}/state"
        first = self.forecasts_of(f"model.dir={self.model}", state, "source.close=false")
        with self.events.open("a") as events:  # the file has grown
            events.write(json.dumps({"user_id": first[0]["user"], "item_id": "i", "category": "c", "event_type": "view",
                                     "timestamp": first[-1]["as_of"]}) + "\n")
        both = self.forecasts_of(f"model.dir={other}", state)
        self.assertEqual(both[:len(first)], first)
        self.assertEqual({forecast["model"]["id"] for forecast in first}, {"network-1"})
        self.assertEqual({forecast["model"]["id"] for forecast in both[len(first):]}, {"network-2"})

    # --- train, where it cannot ---

    def test_all_that_is_wrong_with_a_training_is_told_at_once(self):
        self.expect(USAGE, ["--events FILE or --topic NAME", "--out", "--split", "--hidden: must be a multiple of 8"],
                    "train", "--split", 0.9, 0.1, "--hidden", 17)
        self.expect(USAGE, ["--events FILE or --topic NAME"], "train", "--events", self.events, "--topic", "t", "--out",
                    self.root / "none")
        self.expect(USAGE, ["standard input can be read only once"], "train", "--events", "-", "--out",
                    self.root / "none")
        self.expect(USAGE, ["--epochs", "0"], "train", "--events", self.events, "--epochs", 0, "--out",
                    self.root / "none")
        self.expect(CONFIG, ["--set kafka.brokers="], "train", "--topic", "t", "--out", self.root / "none")
        self.assertFalse((self.root / "none").exists())

    def test_a_training_without_libtorch_is_told_before_anything_is_read_or_made(self):
        out = self.root / "none"
        self.expect(UNAVAILABLE, ["/nonexistent", "DRIFTCAST_TORCH_LIBRARY"], "train", "--events", self.events, "--out",
                    out, env=WITHOUT_LIBRARY)
        self.assertFalse(out.exists())

    def test_a_model_runs_without_libtorch(self):
        arguments, _ = self.run_arguments(f"model.dir={self.model}")
        self.expect(0, [], *arguments, env=WITHOUT_LIBRARY)


if __name__ == "__main__":
    unittest.main()
