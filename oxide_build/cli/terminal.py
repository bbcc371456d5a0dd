"""Colour and progress bars on a terminal, the same words in plain lines elsewhere.

In: a build's events, reports, tables. Out: standard output and standard error. Its own room because it alone knows
what kind of terminal there is, if any; rich decides that, by NO_COLOR, FORCE_COLOR and TERM too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable
from rich.text import Text

from oxide_build.progress import (
    Event,
    Finished,
    Listener,
    Made,
    Noted,
    Skipped,
    Started,
    described,
    log_to_stderr,
    plain_lines,
    skip,
    summary,
)

_STYLES = {
    r"(?m)^\S+:\d+:\d+(?=: )": "bold",
    r"(?m)(?<=: )error(?=: )|^error(?=: )|^\d+ errors?$": "bold red",
    r"(?m)(?<=: )warning(?=: )|^warning(?=: )": "bold yellow",
    r"(?m)^ *\^+$": "red",
    r"(?m)^ +(help|note)(?=: )": "bold cyan",
}
"""What stands out in a report."""


class Column(NamedTuple):
    """A column's heading, and whether numbers are in it, which stand to the right."""

    name: str
    is_number: bool = False


class Table(NamedTuple):
    """Text in rows, each as long as there are columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


def say(text: str) -> None:
    """A report on standard error, in colour where there is any."""
    console = Console(stderr=True, highlight=False)
    if not _has_colour(console):
        log_to_stderr(text)
        return
    coloured = Text(text)
    for pattern, style in _STYLES.items():
        coloured.highlight_regex(pattern, style)
    console.print(coloured, soft_wrap=True)


def show(table: Table) -> None:
    """A table on standard output: drawn on a terminal, columns two spaces apart elsewhere."""
    console = Console(highlight=False)
    if not _has_colour(console):
        print(aligned(table))
        return
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns:
        drawn.add_column(column.name, justify="right" if column.is_number else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*map(Text, row))
    console.print(drawn)


def aligned(table: Table) -> str:
    """A table in plain text."""
    rows = [tuple(column.name for column in table.columns), *table.rows]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(_cell, row, widths, table.columns)).rstrip() for row in rows)


def _cell(text: str, width: int, column: Column) -> str:
    return text.rjust(width) if column.is_number else text.ljust(width)


def markdown(table: Table) -> str:
    """A table as Markdown writes it."""
    rule = ("--:" if column.is_number else "---" for column in table.columns)
    rows = [tuple(column.name for column in table.columns), tuple(rule), *table.rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)


@contextmanager
def progress() -> Iterator[Listener]:
    """Within, a listener that shows a build on standard error."""
    console = Console(stderr=True, highlight=False)
    if not sys.stderr.isatty() or not _has_colour(console):
        yield plain_lines()
        return
    columns: list[Any] = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn()]
    with Progress(*columns, MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True) as bars:
        bar = _Bar(bars)
        yield bar
    bar.end()


class _Bar:
    """One bar for the whole build, with the image last made beside it; what must be read stays above it."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task = bars.add_task("reading kernels", total=None)
        self._summary: str | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case Started(images):
                self._bars.update(self._task, total=images, description="compiling")
            case Noted(text):
                say(text)
            case Skipped(images=images):
                self._bars.update(self._task, total=(self._bars.tasks[0].total or images) - images)
                say(skip(event))
            case Made():
                self._bars.update(self._task, advance=1, description=described(event))
            case Finished():
                self._summary = summary(event)

    def end(self) -> None:
        """Say what came of it, once the bar is gone."""
        if self._summary is not None:
            say(f"[oxide] {self._summary}")


def _has_colour(console: Console) -> bool:
    return console.is_terminal and not console.is_dumb_terminal
