#!/usr/bin/env python3
"""Runs a real Apache Kafka on this machine, of one node or of three, for tests and to try things on.

usage: tools/kafka_broker.py start [--nodes 1|3 | --secure] [--port N] [--dir DIR] [--with-parent PID]
       tools/kafka_broker.py start --node N [--dir DIR]     one node of an earlier start again
       tools/kafka_broker.py kill [--node N] [--signal KILL|TERM|STOP|CONT] [--dir DIR]
       tools/kafka_broker.py stop | status [--dir DIR]
       tools/kafka_broker.py allow OPERATION:RESOURCE:NAME... [--dir DIR]      to the user job of a secure node
       tools/kafka_broker.py fetch                          what a start needs, into the cache

`start` returns when every node serves requests, and prints HOST:PORT[,HOST:PORT...] alone on standard output; whatever
else there is to say goes to standard error. It creates a cluster in DIR (default: build/kafka of this project), or
starts what does not run of the one it finds there, with all that it holds, on the ports it had. Ports are free ones;
with --port the nodes' are N, N+1 and N+2. Each node has a folder DIR/node-N with its settings, log, process id and
data. With --with-parent the cluster is killed and its directory removed as soon as that process has ended, however.
With --secure it is one node whose clients speak TLS, log in, and need rights; kafka_security.py says with what. A right
is for example read:topic:events, read:group:shop or write:transactional-id:shop*, the star being at the end only.

Kafka's jars are fetched once, by Maven, into a cache (kafka_jars.py). Needed: Java 17, for that once Maven, and
for a secure node openssl.
Exit codes as in sysexits.h: 64 usage, 69 something needed is not there, 70 a node did not come up.
"""

import argparse
import contextlib
import hashlib
import os
import random
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import kafka_jars
import kafka_security
from kafka_jars import Failure, locked, say

USAGE, UNAVAILABLE, SOFTWARE = os.EX_USAGE, os.EX_UNAVAILABLE, os.EX_SOFTWARE

# Records stay for ever; nothing is created by accident; nodes, groups and transactions that were left are noticed soon
# (a killed node may come back only after its session). The cleaner's buffer is 128 MiB by default, and touched at once.
PROPERTIES = """\
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners={listeners},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners={listeners}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
log.retention.hours=-1
log.cleaner.dedupe.buffer.size=8388608
"""

START_SECONDS = 120  # a start takes two to ten; a busy machine is no reason to fail
STOP_SECONDS = 15    # then SIGKILL
LOG_LINES = 30       # of a node that did not come up
PORTS = range(20000, 32768)  # below those the system gives to clients: a port stays free while its node is down


def wait_for(condition, seconds):
    """True when the condition comes true within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


# --- one node ---


def answer_of(port, request):
    """What the node at this port answers to a request of Kafka's protocol."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection, connection.makefile("rb") as stream:
        connection.sendall(struct.pack(">i", len(request)) + request)
        return stream.read(*struct.unpack(">i", stream.read(4)))


def brokers_seen_at(port):
    """The numbers of the brokers that serve requests, as the one at this port says; none if it does not answer."""
    client = b"driftcast"
    metadata_of_no_topic = struct.pack(f">hhih{len(client)}si?", 3, 4, 0, len(client), client, 0, False)
    try:
        answer = answer_of(port, metadata_of_no_topic)
        brokers = set()
        count, place = *struct.unpack_from(">i", answer, 8), 12
        for _ in range(count):
            number, host_length = struct.unpack_from(">ih", answer, place)
            place += 6 + host_length + 4
            rack_length, = struct.unpack_from(">h", answer, place)
            place += 2 + max(rack_length, 0)
            brokers.add(number)
        return brokers
    except (OSError, struct.error):
        return set()


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def require_free(port):
    if not is_free(port):
        raise Failure(UNAVAILABLE, f"port {port} is taken by another process")


def from_archive():
    """The option of a Java that starts with the archive."""
    return [f"-XX:SharedArchiveFile={kafka_jars.archive()}"] if kafka_jars.archive().exists() else []


class Node:
    def __init__(self, folder):
        self.folder = folder
        self.number = int(folder.name.removeprefix("node-"))
        self.properties = folder / "server.properties"
        self.log = folder / "broker.log"

    def port(self):
        """Of its clients."""
        return self.port_of(r"\w+")

    def open_port(self):
        """The one that asks nobody who they are: that of the clients too, unless the node is secure."""
        return self.port_of(".*PLAINTEXT")

    def port_of(self, listener):
        return int(re.search(rf"^listeners={listener}://127.0.0.1:(\d+)", self.properties.read_text(), re.M)[1])

    def address(self):
        return f"127.0.0.1:{self.port()}"

    def pid(self):
        """Its process, or None. The number in the file may be another process's by now, so that is looked at."""
        try:
            pid = int((self.folder / "pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if b"kafka.Kafka" in command and os.fsencode(self.properties) in command else None

    def runs(self):
        return self.pid() is not None

    def send(self, number, seconds=0):
        """True when it does not run, or has ended within this time of the signal: its ports and files are free then."""
        pid = self.pid()
        if pid is None:
            return True
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            signal.pidfd_send_signal(process, number)
            return select.select([process], [], [], seconds)[0] != []
        except ProcessLookupError:
            return True
        finally:
            os.close(process)

    def kill(self):
        self.send(signal.SIGKILL, STOP_SECONDS)

    def formatting(self, cluster_id):
        """A process that makes its empty data directory, or None."""
        if (self.folder / "data/meta.properties").exists():
            return None
        return self.spawn("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", self.properties,
                          *kafka_security.scram_options(self.folder), options=from_archive())

    def launch(self, options):
        require_free(self.port())
        process = self.spawn("kafka.Kafka", self.properties, options=[*options, f"-Djava.io.tmpdir={self.folder}"])
        (self.folder / "pid").write_text(f"{process.pid}\n")
        wait_for(lambda: self.runs() or process.poll() is not None, 10)  # a command line is empty for a moment

    def spawn(self, main, *arguments, options):
        with self.log.open("ab") as log:
            return subprocess.Popen(kafka_jars.command(main, *arguments, options=options), cwd=self.folder,
                                    start_new_session=True, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=subprocess.STDOUT)

    def failure(self, what):
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES:] if self.log.exists() else []
        return Failure(SOFTWARE, "\n".join([f"node {self.number} {what}; the end of {self.log}:", *lines]))


def end(nodes, seconds):
    """Ends them all at once, by force what takes longer than this."""
    for node in nodes:
        node.send(signal.SIGTERM)
        node.send(signal.SIGCONT)
    deadline = time.monotonic() + seconds
    for node in nodes:
        if not node.send(0, max(0, deadline - time.monotonic())):
            say(f"node {node.number} does not stop, so it is killed")
            node.kill()


# --- the nodes of a directory ---


class Cluster:
    def __init__(self, folder):
        self.folder = Path(folder).resolve()

    def nodes(self):
        return sorted(map(Node, self.folder.glob("node-*")), key=lambda node: node.number)

    def node(self, number):
        for node in self.nodes():
            if node.number == number:
                return node
        raise Failure(USAGE, f"there is no node {number} in {self.folder}")

    def addresses(self):
        return ",".join(node.address() for node in self.nodes())

    def lock(self):
        return locked(self.folder / "lock")

    def create(self, count, first_port, secure=False):
        free = (port for port in random.sample(PORTS, len(PORTS)) if is_free(port))
        ports = [first_port + i if first_port else next(free) for i in range(count)]
        for port in ports:
            require_free(port)
        if secure:
            kafka_security.openssl()
        controllers = {i + 1: next(free) for i in range(count)}
        voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in controllers.items())
        for number, port in enumerate(ports, 1):
            folder = self.folder / f"node-{number}"
            folder.mkdir(parents=True)
            listeners = f"PLAINTEXT://127.0.0.1:{port}"
            if secure:
                listeners = f"SASL_SSL://127.0.0.1:{port},PLAINTEXT://127.0.0.1:{next(free)}"
            properties = PROPERTIES.format(number=number, voters=voters, listeners=listeners,
                                           controller_port=controllers[number], folder=folder, replicas=count,
                                           in_sync=min(2, count))
            properties += kafka_security.secure(folder) if secure else ""
            (folder / "server.properties").write_text(properties)

    def start(self, nodes, options):
        """Starts these nodes and waits until they serve requests; if one does not, none is left running."""
        try:
            self.format(nodes)
            for node in nodes:
                node.launch(options)
            self.await_all(nodes)
        except BaseException:
            for node in nodes:
                node.kill()
            raise

    def format(self, nodes):
        cluster_id = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:22]
        processes = [(node, node.formatting(cluster_id)) for node in nodes]
        for node, process in processes:
            if process is not None and process.wait() != 0:
                raise node.failure("could not be formatted")

    def await_all(self, nodes):
        expected = {node.number for node in nodes}
        deadline = time.monotonic() + START_SECONDS
        for node in nodes:
            ready = wait_for(lambda: expected <= brokers_seen_at(node.open_port()) or not node.runs(),
                             deadline - time.monotonic())
            if not node.runs():
                raise node.failure("has ended")
            if not ready:
                raise node.failure(f"does not serve requests after {START_SECONDS} s")

    def remove(self):
        if not self.folder.is_dir():
            return
        with self.lock():
            for node in self.nodes():
                node.kill()
                shutil.rmtree(node.folder, ignore_errors=True)
            (self.folder / "lock").unlink()
        with contextlib.suppress(OSError):
            self.folder.rmdir()


# --- commands ---


def write_archive(path):
    """By a node that starts and stops."""
    cluster = Cluster(path.parent / "cluster")
    cluster.create(1, None)
    try:
        cluster.start(cluster.nodes(), [f"-XX:ArchiveClassesAtExit={path}"])
    finally:
        end(cluster.nodes(), 3 * STOP_SECONDS)


def fetch(_=None):
    kafka_jars.fetch(write_archive)


def start(options):
    fetch()
    cluster = Cluster(options.dir)
    with cluster.lock():
        if options.with_parent:
            watch_over(cluster, options.with_parent)
        if not cluster.nodes() and not options.node:
            cluster.create(options.nodes or 1, options.port, options.secure)
        wanted = [cluster.node(options.node)] if options.node else cluster.nodes()
        refuse_another_cluster(cluster, options)
        missing = [node for node in wanted if not node.runs()]
        if missing:
            began = time.monotonic()
            say(f"starting {', '.join(f'node {node.number}' for node in missing)} in {cluster.folder}")
            cluster.start(missing, from_archive())
            say(f"started after {time.monotonic() - began:.1f} s")
        else:
            say(f"runs already in {cluster.folder}")
        print(cluster.addresses())


def refuse_another_cluster(cluster, options):
    nodes = cluster.nodes()
    if options.nodes not in (None, len(nodes)) or options.port not in (None, nodes[0].port()):
        raise Failure(USAGE, f"{cluster.folder} holds {len(nodes)} node(s) at {cluster.addresses()}: "
                             "remove it to have another number of them or other ports")
    if options.secure and not kafka_security.is_secure(nodes[0].folder):
        raise Failure(USAGE, f"{cluster.folder} holds a node that is not secure: remove it to have one that is")


def watch_over(cluster, parent):
    subprocess.Popen([sys.executable, __file__, "watch", "--dir", cluster.folder, "--with-parent", str(parent)],
                     start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)


def watch(options):
    """A process of its own, beside the nodes."""
    with contextlib.suppress(ProcessLookupError):
        select.select([os.pidfd_open(options.with_parent)], [], [])
    Cluster(options.dir).remove()


def stop(options):
    running = [node for node in Cluster(options.dir).nodes() if node.runs()]
    end(running, STOP_SECONDS)
    say(f"stopped {len(running)} node(s) in {options.dir}")


def kill(options):
    cluster = Cluster(options.dir)
    for node in [cluster.node(options.node)] if options.node else cluster.nodes():
        if options.signal == "KILL":
            node.kill()
        elif options.signal == "TERM":
            end([node], STOP_SECONDS)
        else:
            node.send(signal.Signals[f"SIG{options.signal}"])


def status(options):
    nodes = Cluster(options.dir).nodes()
    serving = [node.runs() and node.number in brokers_seen_at(node.open_port()) for node in nodes]
    for node, serves in zip(nodes, serving):
        state = f"runs as process {node.pid()}" if node.runs() else "does not run"
        print(f"node {node.number} at {node.address()} {state}" + (" and serves requests" if serves else ""))
    if not nodes or not all(serving):
        raise Failure(UNAVAILABLE, f"{sum(serving)} of {len(nodes)} nodes in {options.dir} serve requests")


def allow(options):
    nodes = Cluster(options.dir).nodes()
    if not nodes or not kafka_security.is_secure(nodes[0].folder):
        raise Failure(USAGE, f"there is no secure node in {options.dir}")
    is_done = kafka_security.allow(options.rights, lambda request: answer_of(nodes[0].open_port(), request))
    if not wait_for(is_done, START_SECONDS):
        raise Failure(SOFTWARE, "the node does not know the rights that it was given")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        raise Failure(USAGE, message)


def port_number(text):
    number = int(text)
    if not 0 < number < 65533:
        raise ValueError
    return number


COMMANDS = {"start": start, "stop": stop, "status": status, "kill": kill, "allow": allow, "fetch": fetch,
            "watch": watch}


def parse(arguments):
    parser = Parser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("rights", nargs="*")
    parser.add_argument("--dir", type=Path, default=Path(__file__).resolve().parent.parent / "build/kafka")
    parser.add_argument("--nodes", type=int, choices=[1, 3])
    parser.add_argument("--node", type=int)
    parser.add_argument("--secure", action="store_true")
    parser.add_argument("--port", type=port_number)
    parser.add_argument("--with-parent", type=int)
    parser.add_argument("--signal", choices=["KILL", "TERM", "STOP", "CONT"], default="KILL")
    options = parser.parse_args(arguments)
    if options.secure and options.nodes not in (None, 1):
        parser.error("--secure is for one node")
    if bool(options.rights) != (options.command == "allow"):
        parser.error("rights are for allow, which needs some")
    return options


def main():
    try:
        options = parse(sys.argv[1:])
        COMMANDS[options.command](options)
        return 0
    except Failure as failure:
        say(f"kafka_broker: {failure}")
        return failure.code
    except OSError as problem:
        say(f"kafka_broker: {problem}")
        return UNAVAILABLE
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
