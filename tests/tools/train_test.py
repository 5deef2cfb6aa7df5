#!/usr/bin/env python3
"""Trains a small model on made-up events, interrupts it, goes on, and uses what came of it. Needs LibTorch.

usage: tests/tools/train_test.py DRIFTCAST
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

DRIFTCAST = str(Path(sys.argv.pop()).resolve())
CANNOT_CREATE, RESTART = 73, 75
EPOCHS = 12  # long enough that an interruption after the first finds it at work


def driftcast(*arguments, cwd):
    return subprocess.run([DRIFTCAST, *map(str, arguments)], cwd=cwd, capture_output=True, text=True)


def training(*more, events="../events.jsonl", epochs=EPOCHS):
    """The same text in every place: the model's card has it."""
    return ["train", "--events", events, "--out", "model", "--hidden", 16, "--epochs", epochs, *more]


class TrainTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = Path(cls.scratch.name)
        driftcast("generate", "--events", 15000, "--users", 200, "--days", 200, "--seed", 5, "--out", "events.jsonl",
                  cwd=cls.root)
        cls.place = cls.root / "trained"
        cls.place.mkdir()
        cls.trained = driftcast(*training(), cwd=cls.place)
        cls.model = cls.place / "model"

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def new_place(self):
        place = self.root / self.id()
        place.mkdir()
        return place

    def interrupt(self, place, after="  epoch   1:", second_round=False):
        """A training that is told to stop once it has said this, in the second round if so said."""
        run = subprocess.Popen([DRIFTCAST, *map(str, training())], cwd=place, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
        for line in run.stderr:
            if line.startswith(after) and ("with the validation part" in line) == second_round:
                run.send_signal(signal.SIGINT)
                break
        said = run.stderr.read()
        run.stderr.close()
        self.assertEqual(run.wait(timeout=60), RESTART, said)
        self.assertIn("the same command goes on", said)

    def test_a_training_leaves_a_model_and_a_report_and_nothing_else(self):
        self.assertEqual(self.trained.returncode, 0, self.trained.stderr)
        self.assertEqual(sorted(path.name for path in self.model.iterdir()),
                         ["model.json", "report.html", "weights.safetensors"])
        document = json.loads((self.model / "model.json").read_text())
        self.assertEqual((document["id"], document["network"]["hidden"]), ("model", 16))
        for word in ("lstm", "joint", "joint_without_lstm"):
            self.assertIn(word, self.trained.stdout)

    def test_forecasts_of_a_run_name_the_model_and_what_its_network_says(self):
        place = self.new_place()
        run = driftcast("run", "--set", f"model.dir={self.model}", "--set", "source.path=../events.jsonl", "--set",
                        "sink.dir=out", "--set", "output.explain=true", cwd=place)
        self.assertEqual(run.returncode, 0, run.stderr)
        document = json.loads((self.model / "model.json").read_text())
        lines = map(json.loads, (place / "out/interest-forecasts.jsonl").read_text().splitlines())
        forecasts = [line for line in lines if line["type"] == "forecast"]
        self.assertGreater(len(forecasts), 1000)
        for forecast in forecasts:
            self.assertEqual(forecast["model"], {"id": "model", "hash": document["hash"]})
            for horizon, part in zip(forecast["horizons"], forecast["parts"], strict=True):
                self.assertTrue(0 <= horizon["purchase"] <= 1 and 0 <= horizon["churn"] <= 1, horizon)
                self.assertGreaterEqual(part["lstm"], 0)

    def test_an_evaluation_scores_the_network_beside_the_others(self):
        place = self.new_place()
        for settings, there in (["--set", f"model.dir={self.model}"], True), ([], False):
            run = driftcast("evaluate", "--events", "../events.jsonl", "--out", "out", *settings, cwd=place)
            self.assertEqual(run.returncode, 0, run.stderr)
            for stratum in json.loads((place / "out/metrics.json").read_text())["volume"]:
                self.assertEqual("lstm" in stratum["columns"], there)

    def test_interrupted_between_two_epochs_it_goes_on_to_the_very_same_model(self):
        place = self.new_place()
        self.interrupt(place)
        self.assertEqual([path.name for path in (place / "model").iterdir()], ["checkpoint.safetensors"])
        again = driftcast(*training(), cwd=place)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("training the network, from where it was interrupted", again.stderr)
        self.assertNotRegex(again.stderr, "epoch   1: .*validation loss [0-9]")
        for name in ("model.json", "report.html", "weights.safetensors"):
            self.assertEqual((place / "model" / name).read_bytes(), (self.model / name).read_bytes(), name)
        self.assertFalse((place / "model/checkpoint.safetensors").exists())

    def test_interrupted_in_the_second_round_it_goes_on_to_the_very_same_model(self):
        place = self.new_place()
        self.interrupt(place, second_round=True)
        again = driftcast(*training(), cwd=place)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertNotIn("validation loss", again.stderr)
        for name in ("model.json", "report.html", "weights.safetensors"):
            self.assertEqual((place / "model" / name).read_bytes(), (self.model / name).read_bytes(), name)

    def test_a_checkpoint_of_other_events_is_refused_however_alike_they_are(self):
        place = self.new_place()
        self.interrupt(place)
        events = (self.root / "events.jsonl").read_bytes()
        at = events.index(b'"cart"', len(events) // 3)
        (place / "events.jsonl").write_bytes(events[:at] + b'"view"' + events[at + len(b'"cart"'):])
        other = driftcast(*training(events="events.jsonl"), cwd=place)
        self.assertEqual(other.returncode, CANNOT_CREATE, other.stderr)
        self.assertIn("checkpoint of another training", other.stderr)

    def test_interrupted_before_the_first_epoch_it_leaves_nothing(self):
        place = self.new_place()
        self.interrupt(place, after="reading the events")
        self.assertFalse((place / "model").exists())

    def test_what_another_training_left_is_refused_unless_told_to_begin_anew(self):
        place = self.new_place()
        self.interrupt(place)
        checkpoint = (place / "model/checkpoint.safetensors").read_bytes()
        refused = driftcast(*training("--seed", 2), cwd=place)
        self.assertEqual(refused.returncode, CANNOT_CREATE, refused.stderr)
        self.assertIn("--restart", refused.stderr)
        self.assertEqual((place / "model/checkpoint.safetensors").read_bytes(), checkpoint, "nothing is lost by it")
        anew = driftcast(*training("--seed", 2, "--restart"), cwd=place)
        self.assertEqual(anew.returncode, 0, anew.stderr)
        self.assertIn("  epoch   1:", anew.stderr)
        self.assertNotEqual((place / "model/weights.safetensors").read_bytes(),
                            (self.model / "weights.safetensors").read_bytes())

    def test_a_broken_checkpoint_is_told(self):
        place = self.new_place()
        (place / "model").mkdir()
        (place / "model/checkpoint.safetensors").write_bytes(b"half of it")
        broken = driftcast(*training(), cwd=place)
        self.assertEqual(broken.returncode, 65, broken.stderr)
        self.assertIn("model/checkpoint.safetensors", broken.stderr)

    def test_a_file_of_somebody_else_is_not_replaced(self):
        place = self.new_place()
        (place / "model").mkdir()
        (place / "model/model.json").write_text("{}")
        refused = driftcast(*training(), cwd=place)
        self.assertEqual(refused.returncode, CANNOT_CREATE, refused.stderr)
        self.assertEqual((place / "model/model.json").read_text(), "{}")

    def test_a_model_is_replaced_by_the_next_training(self):
        place = self.new_place()
        shutil.copytree(self.model, place / "model")
        again = driftcast(*training(epochs=1), cwd=place)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertNotEqual((place / "model/model.json").read_bytes(), (self.model / "model.json").read_bytes())

    def test_a_second_training_into_the_same_directory_leaves_the_first_alone(self):
        place = self.new_place()
        first = subprocess.Popen([DRIFTCAST, *map(str, training())], cwd=place, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
        self.assertIn("LibTorch", first.stderr.readline())
        first.stderr.readline()  # it is at its first pass
        second = driftcast(*training(), cwd=place)
        self.assertEqual(second.returncode, 77, second.stderr)
        self.assertIn("another process trains into 'model'", second.stderr)
        said = first.stderr.read()
        first.stderr.close()
        self.assertEqual(first.wait(timeout=120), 0, said)

    def test_a_checkpoint_that_no_training_comes_to_is_told(self):
        place = self.new_place()
        self.interrupt(place)
        checkpoint = place / "model/checkpoint.safetensors"
        bytes_of_it = checkpoint.read_bytes()
        self.assertIn(b'"epoch":"1"', bytes_of_it)
        checkpoint.write_bytes(bytes_of_it.replace(b'"epoch":"1"', b'"epoch":"7"'))
        broken = driftcast(*training(), cwd=place)
        self.assertEqual(broken.returncode, 65, broken.stderr)
        self.assertIn("begin anew with --restart", broken.stderr)

    def test_wrong_use_is_told_all_at_once_before_any_work(self):
        place = self.new_place()
        wrong = driftcast(*training("--id", "a b", "--note", "x" * 20000, "--split", "nan", "0.2"), cwd=place)
        self.assertEqual(wrong.returncode, 64, wrong.stderr)
        for word in ("--id", "--note", "--split"):
            self.assertIn(word, wrong.stderr)
        self.assertFalse((place / "model").exists())
        priors = driftcast("train", "--priors", cwd=place)
        self.assertEqual(priors.returncode, 64, priors.stderr)

    def test_a_history_too_short_for_the_longest_horizon_leaves_it_to_the_others(self):
        place = self.new_place()
        driftcast("generate", "--events", 8000, "--users", 120, "--days", 100, "--seed", 6, "--out", "events.jsonl",
                  cwd=place)
        trained = driftcast(*training("--id", "short", events="events.jsonl", epochs=1), cwd=place)
        self.assertEqual(trained.returncode, 0, trained.stderr)
        self.assertIn("30 steps are left to the other models", trained.stdout)
        document = json.loads((place / "model/model.json").read_text())
        self.assertEqual((document["id"], document["network"]["horizons"]), ("short", [7, 14]))
        self.assertIn("--id short", document["card"]["command"])

    def test_too_little_to_learn_from_is_told(self):
        place = self.new_place()
        driftcast("generate", "--events", 300, "--users", 10, "--days", 20, "--out", "few.jsonl", cwd=place)
        refused = driftcast(*training(events="few.jsonl"), cwd=place)
        self.assertEqual(refused.returncode, 65, refused.stderr)
        self.assertIn("too few to see what becomes of a forecast of 7 steps", refused.stderr)
        self.assertRegex(refused.stderr, "training until [0-9-]{10}, validation until [0-9-]{10}")


if __name__ == "__main__":
    unittest.main()
