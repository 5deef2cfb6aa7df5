#!/usr/bin/env python3
"""Checks that the rooms of the house know only whom they may know.

usage: tools/check_layers.py [ROOT]

Reads the #include lines of every .h and .cc below ROOT (default: this project) and holds them to the tables below.
Prints every violation as file:line: what, and exits 1 if there is one.
"""

import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path

# The arrows: a folder may include itself and these. A file name stands for that file alone.
ARROWS = {
    "core":      [],
    "models":    ["core"],
    "operators": ["core", "models"],
    "state":     ["core"],
    "config":    ["core", "models", "operators/options.h", "state/options.h", "pipeline/options.h"],
    "pipeline":  ["core", "models", "operators", "state", "config"],
    "bench":     ["core", "models", "operators", "state", "config", "pipeline"],
    "tests":     ["core", "models", "operators", "state", "config", "pipeline"],
}

# Likewise inside the pipeline: the main job knows none of the tools around it; main.cc adds the commands.
INNER_ARROWS = {
    "pipeline":            [],
    "pipeline/generator":  ["pipeline"],
    "pipeline/explain":    ["pipeline"],
    "pipeline/evaluation": ["pipeline", "pipeline/generator"],
    "pipeline/training":   ["pipeline", "pipeline/evaluation"],
    "pipeline/commands":   ["pipeline", "pipeline/generator", "pipeline/explain", "pipeline/evaluation",
                            "pipeline/training"],
    "pipeline/main.cc":    ["pipeline", "pipeline/commands"],
}

# Where the headers of others may appear. A header that is neither here nor of the standard library appears nowhere.
OTHERS = {
    "Eigen/*":        ["models/*.cc"],
    "c10/*":          ["models/torch/torch_network.cc"],
    "torch/*":        ["models/torch/learner.cc", "models/torch/torch_network.cc", "models/torch/library.cc",
                       "tests/torch/*", "bench/torch_bench.cc"],
    "rocksdb/*":      ["state/rocksdb_store.cc", "tests/state/*"],
    "nlohmann/*":     ["config/json_reader.cc", "tests/pipeline/*"],
    "oneapi/tbb/*":   ["pipeline/graph_runner.cc"],
    "simdjson.h":     ["pipeline/decode.cc", "pipeline/file_source.cc",
                       # readers of our own outputs
                       "pipeline/evaluation/planted.cc", "pipeline/generator/planted_label.cc", "pipeline/explain/*.cc"],
    "malloc.h":       ["pipeline/memory.h"],
    "zlib.h":         ["pipeline/input_file.cc", "pipeline/lines.cc", "pipeline/text_sink.cc", "tests/*"],
    "librdkafka/*":   ["pipeline/kafka_*.cc", "tests/pipeline/support/kafka_*.cc", "bench/kafka_*.cc"],
    "prometheus/*":   ["pipeline/metrics.cc"],
    "boost/*":        ["pipeline/http_server.cc"],
    "CLI/*":          ["pipeline/*", "bench/kafka_*"],
    "fmt/*":          ["pipeline/*.cc", "tests/*", "bench/*"],
    "spdlog/*":       ["pipeline/*.cc", "tests/*"],
    "gtest/*":        ["tests/*"],
    "gmock/*":        ["tests/*"],
    "rapidcheck*":    ["tests/*"],
    "benchmark/*":    ["bench/*"],
    # the operating system and the processor
    "dlfcn.h":        ["pipeline/torch_library_loader.cc", "tests/torch/*"],
    "fcntl.h":        ["state/*.cc", "config/files.cc", "pipeline/*.cc", "tests/*", "bench/*"],
    "unistd.h":       ["state/*.cc", "config/files.cc", "models/bfloat_kernel_amx.cc", "pipeline/*.cc", "tests/*", "bench/*"],
    "netinet/*":      ["tests/*"],
    "poll.h":         ["pipeline/input_file.cc", "pipeline/kafka_source.cc", "pipeline/commands/command_tail.cc"],
    "sys/*":          ["state/*.cc", "config/files.cc", "models/bfloat_kernel_amx.cc", "pipeline/*.cc", "tests/*", "bench/*"],
    "sanitizer/*":    ["pipeline/hand_over.h"],
    "pthread.h":      ["tests/support/tsan_threads.cc"],
    "threads.h":      ["tests/support/tsan_threads.cc"],
    "cpuid.h":        ["models/bfloat_kernel_amx.cc"],
    "immintrin.h":    ["models/*", "tests/models/*"],
}

# Two absent arrows matter most: neither room even names what the other one is made of.
STRANGERS = [("operators", "state"), ("state", "operators")]

# Below the pipeline nothing asks for the time or for chance, and no number depends on the standard library's hash.
PURE = ["core", "models", "operators", "state", "config"]
# But for this file: how long an epoch took, and how fast a BLAS is, is told to people.
CLOCKS = ["models/torch/stopwatch.h"]
IMPURE = {
    r"\bnow\s*\(": "asks a clock",
    r"\b(time|gettimeofday|clock_gettime)\s*\(": "asks a clock",
    r"\brandom_device\b": "asks for chance",
    r"\bs?rand\s*\(": "asks for chance",
    r"\bstd::hash\b": "hashes as the standard library pleases",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
DEFINES = re.compile(r"^(?:class|struct|enum class|using) (?:\[\[\w+\]\] )?(\w+)\b(?= [:{=]| final)", re.M)
PROSE = re.compile(r"""//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'""", re.S)


def sources(root, folder):
    return sorted(p for p in (root / folder).rglob("*") if p.suffix in (".h", ".cc"))


def code_of(text):
    """The text without comments and literals, its lines where they were."""
    return PROSE.sub(lambda found: "\n" * found.group().count("\n"), text)


def allowed(name, patterns):
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def wrong_include(root, name, quoted, header):
    """What is wrong with this include in the file of this name, or None."""
    folder = name.split("/")[0]
    if quoted:
        if not (root / header).is_file():
            return f'"{header}" is no file of the project: ours are included by their full path'
        if header.split("/")[0] not in [folder, *ARROWS[folder]] and header not in ARROWS[folder]:
            return f"{folder} may not include {header}"
        here, there = name if name in INNER_ARROWS else name.rpartition("/")[0], header.rpartition("/")[0]
        if here in INNER_ARROWS and there in INNER_ARROWS and there not in [here, *INNER_ARROWS[here]]:
            return f"{here} may not include {header}"
        return None
    for pattern, places in OTHERS.items():
        if fnmatchcase(header, pattern):
            return None if allowed(name, places) else f"<{header}> may appear in {', '.join(places)} only"
    standard = re.fullmatch(r"[a-z_]+", header)
    return None if standard else f"<{header}> is not in the table of {Path(__file__).name}"


def check_includes(root, name, text):
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        if include:
            problem = wrong_include(root, name, include.group(1) == '"', include.group(2))
            if problem:
                yield number, problem


def check_words(text, words):
    """`words`: pattern -> what it means to find it."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, meaning in words.items():
            if re.search(pattern, line):
                yield number, meaning


def names_of(root, folder):
    """The types that the headers of a folder define, as words to look for."""
    names = {name for path in sources(root, folder) if path.suffix == ".h" for name in DEFINES.findall(path.read_text())}
    return {rf"\b{name}\b": f"names {name} of {folder}/" for name in sorted(names)}


def violations(root):
    strangers = {folder: names_of(root, other) for folder, other in STRANGERS}
    for folder in ARROWS:
        for path in sources(root, folder):
            name = path.relative_to(root).as_posix()
            text = path.read_text()
            found = [*check_includes(root, name, text)]
            found += check_words(code_of(text), strangers.get(folder, {}))
            if folder in PURE and name not in CLOCKS:
                found += check_words(code_of(text), IMPURE)
            for number, problem in sorted(found):
                yield f"{name}:{number}: {problem}"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    files = sum(len(sources(root, folder)) for folder in ARROWS)
    if files == 0:
        sys.exit(f"check_layers: no sources below {root}")
    problems = [*violations(root)]
    print("\n".join([*problems, f"{files} files, {len(problems)} violations"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
