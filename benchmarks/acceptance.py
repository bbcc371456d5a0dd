"""What an installed `example_pkg` does on this machine's GPU: right, clean, and with which versions.

In: the wheels of oxide-build and example_pkg, installed where this Python finds them, and a GPU. Out: one JSON
document on standard output (or in `--out`): device, driver, versions; every kernel at every size of its case against
a float64 reference; what compute-sanitizer says of the demo; the closing line of `pytest -m gpu`. Exit status 1 when
anything is wrong.

    python benchmarks/acceptance.py --tests DIRECTORY --out benchmarks/results/acceptance.json

It is the installed wheel that is asked: built with `-C oxide.emit=ptx,cubin`, its cubins are what runs
(`benchmarks/results/acceptance_cubins.json`).
"""

from __future__ import annotations

import argparse
import datetime
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import measurement
import numpy as np

from example_pkg.demo.cases import CASES, Case
from example_pkg.demo.devices import run_on_gpu

TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")


def check_kernel(case: Case, random: np.random.Generator) -> dict[str, Any]:
    """The largest error of one kernel over all its sizes, each with fresh inputs."""
    errors = {}
    for size in (*case.tried, case.shown):
        launch = case.make(random, size)
        errors["x".join(map(str, size))] = case.measure(run_on_gpu(case.kernel, launch), launch.expected)
    image = case.kernel.image
    worst = max(errors.values(), key=lambda error: float("inf") if np.isnan(error) else error)
    return {
        "kernel": case.name,
        "image": f"{image.target} {image.kind}",
        "sizes": len(errors),
        "worst_error": worst,
        "tolerance": case.tolerance,
        "ok": bool(worst <= case.tolerance),
    }


def sanitize(tool: str) -> dict[str, Any]:
    """One tool of compute-sanitizer over the demo."""
    program = shutil.which("compute-sanitizer")
    if program is None:
        return {"tool": tool, "ok": None, "said": "compute-sanitizer is not installed"}
    with tempfile.TemporaryDirectory() as directory:
        demo = [sys.executable, "-m", "example_pkg.demo", "--picture", str(Path(directory) / "picture.png")]
        command = [program, "--tool", tool, "--error-exitcode", "9", *demo]
        done = subprocess.run(command, capture_output=True, text=True)
    said = [line.lstrip("= ") for line in done.stdout.splitlines() if "SUMMARY" in line]
    return {"tool": tool, "ok": done.returncode == 0, "said": said[-1] if said else done.stderr[-500:]}


def run_tests(directory: Path) -> dict[str, Any]:
    """`pytest -m gpu` over a copy of the tests, away from the tree, so that the installed packages are tested."""
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-n", "8", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    said = lines[-1].strip("= ") if lines else done.stderr[-500:]
    return {"ok": done.returncode == 0, "said": said, "failed": failed}


def main() -> int:
    """The command; gives its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=Path, help="a directory with a copy of tests/ to run with -m gpu")
    parser.add_argument("--out", type=Path, help="where to write the document")
    options = parser.parse_args()
    random = np.random.default_rng()
    kernels = [check_kernel(case, random) for case in CASES]
    sanitizer = [sanitize(tool) for tool in TOOLS]
    tests = [run_tests(options.tests)] if options.tests else []
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    report = measurement.document(today, kernels=kernels, sanitizer=sanitizer, tests=tests)
    text = json.dumps(report, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0 if all(check["ok"] in (True, None) for check in [*kernels, *sanitizer, *tests]) else 1


if __name__ == "__main__":
    raise SystemExit(main())
