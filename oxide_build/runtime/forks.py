"""Processes forked from one that has used CUDA: the driver does not survive that.

In: the news that this process has used CUDA. Out: `ForkError` in the children made after that, before any call that
would hang or lie. Its own room because nothing of it is on a launch's path: Python calls us when it forks.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from oxide_build.errors import ForkError

NOT_INITIALIZED = 3
"""What the driver says to a process forked from one that had used it, whoever used it there."""

_watched: list[Callable[[], None]] = []
_lost = False


def watch(forget: Callable[[], None]) -> None:
    """CUDA is used from now on: in children forked later `refuse` raises, once `forget` has dropped what is kept."""
    if forget not in _watched:
        _watched.append(forget)


def _mark() -> None:
    global _lost
    _lost = _lost or bool(_watched)
    for forget in _watched:
        forget()


def refuse(doing: str = "") -> None:
    """Raise ForkError where this process was forked after we had used CUDA."""
    if _lost:
        raise refusal(doing)


def refusal(doing: str = "") -> ForkError:
    """The error for a process that cannot use CUDA, since the one that it was forked from had done so."""
    return ForkError(
        f"{doing}{': ' * bool(doing)}this process was forked from one that had already used CUDA, and CUDA does not "
        "survive a fork",
        help='start workers with multiprocessing.get_context("spawn"), or fork before anything uses a GPU',
    )


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark)
