#!/usr/bin/env python3
"""Accuracy of the joint forecast beside its parts: the table of bench/RESULTS.md, one row for each stratum.

usage: bench/accuracy.py [--driftcast PROGRAM] [--horizon STEPS] [--set key=value ...] EVENTS...

Runs `driftcast evaluate` on every file of events. A ratio compares the joint with the best single expert, which is
chosen by hindsight and for each stratum and measure anew; below 1 the joint is better.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

EXPERTS = ("arima", "ewma_slow", "ewma_fast", "seasonal", "tsb", "segment", "lstm")


def evaluate(driftcast, events, settings):
    with tempfile.TemporaryDirectory() as out:
        sets = [argument for setting in settings for argument in ("--set", setting)]
        subprocess.run([driftcast, "evaluate", "--events", events, "--out", out, *sets], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return json.loads((Path(out) / "metrics.json").read_text())


def ratio(columns, measure):
    best = min((columns[name][measure], name) for name in EXPERTS if name in columns)
    return f"{columns['joint'][measure] / best[0]:.3f} ({best[1]})"


def rows(name, metrics, horizon):
    for stratum in metrics["volume"]:
        if stratum["horizon"] != horizon:
            continue
        mature = stratum["interval_after_30_labels"]
        coverage = f"{mature['coverage']:.3f} of {mature['forecasts']}" if mature["forecasts"] else "-"
        yield (name, stratum["stratum"], str(stratum["forecasts"]), ratio(stratum["columns"], "rmse"),
               ratio(stratum["columns"], "log_score"), coverage)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--driftcast", default="build/release/driftcast")
    parser.add_argument("--horizon", type=int, default=7)
    parser.add_argument("--set", action="append", default=[], metavar="key=value")
    parser.add_argument("events", nargs="+")
    arguments = parser.parse_args()
    print("| events | stratum | forecasts | RMSE / best | log score / best | coverage after 30 labels |")
    print("|---|---|---|---|---|---|")
    for events in arguments.events:
        name = Path(events).name.split(".")[0]
        for row in rows(name, evaluate(arguments.driftcast, events, arguments.set), arguments.horizon):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
