"""Run every kernel, check it against NumPy, print a table, write the Mandelbrot picture.

In: the GPU, or the CPU where there is none. Out: a table, a PNG file, and exit status 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from example_pkg.demo.cases import CASES, LIMIT, Array, Case
from example_pkg.demo.devices import Run, run_on_gpu, simulate, why_no_gpu
from example_pkg.kernels.mandelbrot import mandelbrot


@dataclass(frozen=True)
class Result:
    """One kernel's output, its error against NumPy, and the seconds it all took."""

    case: Case
    output: Array
    error: float
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the error is within the case's tolerance; NaN never is."""
        return self.error <= self.case.tolerance


def check(case: Case, run: Run, random: np.random.Generator) -> Result:
    """Run one kernel on fresh inputs."""
    launch = case.make(random, case.shown)
    started = time.perf_counter()
    output = run(case.kernel, launch)
    seconds = time.perf_counter() - started
    return Result(case, output, case.measure(output, launch.expected), seconds)


def table_of(results: list[Result], where: str) -> Table:
    """The results as one table."""
    table = Table("kernel", "ran on", "size", "error", "seconds", "ok")
    for result in results:
        size = " x ".join(map(str, result.case.shown))
        ok = "[green]yes[/]" if result.ok else "[red]NO[/]"
        table.add_row(result.case.name, where, size, f"{result.error:.1e}", f"{result.seconds:.2f}", ok)
    return table


def write_picture(counts: Array, path: Path) -> None:
    """Escape counts as a PNG: bands of colour outside the set, black inside."""
    shade = np.sqrt(counts / LIMIT)[..., None]
    waves = 0.5 + 0.5 * np.cos(2 * np.pi * (shade * 3.0 + np.array([0.55, 0.65, 0.8])))
    colours = np.where(counts[..., None] < LIMIT, 255 * waves, 0).astype(np.uint8)
    Image.fromarray(colours).save(path)


def main() -> int:
    """The command; gives its exit status."""
    parser = argparse.ArgumentParser(prog="python -m example_pkg.demo", description=__doc__)
    parser.add_argument("--picture", type=Path, default=Path("mandelbrot.png"), help="where to write it")
    options = parser.parse_args()
    console = Console()
    reason = why_no_gpu(mandelbrot)
    run, where = (run_on_gpu, f"GPU, {mandelbrot.image.target}") if reason is None else (simulate, "simulator")
    if reason is not None:
        console.print(f"{reason}; the kernels run in the simulator, on the CPU", highlight=False)
    random = np.random.default_rng()
    results = [check(case, run, random) for case in CASES]
    console.print(table_of(results, where))
    write_picture(next(result.output for result in results if result.case.kernel is mandelbrot), options.picture)
    console.print(f"picture: {options.picture.resolve()}", highlight=False)
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
