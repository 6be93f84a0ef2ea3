"""Run by tests/process/embed.c: leaves a file open and dirty. sys.argv: MODE SCRIPT NAME."""

from __future__ import annotations

import ctypes
import sys

import common

# PyRun_SimpleFile keeps the module's names alive until Python is finalised, if it ever is.
file = common.write(sys.argv[2])
print("done", flush=True)
if sys.argv[0] == "exit":
    ctypes.CDLL(None).exit(7)
