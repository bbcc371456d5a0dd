"""Importing a package with kernels is cheap: in a fresh process, against bare Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMPORT = "import example_pkg.kernels.vector"
HEAVY = {"llvmlite", "setuptools", "numpy", "cuda"}
MOST_SECONDS = 0.015
RUNS = 15


def python(code: str) -> str:
    """What a fresh Python prints; it finds the packages in the tree, and keeps its byte code as usual."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def seconds(code: str) -> float:
    """The processor time of a fresh Python until it has run that: waiting for other processes is no part of it."""
    return float(python(f"{code}\nimport time\nprint(time.process_time())"))


def test_import_loads_nothing_heavy() -> None:
    loaded = python(f"{IMPORT}\nimport sys\nprint(*sys.modules)").split()
    assert "example_pkg.kernels.vector" in loaded
    assert not {name.partition(".")[0] for name in loaded} & HEAVY
    assert not [name for name in loaded if name.startswith(("oxide_build.pipeline", "oxide_build.runtime"))]


def test_import_costs_under_15_ms_of_processor_time() -> None:
    python(IMPORT)
    pairs = [(seconds("pass"), seconds(IMPORT)) for _ in range(RUNS)]
    # The least of each: other work on the machine, which shares the caches, only ever adds.
    bare, imported = map(min, zip(*pairs, strict=True))
    assert imported - bare < MOST_SECONDS, f"{(imported - bare) * 1000:.1f} ms over bare Python"
