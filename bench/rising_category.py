#!/usr/bin/env python3
"""Is the rise of a category seen that is known from outside? A row of bench/RESULTS.md.

usage: bench/rising_category.py [--driftcast PROGRAM] [--window EVENTS] --category NAME EVENTS

A user's share of the category passes 20 % where a fifth of some 200 consecutive events (--window) are of it, none of which
are among the user's first 200; it rises where it began lower. The shorter the window, the more pass by chance. Counts the users for whom some drift signal names the category as
rising, among those that began below 5, 10 and 20 %.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

BAR = 0.2


def histories(path, category):
    """user -> for each event whether it is of the category."""
    users = defaultdict(list)
    with gzip.open(path, "rt") if path.endswith(".gz") else open(path) as lines:
        for event in map(json.loads, lines):
            users[event["user_id"]].append(event["category"].endswith(category))
    return users


def passes(history, window):
    begins = range(window, len(history) - window + 1)
    return any(sum(history[begin:begin + window]) >= BAR * window for begin in begins)


def signalled(driftcast, path, category):
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([driftcast, "run", "--set", f"source.path={path}", "--set", f"sink.dir={out}"], check=True,
                       capture_output=True)
        with open(Path(out) / "interest-forecasts.jsonl") as lines:
            signals = [json.loads(line) for line in lines if '"type":"drift"' in line]
    return {signal["user"] for signal in signals if any(rise["category"].endswith(category) for rise in signal["rising"])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--driftcast", default="build/release/driftcast")
    parser.add_argument("--category", required=True, help="how its name ends")
    parser.add_argument("--window", type=int, default=200, metavar="EVENTS")
    parser.add_argument("events")
    arguments = parser.parse_args()
    window = arguments.window
    users = {user: history for user, history in histories(arguments.events, arguments.category).items()
             if passes(history, window)}
    seen = signalled(arguments.driftcast, arguments.events, arguments.category)
    for bound in (0.05, 0.1, BAR):
        began = {user for user, history in users.items() if sum(history[:window]) < bound * window}
        print(f"began below {bound:.0%}: {len(began & seen)} of {len(began)} signalled")


if __name__ == "__main__":
    sys.exit(main())
