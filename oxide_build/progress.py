"""What a build tells while it works.

In: events, as they happen. Out: whatever a listener makes of them; `plain_lines` makes a line of each. Its own room
because the build must not know whether a terminal, a front end's log or a test listens.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Log: TypeAlias = Callable[[str], None]
"""Who gets finished lines."""


@dataclass(frozen=True)
class Started:
    """The build begins: how many images of how many kernel modules there are to be, those included
    that turn out to be skipped."""

    images: int
    modules: int


@dataclass(frozen=True)
class Noted:
    """Something the author should read: a warning's report, or a sentence of the build's own."""

    text: str


@dataclass(frozen=True)
class Skipped:
    """Some images of a module, by its full name, are not made, as its settings allow; `reason` is why."""

    module: str
    images: int
    reason: str


@dataclass(frozen=True)
class Made:
    """One image is there: of that unit of the module of that full name; `size` in bytes."""

    module: str
    unit: str
    target: str
    kind: str
    seconds: float
    size: int
    cached: bool = False


@dataclass(frozen=True)
class Finished:
    """The build is done; `cached` of the images were made by an earlier one, `size` in bytes is that of all files."""

    images: int
    cached: int
    modules: int
    size: int
    seconds: float


Event: TypeAlias = "Started | Noted | Skipped | Made | Finished"
Listener: TypeAlias = "Callable[[Event], None]"


def log_to_stderr(line: str) -> None:
    """Standard error at once: front ends keep it for the user, and show its end when a build fails."""
    print(line, file=sys.stderr, flush=True)


def plain_lines(log: Log = log_to_stderr) -> Listener:
    """A listener that tells in lines: one an image, a summary at the end."""
    return _PlainLines(log)


class _PlainLines:
    def __init__(self, log: Log) -> None:
        self._log = log
        self._made = self._images = 0
        self._skipped: set[tuple[str, str]] = set()

    def __call__(self, event: Event) -> None:
        match event:
            case Started(images):
                self._images = images
            case Noted(text):
                self._log(text)
            case Skipped(module, images, reason):
                self._images -= images
                if (module, reason) not in self._skipped:
                    self._skipped.add((module, reason))
                    self._log(skip(event))
            case Made():
                self._made += 1
                self._log(f"[oxide {self._made}/{self._images}] {described(event)}")
            case Finished():
                self._log(f"[oxide] {summary(event)}")


def described(made: Made) -> str:
    """One image in words: `vector -> sm_90  0.03 s  2.1 kB`, a cubin by that word behind its target.

    The module goes by its last name, with the unit where the image is of a variant.
    """
    name = ".".join(filter(None, [_short(made.module), made.unit]))
    kind = "" if made.kind == "ptx" else f" {made.kind}"
    how = "cached" if made.cached else f"{made.seconds:.2f} s"
    return f"{name} -> {made.target}{kind}  {how}  {_kilobytes(made.size)}"


def skip(skipped: Skipped) -> str:
    """Images left out, in words."""
    return f"[oxide] skipped an image of {_short(skipped.module)}: {skipped.reason}"


def summary(finished: Finished) -> str:
    """The whole build in words."""
    images = _count(finished.images, "image") + (f" ({finished.cached} cached)" if finished.cached else "")
    modules, size = _count(finished.modules, "kernel module"), _kilobytes(finished.size)
    return f"{images} of {modules}, {size} in all, {finished.seconds:.2f} s"


def _short(module: str) -> str:
    return module.rpartition(".")[2]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _kilobytes(size: int) -> str:
    return f"{size / 1000:.1f} kB"
