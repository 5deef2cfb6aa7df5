#!/usr/bin/env python3
"""Uses the program wrongly, and sees it say so: what is wrong, where, what is allowed, with an exit code of sysexits.h.

usage: tests/tools/commands_test.py DRIFTCAST
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

DRIFTCAST = sys.argv.pop()
USAGE, NO_INPUT, UNAVAILABLE, CANNOT_CREATE, CONFIG = 64, 66, 69, 73, 78
NOBODY = ["--set", "kafka.brokers=127.0.0.1:1"]  # listens there


def driftcast(*arguments, stdin=""):
    return subprocess.run([DRIFTCAST, *map(str, arguments)], input=stdin, capture_output=True, text=True)


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


class CommandsTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)

    def expect(self, code, said, *arguments, stdin=""):
        run = driftcast(*arguments, stdin=stdin)
        self.assertEqual(run.returncode, code, run.stderr)
        for words in said:
            self.assertIn(words, run.stderr)

    def test_no_command_and_an_unknown_one_are_told(self):
        self.expect(USAGE, ["Subcommands", "run"])
        self.expect(USAGE, ["no command 'frobnicate'"], "frobnicate")

    def test_every_command_explains_itself(self):
        for command in ("run", "generate", "demo", "evaluate", "explain", "check", "describe", "train",
                        "tick", "tail"):
            run = driftcast(command, "--help")
            self.assertEqual(run.returncode, 0)
            self.assertIn("Usage:", run.stdout)
            self.assertIn("Options:", run.stdout)

    def test_the_version_is_told(self):
        self.assertRegex(driftcast("--version").stdout, r"^driftcast \d+\.\d+\.\d+\n$")

    def test_all_problems_of_a_configuration_are_told_at_once(self):
        said = ["did you mean 'lateness'", "allowed are 1 to 256", "2 problems"]
        wrong = ["--set", "time.latness=1h", "--set", "threads=0"]
        self.expect(CONFIG, said, "run", *wrong)
        self.expect(CONFIG, said, "check", *wrong)

    def test_a_broken_configuration_file_is_told_with_its_place(self):
        config = self.root / "config.json"
        config.write_text('{"threads": 2,\n "session": {"gap": "soon"}}')
        self.expect(CONFIG, [f"{config}:2:", "session.gap", "soon"], "check", "--config", config)
        config.write_text('{"threads": 2')
        self.expect(CONFIG, [str(config), "not valid JSON"], "check", "--config", config)

    def test_a_good_configuration_passes_the_check(self):
        self.expect(0, [], "check", "--set", "session.gap=45m")

    def test_what_a_run_lacks_is_told_with_an_example(self):
        self.expect(CONFIG, ["source.path", "sink.dir", "--set source.path="], "run")

    def test_a_missing_input_is_told(self):
        missing = self.root / "nothing.jsonl"
        self.expect(NO_INPUT, [f"'{missing}'", "No such file"], "run", "--set", f"source.path={missing}", "--set",
                    f"sink.dir={self.root}/out")
        self.expect(NO_INPUT, [f"'{missing}'", "No such file"], "evaluate", "--events", missing)

    def test_one_of_three_ways_to_move_time_is_wanted(self):
        said = ["--close", "--to TIME", "--every DURATION"]
        self.expect(USAGE, said, "tick", *NOBODY)
        self.expect(USAGE, said, "tick", *NOBODY, "--close", "--every", "1m")
        self.expect(USAGE, ["--to", "'soon'", "2024-03-01T12:00:00Z"], "tick", *NOBODY, "--to", "soon")
        self.expect(USAGE, ["--to", "'1970-01-01T00:00:00Z'"], "tick", *NOBODY, "--to", "1970-01-01T00:00:00Z")
        self.expect(USAGE, ["--every", "1m"], "tick", *NOBODY, "--every", "0")
        self.expect(USAGE, ["--every", "'1'"], "tick", *NOBODY, "--every", "1")

    def test_only_a_run_on_kafka_that_ends_can_close_its_input(self):
        self.expect(USAGE, ["--close", "--until end"], "run", *NOBODY, "--close")
        self.expect(USAGE, ["--close", "kafka.brokers"], "run", "--close", "--until", "end")

    def test_what_has_no_effect_where_a_run_takes_place_is_told(self):
        for option in ["--until", "end"], ["--create-topics"]:
            self.expect(USAGE, [option[0], "kafka.brokers is empty"], "run", *option, "--set", "source.path=-", "--set",
                        f"sink.dir={self.root}/out")
        self.expect(USAGE, ["--no-close", "is for files"], "run", *NOBODY, "--no-close")
        self.expect(CONFIG, ["sink.dir", "kafka.brokers"], "run", *NOBODY, "--set", f"sink.dir={self.root}/out")

    def test_what_tail_cannot_show_is_told(self):
        self.expect(USAGE, ["--type", "summary", "forecast", "session"], "tail", *NOBODY, "--type", "summary")
        self.expect(USAGE, ["--max", "0"], "tail", *NOBODY, "--max", "0")

    def test_what_works_on_kafka_only_asks_for_brokers(self):
        for command in ["tick", "--close"], ["tail"], ["check", "--kafka"]:
            self.expect(CONFIG, ["--set kafka.brokers="], *command)

    def test_brokers_that_do_not_answer_are_told(self):
        commands = [["tick", "--close"], ["tail"], ["check", "--kafka"]]
        with ThreadPoolExecutor() as pool:
            for run in pool.map(lambda command: driftcast(*command, *NOBODY), commands):
                self.assertEqual(run.returncode, UNAVAILABLE, run.stderr)

    def test_an_option_out_of_range_is_told(self):
        self.expect(USAGE, ["--events", "'-5'", "out of range"], "generate", "--events", "-5")

    def test_a_user_nobody_has_heard_of_is_told_with_some_that_exist(self):
        events = driftcast("generate", "--events", 300, "--users", 5, "--seed", 3).stdout
        out = self.root / "out"
        self.expect(0, [], "run", "--set", "source.path=-", "--set", f"sink.dir={out}", stdin=events)
        self.expect(NO_INPUT, ["'nobody'", "u00000"], "explain", "nobody", "--out", out)

    def test_a_state_of_another_configuration_is_refused(self):
        events = self.root / "events.jsonl"
        driftcast("generate", "--events", 300, "--users", 5, "--seed", 3, "--out", events)
        run = ["run", "--set", f"source.path={events}", "--set", f"sink.dir={self.root}/out", "--set",
               f"state.dir={self.root}/state"]
        self.expect(0, [], *run)
        again = driftcast(*run, "--set", "session.gap=5m")
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("configuration", again.stderr)

    def test_sigterm_drains_commits_and_exits_0(self):
        out = self.root / "out"
        run = subprocess.Popen([DRIFTCAST, "run", "--set", "source.path=-", "--set", f"sink.dir={out}", "--set",
                                f"state.dir={self.root}/state"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        run.stdin.write(driftcast("generate", "--events", 3000, "--users", 20, "--seed", 3).stdout)
        run.stdin.flush()  # and the input stays open
        while not (out / "interest-forecasts.jsonl").exists() or (out / "interest-forecasts.jsonl").stat().st_size == 0:
            self.assertIsNone(run.poll())
        run.send_signal(signal.SIGTERM)
        run.stderr.read()
        self.assertEqual(run.wait(timeout=60), 0)
        self.assertGreater(json.loads((out / "summary.json").read_text())["records"], 0)
        run.stdin.close()

    def test_a_run_serves_metrics_and_probes(self):
        run = subprocess.Popen([DRIFTCAST, "run", "--set", "source.path=-", "--set", f"sink.dir={self.root}/out", "--set",
                                "http.listen=127.0.0.1:0"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
        base = re.search(r"http://127.0.0.1:\d+", run.stderr.readline()).group()
        run.stdin.write(driftcast("generate", "--events", 3000, "--users", 20, "--seed", 3, "--broken", 0).stdout)
        run.stdin.flush()  # and the input stays open
        processed = 0
        while processed == 0:
            self.assertIsNone(run.poll())
            status, metrics = get(f"{base}/metrics")
            self.assertEqual(status, 200)
            processed = float(re.search(r'driftcast_records_total{outcome="processed"} (.*)', metrics).group(1))
        self.assertLessEqual(processed, 3000)
        self.assertEqual(get(f"{base}/livez"), (200, "alive\n"))
        self.assertEqual(get(f"{base}/readyz"), (200, "ready\n"))
        self.assertEqual(get(f"{base}/")[0], 404)
        run.stdin.close()
        run.stderr.read()
        run.stderr.close()
        self.assertEqual(run.wait(timeout=60), 0)

    def test_a_log_in_json_is_json_to_the_last_error(self):
        json_log = ["--set", "log.format=json", "--set", "log.level=debug"]
        missing = self.root / 'no "file"\n'
        runs = [driftcast("run", *json_log),
                driftcast("run", *json_log, "--set", "threads=0", "--set", "session.gap=soon"),
                driftcast("run", *json_log, "--set", f"source.path={missing}", "--set", f"sink.dir={self.root}/out"),
                driftcast("run", *json_log, "--set", "source.path=-", "--set", f"sink.dir={self.root}/out", "--set",
                          "http.listen=127.0.0.1:0")]
        levels = set()
        for run in runs:
            for line in run.stderr.splitlines():
                entry = json.loads(line)
                self.assertEqual([*entry], ["time", "level", "message"])
                levels.add(entry["level"])
        self.assertEqual(levels, {"error", "info"})
        self.assertIn(f"'{missing}'", json.loads(runs[2].stderr)["message"])

    def test_no_log_shows_a_secret(self):
        client = ["security.protocol=sasl_ssl", "sasl.mechanism=PLAIN", "sasl.username=me", "sasl.password=${CANARY}",
                  "debug=all"]
        for more in ("client.rack=r", "ssl.key.password=${CANARY}", "ssl.keystore.password=${CANARY}",
                     "ssl.key.pem=${CANARY}"):
            settings = ["kafka.brokers=127.0.0.1:1", "log.level=trace", "log.format=json",
                        *(f"kafka.client.{each}" for each in [*client, more])]
            run = subprocess.Popen([DRIFTCAST, "run", *(word for each in settings for word in ("--set", each))],
                                   stderr=subprocess.PIPE, text=True, env={**os.environ, "CANARY": "tweet"})
            lines = []
            told = "sasl.password = [redacted]" if more == "client.rack=r" else ""  # by a thread that may come late
            for line in run.stderr:  # to the end, or until it is seen that nobody is there
                lines.append(json.loads(line)["message"])
                if any("Connect to" in each for each in lines) and any(told in each for each in lines):
                    run.kill()
            run.wait()
            run.stderr.close()
            self.assertNotIn("tweet", "\n".join(lines))
            self.assertIn(told, "\n".join(lines))

    def test_an_address_in_use_is_told(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            listen = f"127.0.0.1:{taken.getsockname()[1]}"
            self.expect(CANNOT_CREATE, [f"'{listen}'", "in use"], "run", "--set", "source.path=-", "--set",
                        f"sink.dir={self.root}/out", "--set", f"http.listen={listen}")


if __name__ == "__main__":
    unittest.main()
