"""Importing a package with kernels is cheap: in a fresh process, against bare Python."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMPORT = "import example_pkg.kernels.vector"
HEAVY = {"llvmlite", "setuptools", "numpy", "cuda"}
MOST_SECONDS = 0.030
RUNS = 15


def python(code: str) -> str:
    """What a fresh Python prints; it finds the packages in the tree, and keeps its byte code as usual."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def seconds(code: str) -> float:
    started = time.perf_counter()
    python(code)
    return time.perf_counter() - started


def test_import_loads_nothing_heavy() -> None:
    loaded = python(f"{IMPORT}\nimport sys\nprint(*sys.modules)").split()
    assert "example_pkg.kernels.vector" in loaded
    assert not {name.partition(".")[0] for name in loaded} & HEAVY
    assert not [name for name in loaded if name.startswith(("oxide_build.pipeline", "oxide_build.runtime"))]


def test_import_costs_under_30_ms() -> None:
    python(IMPORT)
    pairs = [(seconds("pass"), seconds(IMPORT)) for _ in range(RUNS)]
    # The quickest of each: other work on the machine only ever adds.
    bare, imported = map(min, zip(*pairs, strict=True))
    assert imported - bare < MOST_SECONDS, f"{(imported - bare) * 1000:.1f} ms over bare Python"
