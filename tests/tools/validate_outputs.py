#!/usr/bin/env python3
"""Holds the files of a run to the schemas in config/schemas, line by line, and to the run's own counters.

usage: tests/tools/validate_outputs.py DIR

Every line of every *.jsonl in DIR must be strict JSON that fits the schema of what it is; ids are unique; the counters
of summary.json add up and agree with the lines. Prints what is wrong and exits 1, or how many of each kind there are.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).resolve().parents[2] / "config/schemas"
KINDS = ["forecast", "drift", "session", "late", "dead-letter", "summary"]
REPORTED = 10  # problems printed of each file


def not_json(name):
    raise ValueError(f"{name} is no JSON")


def unique_members(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError(f"a key twice among {[key for key, _ in pairs]}")
    return members


def strict(text):
    return json.loads(text, parse_constant=not_json, object_pairs_hook=unique_members)


def kind_of(value):
    if isinstance(value, dict) and value.get("type") in ("forecast", "drift", "session"):
        return value["type"]
    return "late" if isinstance(value, dict) and value.get("reason") == "late" else "dead-letter"


def between_its_bounds(value):
    """What a schema cannot say."""
    for horizon in value.get("horizons", []):
        volume = horizon["volume"]
        if not volume["lo"] <= volume["mean"] <= volume["hi"]:
            yield f"mean outside its interval: {volume}"
    if value["type"] == "forecast":
        for name, order in [("purchase", lambda before, after: before <= after),
                            ("churn", lambda before, after: before >= after)]:
            told = [horizon[name] for horizon in value["horizons"] if name in horizon]
            if not all(map(order, told, told[1:])):
                yield f"{name} over ever longer horizons: {told}"
        shares = sum(interest["share"] for interest in value["interests"]) + value["other"]
        if abs(shares - 1) > 1e-4:
            yield f"shares sum up to {shares}"
        if value["as_of"] > value["valid_until"]:
            yield "valid until before it was made"
    if value["type"] == "session":
        if value["start"] > value["end"]:
            yield "ends before it starts"
        for part in ("kinds", "categories"):
            if sum(value[part].values()) != value["events"]:
                yield f"{part} do not sum up to its events"


class Outputs:
    def __init__(self):
        self.validators = {}
        for kind in KINDS:
            schema = strict((SCHEMAS / f"{kind}.schema.json").read_text())
            Draft202012Validator.check_schema(schema)
            self.validators[kind] = Draft202012Validator(schema)
        self.counts = Counter()
        self.ids = set()

    def problems_of_line(self, line):
        try:
            value = strict(line)
        except ValueError as problem:
            yield str(problem)
            return
        kind = kind_of(value)
        self.counts[kind] += 1
        for problem in self.validators[kind].iter_errors(value):
            yield f"{problem.json_path}: {problem.message}"
        if "id" not in value:
            return
        yield from between_its_bounds(value)
        if value["id"] in self.ids:
            yield f"id {value['id']} again"
        self.ids.add(value["id"])

    def problems_of_file(self, path):
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):
            yield f"{path.name}: the last line has no end"
        for number, line in enumerate(content.splitlines(), 1):
            for problem in self.problems_of_line(line.decode()):
                yield f"{path.name}:{number}: {problem}"

    def problems_of_summary(self, path):
        summary = strict(path.read_text())
        for problem in self.validators["summary"].iter_errors(summary):
            yield f"{path.name}: {problem.json_path}: {problem.message}"
        expected = {"forecasts": "forecast", "drift_signals": "drift", "sessions": "session", "late": "late",
                    "dead_letter": "dead-letter"}
        for counter, kind in expected.items():
            if summary[counter] != self.counts[kind]:
                yield f"{path.name}: {counter} is {summary[counter]}, but there are {self.counts[kind]} lines"
        places = summary["processed"] + summary["late"] + summary["duplicate"] + summary["dead_letter"]
        if summary["records"] != places:
            yield f"{path.name}: {summary['records']} records, but {places} in the places they may end in"


def validate(directory):
    """Counts by kind, and the problems found."""
    outputs = Outputs()
    problems = []
    for path in sorted(Path(directory).glob("*.jsonl")):
        problems += list(outputs.problems_of_file(path))[:REPORTED]
    problems += outputs.problems_of_summary(Path(directory) / "summary.json")
    return outputs.counts, problems


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    counts, problems = validate(sys.argv[1])
    print("\n".join(problems) if problems else ", ".join(f"{counts[kind]} {kind}" for kind in KINDS[:-1]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
