"""What tools/kafka_broker.py runs: Java, and Apache Kafka's jars in a cache outside the project.

The cache is ${XDG_CACHE_HOME:-~/.cache}/driftcast/kafka-VERSION. What it holds is complete: every file and folder is
made under another name and then renamed. Whoever makes something there holds locked(cache() / "lock").
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

KAFKA = "4.1.1"
SHA256 = "cc103740486a3dac6e1ea7592ee7d3ae8307b7b5ad7f45e8003104a16f2548c2"  # digest() of all jars
COPY_JARS = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
POM = f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>driftcast</groupId>
  <artifactId>broker</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""

# A small machine that starts quickly, and says what troubles it.
JVM = ["-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData",
       "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true",
       "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS"]


class Failure(Exception):
    """Ends the program with this code of sysexits.h, having said why."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def say(message):
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked(path):
    """One process at a time; the lock goes with its process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def needed(program, package):
    path = shutil.which(program)
    if path is None:
        raise Failure(os.EX_UNAVAILABLE, f"there is no {program} here; on Debian: apt-get install {package}")
    return path


def java():
    return needed("java", "openjdk-17-jre-headless")


def cache():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / f"driftcast/kafka-{KAFKA}"


def jars():
    return cache() / "lib"


def archive():
    """Classes as the Java that is here keeps them in memory, which halves the time of a start; may be absent."""
    return cache() / f"classes-{int(Path(java()).resolve().stat().st_mtime)}.jsa"


def command(main, *arguments, options=()):
    """Runs a main class of Kafka."""
    classes = ":".join(map(str, sorted(jars().glob("*.jar"))))
    return [java(), *JVM, *options, "-cp", classes, main, *map(str, arguments)]


def digest(folder):
    """Of the jars' names and contents."""
    lines = [f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}\n" for jar in sorted(folder.glob("*.jar"))]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def fetch_jars():
    say(f"fetching Apache Kafka {KAFKA}, 43 MB")
    with tempfile.TemporaryDirectory(dir=cache(), prefix="fetch-") as folder:
        fetched = Path(folder) / "lib"
        (Path(folder) / "pom.xml").write_text(POM)
        done = subprocess.run([needed("mvn", "maven"), "--batch-mode", "--quiet", COPY_JARS, "-DincludeScope=runtime",
                               f"-DoutputDirectory={fetched}"],
                              cwd=folder, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Failure(os.EX_UNAVAILABLE, f"Maven did not bring the jars:\n{done.stdout.strip()[-2000:]}")
        if digest(fetched) != SHA256:
            raise Failure(os.EX_UNAVAILABLE, f"Maven brought jars with the checksum {digest(fetched)}, not the pinned")
        fetched.rename(jars())


def fetch(write_archive):
    """Makes what is missing. write_archive(path) has a broker write the archive; without one starts take longer."""
    if jars().is_dir() and archive().exists():
        return
    with locked(cache() / "lock"):
        if not jars().is_dir():
            fetch_jars()
        if archive().exists():
            return
        say("preparing quick starts")
        with tempfile.TemporaryDirectory(dir=cache(), prefix="archive-") as folder:
            written = Path(folder) / "classes.jsa"
            try:
                write_archive(written)
                for old in cache().glob("classes-*.jsa"):
                    old.unlink()
                written.rename(archive())
            except (Failure, OSError) as reason:
                say(f"starts will be slow: {reason}")
