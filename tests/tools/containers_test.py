#!/usr/bin/env python3
"""Holds Dockerfile and docker-compose.yml to what can be known of them where no container engine is.

usage: tests/tools/containers_test.py DRIFTCAST

No image is built: what it is made from, what it installs and what is run in it are compared with the project and with
the program.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from jsonschema import Draft7Validator

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))

import kafka_jars  # noqa: E402

DRIFTCAST = sys.argv.pop()
SCHEMA = Path("/usr/lib/python3/dist-packages/compose/config/compose_spec.json")  # of Debian's docker-compose
UNAVAILABLE = 69
SECONDS = 60
# Where no broker is a command ends once it has understood all of its line.
NOWHERE = ["kafka.brokers=127.0.0.1:1", "kafka.patience=0", "http.listen=127.0.0.1:0"]


def output_of(*command):
    """What it prints; an exit code that is not 0 is none of our business."""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def settings(*values):
    return [word for value in values for word in ("--set", value)]


# --- what the files say ---


def stages():
    """The instructions of every stage, as pairs of name and arguments; the first is its FROM."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M).replace("\\\n", "")
    found = []
    for line in filter(None, text.splitlines()):
        name, arguments = line.split(maxsplit=1)
        if name == "FROM":
            found.append([])
        found[-1].append((name, arguments))
    return found


def said(name):
    """The arguments of the last stage's only instruction of this name."""
    arguments, = (arguments for each, arguments in stages()[-1] if each == name)
    return arguments


def installed():
    """The packages that the image has beyond its base."""
    return [word for word in re.search(r"apt-get install ([^&]*)", said("RUN"))[1].split() if word[0] != "-"]


def health_check():
    return json.loads(said("HEALTHCHECK").partition("CMD")[2])


def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def commands():
    """Of the services that run driftcast, by name."""
    services = compose()["services"].items()
    return {name: shlex.split(service["command"]) for name, service in services if service["image"] == "driftcast"}


# --- what is known of packages ---


def with_what_they_need(packages):
    """The packages and all that comes with them, as far as they are installed here."""
    found, left = set(), set(packages)
    while left:
        found |= left
        depends = output_of("dpkg-query", "-W", "-f", "${Depends},${Pre-Depends},", *left)
        left = set(re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]*)", depends)) - found
    return found


def libraries():
    """Of the program, all those that it loads at its start."""
    return re.findall(r"=> (/\S+)", output_of("ldd", DRIFTCAST))


def owners(library):
    """Packages that hold it; where /lib is /usr/lib, dpkg knows it by either name."""
    lines = output_of("dpkg", "-S", library, f"/usr{library}").splitlines()
    return {line.split(":")[0] for line in lines}


class DockerfileTest(unittest.TestCase):
    def test_every_room_goes_into_the_build(self):
        rooms = set(re.findall(r"^room\((\w+)", (ROOT / "CMakeLists.txt").read_text(), re.M)) | {"core"}
        taken = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
        self.assertGreater(len(rooms), 4)
        self.assertLessEqual(rooms, taken)
        self.assertEqual([name for name in taken if not (ROOT / name).exists()], [])

    def test_what_is_copied_from_here_is_here(self):
        copied = [arguments for stage in stages() for name, arguments in stage if name == "COPY"]
        sources = [arguments.split()[0] for arguments in copied if not arguments.startswith("--from")]
        self.assertGreater(len(sources), 1)
        self.assertEqual([source for source in sources if not (ROOT / source).exists()], [])

    def test_every_library_of_the_program_is_installed(self):
        if shutil.which("dpkg-query") is None:
            self.skipTest("no dpkg here")
        if any(re.search(r"/lib[atu]b?san\.", library) for library in libraries()):
            self.skipTest("a build with sanitizers is not what is shipped")
        there = with_what_they_need(installed())
        self.assertGreater(len(libraries()), 5)
        self.assertEqual([library for library in libraries() if not owners(library) & there], [])

    def test_the_health_check_sees_a_run_that_is_ready_and_one_that_is_not_there(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        job = ["source.path=-", f"sink.dir={scratch.name}/out", "http.listen=127.0.0.1:0"]
        run = subprocess.Popen([DRIFTCAST, "run", *settings(*job)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
        self.addCleanup(run.kill)
        port = re.search(r"http://127.0.0.1:(\d+)", run.stderr.readline())[1]
        check = [word.replace(f"/{said('EXPOSE')} ", f"/{port} ") for word in health_check()]
        self.assertNotEqual(check, health_check())
        deadline = time.monotonic() + SECONDS
        while subprocess.run(check).returncode != 0:
            self.assertLess(time.monotonic(), deadline)
        run.communicate(timeout=SECONDS)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(subprocess.run(check, stderr=subprocess.DEVNULL).returncode, 1)


class ComposeTest(unittest.TestCase):
    def test_the_file_fits_the_specification(self):
        if not SCHEMA.exists():
            self.skipTest("the Compose specification's schema is not here; on Debian: apt-get install docker-compose")
        specification = Draft7Validator(json.loads(SCHEMA.read_text()))
        self.assertEqual([error.message for error in specification.iter_errors(compose())], [])
        damaged = compose()
        damaged["services"]["tail"]["comand"] = damaged["services"]["tail"].pop("command")
        self.assertFalse(specification.is_valid(damaged))

    def test_what_the_file_speaks_of_is_in_it(self):
        if shutil.which("docker-compose") is None:
            self.skipTest("there is no docker-compose here; on Debian: apt-get install docker-compose")
        run = subprocess.run(["docker-compose", "--file", ROOT / "docker-compose.yml", "config", "--quiet"],
                             capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_every_command_is_understood(self):
        self.assertEqual([command[0] for command in commands().values()], ["run", "generate", "tail"])
        with tempfile.TemporaryDirectory() as state, ThreadPoolExecutor() as pool:
            elsewhere = settings(*NOWHERE, f"state.dir={state}")
            lines = [[DRIFTCAST, *command, *elsewhere] for command in commands().values()]
            for run in pool.map(lambda line: subprocess.run(line, capture_output=True, text=True), lines):
                self.assertEqual(run.returncode, UNAVAILABLE, run.stderr)

    def test_the_job_keeps_its_state_and_listens_where_the_image_says(self):
        self.assertIn(f"state.dir={said('VOLUME')}", commands()["driftcast"])
        self.assertIn(f"http.listen=0.0.0.0:{said('EXPOSE')}", commands()["driftcast"])
        job = compose()["services"]["driftcast"]
        self.assertEqual(job["volumes"], [f"state:{said('VOLUME')}"])
        self.assertEqual(job["ports"], [f"127.0.0.1:{said('EXPOSE')}:{said('EXPOSE')}"])

    def test_kafka_is_the_one_of_the_tests_and_has_the_topic_that_is_read(self):
        services = compose()["services"]
        for name in ("kafka", "topics"):
            self.assertEqual(services[name]["image"], f"apache/kafka:{kafka_jars.KAFKA}")
        read = json.loads((ROOT / "config/driftcast.json").read_text())["topics"]["input"]
        self.assertIn(f"--topic {read} ", services["topics"]["command"])


if __name__ == "__main__":
    unittest.main()
