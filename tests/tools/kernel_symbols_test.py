#!/usr/bin/env python3
"""The file that is compiled for AVX-512 shows the linker nothing but its kernel.

usage: kernel_symbols_test.py LIBDRIFTCAST_MODELS

An inline function that it shared with other files might be linked for all of them, and stop an older processor.
"""

import subprocess
import sys

MEMBER = "lstm_kernel_avx512.cc.o"
ALLOWED = ["driftcast::kAvx512Kernel"]

listing = subprocess.run(["nm", "-C", "--defined-only", "--extern-only", sys.argv[1]], check=True, capture_output=True,
                         text=True).stdout
sections = dict(section.partition(":\n")[::2] for section in listing.split("\n\n"))
symbols = [line.split(maxsplit=2)[2] for line in sections[MEMBER].splitlines()]
if symbols != ALLOWED:
    sys.exit(f"{MEMBER} defines {symbols}, not only {ALLOWED}")
