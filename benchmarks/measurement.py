"""What a benchmark says: statistics of its timings, the table on the terminal, the document that is kept.

In: timings by name, and words for what could not run. Out: rows as dictionaries, one shape for JSON and terminal.
Its own room because every benchmark that puts peers side by side says so alike, and because none of this needs a GPU.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import platform
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from oxide_build.errors import LoadError
from oxide_build.runtime import device

Row: TypeAlias = "dict[str, Any]"

PACKAGES = (
    *("oxide-build", "example-pkg", "llvmlite", "nvidia-nvvm", "cuda-bindings", "cuda-core", "cupy-cuda13x"),
    *("mpmath", "numpy", "torch", "triton", "warp-lang"),
)
"""Those whose versions a document names, where they are installed."""
LONGEST_WORDS = 160


def median_and_spread(timings: Sequence[float]) -> tuple[float, float]:
    """The median, and the distance between the quartiles: what one timing in two lies within."""
    if len(timings) < 2:
        return timings[0], 0.0
    low, middle, high = statistics.quantiles(timings, n=4, method="inclusive")
    return middle, high - low


def add_ratios(rows: Sequence[Row], base: str, figure: str, ratio: str) -> None:
    """Give every row that has a `figure` its `ratio` to that of the row whose `who` is `base`, if that has one."""
    divisor = next((row[figure] for row in rows if row["who"] == base and figure in row), None)
    for row in rows:
        if divisor and figure in row:
            row[ratio] = round(row[figure] / divisor, 3)


def failure(error: BaseException) -> str:
    """Why a side could not run, in one line."""
    return f"{type(error).__name__}: {shortened(error)}"


def shortened(error: BaseException) -> str:
    """The first line of a message, as much of it as a table holds."""
    return str(error).strip().partition("\n")[0][:LONGEST_WORDS]


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """The rows under their columns' names; a row with an `error` has it in the place of its figures."""
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    head = [_line(columns, widths), "  ".join("-" * width for width in widths)]
    body = [_line(line, widths) + _words(row) for row, line in zip(rows, cells, strict=True)]
    return "\n".join(line.rstrip() for line in (*head, *body)) + "\n"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if isinstance(value, float) and value >= 1000 else f"{value}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first cell to the left, figures to the right."""
    padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join([cells[0].ljust(widths[0]), *padded[1:]])


def _words(row: Mapping[str, Any]) -> str:
    return f"  not measured: {row['error']}" if "error" in row else ""


def document(date: str, **content: object) -> Row:
    """Where and when a run was made, with what, and then `content`. Raises LoadError where there is no GPU."""
    here = device.current()
    return {
        "date": date,
        "device": here.name,
        "capability": ".".join(map(str, here.capability)),
        "driver": driver_release(),
        "driver_cuda": ".".join(map(str, here.driver)),
        "versions": versions(),
        **content,
    }


def versions() -> dict[str, str]:
    """Python and those of the packages that are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def driver_release() -> str | None:
    """The driver's own version, `580.65.06`, where nvidia-smi tells it."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=driver_version", "--format=csv,noheader"]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    return lines[0].strip() if lines else None


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The command line all benchmarks share."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    parser.add_argument("--out", type=Path, help="where to write the document")
    parser.add_argument("--date", default=today, help="the day the document is to carry (default: today)")
    return parser


def write(report: Row, out: Path | None) -> None:
    """Keep the document, where there is a place for it."""
    if out is not None:
        out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def exit_status(main: Callable[[], None]) -> int:
    """Run `main`; 2, and why, where there is no GPU to measure."""
    try:
        main()
    except LoadError as error:
        print(f"{Path(sys.argv[0]).name} measures on an NVIDIA GPU: {error.message}", file=sys.stderr)
        return 2
    return 0
