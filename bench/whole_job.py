#!/usr/bin/env python3
"""Speed of the whole job: rows of bench/RESULTS.md.

usage: bench/whole_job.py [--driftcast PROGRAM] [--runs N] [--set key=value ...] [--model DIR] EVENTS...

Runs `driftcast run` several times on every file of events, into a directory that is thrown away, and prints the run with
the median CPU time, the spread of the CPU time, and where it goes. With a model directory, runs with and without it take
turns, and what is printed is what the network costs.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def run(driftcast, events, settings):
    with tempfile.TemporaryDirectory() as out:
        sets = [argument for setting in (f"source.path={events}", f"sink.dir={out}", *settings)
                for argument in ("--set", setting)]
        told = subprocess.run([driftcast, "run", *sets], check=True, capture_output=True, text=True)
        summary = json.loads((Path(out) / "summary.json").read_text())
        memory = re.search(r"peak memory (\d+) MiB", told.stdout + told.stderr)
        return summary | {"memory": memory.group(1)}


def row(name, runs):
    runs.sort(key=lambda summary: summary["cpu_s"])
    median = runs[len(runs) // 2]
    spread = (runs[-1]["cpu_s"] - runs[0]["cpu_s"]) / median["cpu_s"]
    places = sorted(median["stage_cpu_s"].items(), key=lambda place: -place[1])
    where = ", ".join(f"{stage} {100 * seconds / median['cpu_s']:.0f} %" for stage, seconds in places)
    return (name, f"{median['records'] / median['wall_s']:,.0f}", f"{median['steps'] / median['wall_s']:,.0f}",
            f"{1e6 * median['cpu_s'] / median['records']:.2f} (spread {100 * spread:.0f} %)",
            f"{1e6 * median['cpu_s'] / median['steps']:.2f}", median["memory"], where)


def cost(runs):
    times = sorted(1e6 * summary["cpu_s"] / summary["records"] for summary in runs)
    return times[len(times) // 2], f"{times[len(times) // 2]:.1f} ({times[0]:.1f} to {times[-1]:.1f})"


def print_rows(arguments):
    print("| events | events/s | steps/s | CPU us/event | CPU us/step | peak MiB | CPU spent in |")
    print("|---|---|---|---|---|---|---|")
    for events in arguments.events:
        runs = [run(arguments.driftcast, events, arguments.set) for _ in range(arguments.runs)]
        print("| " + " | ".join(row(name_of(events), runs)) + " |", flush=True)


def print_costs_of(model, arguments):
    print("| events | CPU us/event with the network | without | ratio of the medians, of each pair of runs |")
    print("|---|---|---|---|")
    for events in arguments.events:
        pairs = [[run(arguments.driftcast, events, [*arguments.set, *more]) for more in ([f"model.dir={model}"], [])]
                 for _ in range(arguments.runs)]
        ratios = sorted(with_it["cpu_s"] / without["cpu_s"] for with_it, without in pairs)
        (median, told), (base, told_base) = (cost(runs) for runs in zip(*pairs))
        print(f"| {name_of(events)} | {told} | {told_base} | {median / base:.2f}, {ratios[0]:.2f} to {ratios[-1]:.2f} |",
              flush=True)


def name_of(events):
    return Path(events).name.split(".")[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--driftcast", default="build/release/driftcast")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--set", action="append", default=[], metavar="key=value")
    parser.add_argument("--model", metavar="DIR")
    parser.add_argument("events", nargs="+")
    arguments = parser.parse_args()
    if arguments.model:
        print_costs_of(arguments.model, arguments)
    else:
        print_rows(arguments)


if __name__ == "__main__":
    sys.exit(main())
