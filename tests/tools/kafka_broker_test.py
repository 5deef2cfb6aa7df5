#!/usr/bin/env python3
"""Runs tools/kafka_broker.py with a Java and a Maven of the test's own. With a real Kafka it runs in the test kafka."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))

import kafka_jars  # noqa: E402

# Formats nothing, then serves one request: that for metadata. All nodes of its cluster are said to be there.
JAVA = f"""#!{sys.executable}
import os, pathlib, re, signal, socket, struct, sys
if "kafka.Kafka" not in sys.argv:
    sys.exit()
if "LAST_WORDS" in os.environ:
    sys.exit(os.environ["LAST_WORDS"])
def stop(*_):
    for archive in re.findall("ArchiveClassesAtExit=(.*)", "\\n".join(sys.argv)):
        pathlib.Path(archive).touch()
    sys.exit()
signal.signal(signal.SIGTERM, stop)
settings = pathlib.Path(sys.argv[-1]).read_text()
port, = re.findall("^listeners=.*PLAINTEXT://127.0.0.1:([0-9]+)", settings, re.M)
nodes = [int(number) for number in re.findall("([0-9]+)@", settings)]
answer = struct.pack(">iii", 0, 0, len(nodes))
for node in nodes:
    answer += struct.pack(">ih9sih4s", node, 9, b"127.0.0.1", 1, 4, b"rack")
server = socket.create_server(("127.0.0.1", int(port)))
while True:
    client, _ = server.accept()
    client.recv(100)
    client.sendall(struct.pack(">i", len(answer)) + answer)
    client.close()
"""

# Brings one jar, and notes that it was asked.
MAVEN = f"""#!{sys.executable}
import os, pathlib, sys
with open(os.environ["ASKED"], "a") as asked:
    asked.write("again\\n")
if "MAVEN_FAILS" in os.environ:
    sys.exit("cannot resolve host")
for argument in sys.argv:
    if argument.startswith("-DoutputDirectory="):
        lib = pathlib.Path(argument.split("=")[1])
        lib.mkdir()
        (lib / "kafka.jar").write_text("of Kafka")
"""

# The tool, but for the jar above.
TOOL = "import sys, kafka_broker, kafka_jars; kafka_jars.SHA256 = '{}'; sys.exit(kafka_broker.main())"


class KafkaBrokerTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.root = Path(self.scratch.name)
        self.dir = self.root / "brokers"
        self.asked = self.root / "asked"
        for name, text in (("java", JAVA), ("mvn", MAVEN)):
            program = self.root / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(text)
            program.chmod(0o755)
        (self.root / "jar").mkdir()
        (self.root / "jar/kafka.jar").write_text("of Kafka")
        self.sha256 = kafka_jars.digest(self.root / "jar")
        self.environment = {"PATH": str(self.root / "bin"), "XDG_CACHE_HOME": str(self.root / "cache"),
                            "PYTHONPATH": str(ROOT / "tools"), "ASKED": str(self.asked)}

    def tearDown(self):
        if self.dir.exists():
            self.tool("kill", "--dir", self.dir)
        self.scratch.cleanup()

    def begin(self, *arguments, **environment):
        return subprocess.Popen([sys.executable, "-c", TOOL.format(self.sha256), *map(str, arguments)], text=True,
                                env=self.environment | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def tool(self, *arguments, **environment):
        """Exit code, what it printed, and what it said."""
        process = self.begin(*arguments, **environment)
        printed, said = process.communicate(timeout=60)
        return process.returncode, printed, said

    def start(self, *arguments):
        """The addresses, which are all that is printed."""
        code, printed, said = self.tool("start", "--dir", self.dir, *arguments)
        self.assertEqual(code, 0, said)
        self.assertRegex(printed, r"\A127\.0\.0\.1:\d+(,127\.0\.0\.1:\d+)*\n\Z")
        return printed.strip().split(",")

    def pid(self, node):
        return int((self.dir / f"node-{node}/pid").read_text())

    def status(self):
        """Of every node: does it serve?"""
        return [line.endswith("serves requests") for line in self.tool("status", "--dir", self.dir)[1].splitlines()]

    def expect_failure(self, code, why, *arguments, **environment):
        found, printed, said = self.tool(*arguments, **environment)
        self.assertEqual((found, printed), (code, ""), said)
        self.assertIn(why, said)

    def test_a_broker_that_runs_is_not_started_again(self):
        address = self.start()
        pid = self.pid(1)
        self.assertEqual(self.start(), address)
        self.assertEqual(self.pid(1), pid)
        self.assertEqual(self.status(), [True])

    def test_a_broker_comes_back_at_its_address(self):
        address = self.start()
        self.tool("stop", "--dir", self.dir)
        self.assertEqual(self.status(), [False])
        self.assertEqual(self.start(), address)

    def test_two_starts_at_once_make_one_broker(self):
        starts = [self.begin("start", "--dir", self.dir) for _ in range(2)]
        addresses = {process.communicate(timeout=60)[0] for process in starts}
        self.assertEqual(len(addresses), 1)
        self.assertEqual([process.returncode for process in starts], [0, 0])

    def test_of_three_nodes_one_is_killed_and_comes_back(self):
        addresses = self.start("--nodes", 3)
        self.assertEqual(len(set(addresses)), 3)
        self.tool("kill", "--node", 2, "--dir", self.dir)
        self.assertEqual(self.status(), [True, False, True])
        self.assertEqual(self.start("--node", 2), addresses)
        self.assertEqual(self.status(), [True, True, True])

    def test_the_ports_begin_where_they_are_told_to(self):
        port, = re.findall(r"\d+$", self.start()[0])
        self.tool("stop", "--dir", self.dir)
        (self.dir / "node-1").rename(self.root / "away")
        self.assertEqual(self.start("--port", port), [f"127.0.0.1:{port}"])

    def test_a_port_that_is_taken_is_named(self):
        port, = re.findall(r"\d+$", self.start()[0])
        self.expect_failure(69, f"port {port} is taken", "start", "--port", port, "--dir", self.root / "another")

    def test_a_stopped_broker_is_stopped_all_the_same(self):
        self.start()
        self.tool("kill", "--signal", "STOP", "--dir", self.dir)
        self.tool("stop", "--dir", self.dir)
        self.assertEqual(self.status(), [False])

    def test_a_process_that_is_no_broker_is_left_alone(self):
        self.start()
        broker = self.pid(1)
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
            (self.dir / "node-1/pid").write_text(str(stranger.pid))
            self.tool("stop", "--dir", self.dir)
            self.tool("kill", "--dir", self.dir)
            self.assertIsNone(stranger.poll())
            stranger.kill()
        (self.dir / "node-1/pid").write_text(str(broker))
        self.assertEqual(self.status(), [True])

    def test_a_broker_that_ends_at_once_leaves_its_last_words(self):
        self.expect_failure(70, "no space left", "start", "--dir", self.dir, LAST_WORDS="no space left")

    def test_brokers_and_their_directory_go_with_their_parent_even_when_it_is_killed(self):
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as parent:
            self.start("--with-parent", parent.pid)
            broker = self.pid(1)
            parent.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 30
        while self.dir.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertFalse(self.dir.exists())
        self.assertFalse(Path(f"/proc/{broker}/cmdline").exists() and Path(f"/proc/{broker}/cmdline").read_bytes())

    def test_a_secure_broker_leaves_its_authority_and_passwords_for_its_clients(self):
        (self.root / "bin/openssl").symlink_to(shutil.which("openssl"))
        address, = self.start("--secure")
        node = self.dir / "node-1"
        certified = subprocess.run(["openssl", "verify", "-CAfile", node / "ca.pem", "-verify_ip", "127.0.0.1",
                                    node / "node.pem"], capture_output=True, text=True)
        self.assertEqual(certified.returncode, 0, certified.stderr)
        settings = (node / "server.properties").read_text()
        self.assertIn(f"listeners=SASL_SSL://{address},PLAINTEXT://127.0.0.1:", settings)
        passwords = [(node / "users" / user).read_text() for user in ("admin", "job")]
        self.assertEqual(len(set(passwords)), 2)
        for user, password in zip(("admin", "job"), passwords):
            self.assertIn(f'user_{user}="{password}"', settings)
        self.assertEqual(self.status(), [True])
        self.assertEqual(self.start(), [address])
        self.expect_failure(64, "'read:topics:events' is not", "allow", "read:topics:events", "--dir", self.dir)

    def test_a_broker_is_not_made_secure_afterwards(self):
        self.start()
        self.expect_failure(64, "not secure", "start", "--secure", "--dir", self.dir)
        self.expect_failure(64, "no secure node", "allow", "read:topic:events", "--dir", self.dir)

    def test_without_openssl_its_package_is_named(self):
        self.expect_failure(69, "apt-get install openssl", "start", "--secure", "--dir", self.dir)
        self.start()

    def test_what_is_there_is_not_made_another_cluster(self):
        self.start()
        self.expect_failure(64, "holds 1 node(s)", "start", "--nodes", 3, "--dir", self.dir)
        self.expect_failure(64, "holds 1 node(s)", "start", "--port", 1, "--dir", self.dir)
        self.expect_failure(64, "no node 2", "start", "--node", 2, "--dir", self.dir)

    def test_what_cannot_be_understood_is_refused(self):
        self.expect_failure(64, "usage:")
        self.expect_failure(64, "invalid choice", "begin")
        self.expect_failure(64, "invalid choice", "start", "--nodes", 2)
        self.expect_failure(64, "one node", "start", "--nodes", 3, "--secure")
        self.expect_failure(64, "needs some", "allow")
        self.expect_failure(64, "are for allow", "start", "read:topic:events")

    def test_without_java_its_package_is_named(self):
        (self.root / "bin/java").unlink()
        self.expect_failure(69, "apt-get install openjdk-17-jre-headless", "start", "--dir", self.dir)

    def test_jars_are_fetched_once_also_when_two_need_them(self):
        fetches = [self.begin("fetch") for _ in range(2)]
        said = "".join(process.communicate(timeout=60)[1] for process in fetches)
        self.assertEqual([process.returncode for process in fetches], [0, 0], said)
        self.tool("fetch")
        self.assertEqual(self.asked.read_text(), "again\n")
        names = sorted(path.name for path in (self.root / "cache/driftcast").glob("*/*"))
        self.assertEqual([re.sub(r"\d+", "N", name) for name in names], ["classes-N.jsa", "lib", "lock"])

    def test_a_fetch_that_fails_leaves_nothing_and_is_tried_again(self):
        self.expect_failure(69, "cannot resolve host", "fetch", MAVEN_FAILS="yes")
        self.assertEqual(self.tool("fetch")[0], 0)

    def test_jars_of_another_checksum_are_refused(self):
        self.sha256 = "0" * 64
        self.expect_failure(69, "not the pinned", "fetch")
        self.assertFalse([*(self.root / "cache").glob("*/*/lib")])

    def test_without_an_archive_a_start_only_takes_longer(self):
        code, _, said = self.tool("fetch", LAST_WORDS="no archive")
        self.assertEqual(code, 0)
        self.assertIn("starts will be slow", said)
        self.assertEqual(len(self.start()), 1)


if __name__ == "__main__":
    unittest.main()
