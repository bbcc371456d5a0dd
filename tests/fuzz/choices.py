"""Where random choices come from: a seeded generator, or Hypothesis, which can shrink what it chose.

Its own room because the writers of programs should not know which of the two they have, and
the runner works where Hypothesis is not installed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Choices(Protocol):
    """What a writer asks for."""

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""

    def chance(self, percent: int) -> bool:
        """True that often."""


class Seeded:
    """Choices that a number decides."""

    def __init__(self, seed: object) -> None:
        self._random = random.Random(repr(seed))

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        return self._random.randint(low, high)

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self._random.random() * len(items))]

    def chance(self, percent: int) -> bool:
        """True that often."""
        return self._random.random() * 100 < percent


class Drawn:
    """Choices that Hypothesis makes; `strategies` is its module. The first item, and False, are the simplest."""

    def __init__(self, draw: Callable[..., Any], strategies: Any) -> None:
        self._draw, self._strategies = draw, strategies

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        return int(self._draw(self._strategies.integers(low, high)))

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.integer(0, len(items) - 1)]

    def chance(self, percent: int) -> bool:
        """True that often."""
        return self.integer(1, 100) > 100 - percent
