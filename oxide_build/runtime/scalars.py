"""Whose numbers a plan takes besides Python's own: NumPy's scalars, by their exact types.

In: nothing; NumPy, once somebody else has imported it. Out: tables from a type to what makes Python's number of it.
Its own room because plans in Python and in C share the tables, which grow when NumPy is first seen.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

INTEGERS: dict[type, Callable[[Any], Any]] = {}
REALS: dict[type, Callable[[Any], Any]] = {int: float}
BOOLEANS: dict[type, Callable[[Any], Any]] = {}


def look_for_numpy() -> None:
    """Fill the tables when NumPy has come since."""
    numpy = sys.modules.get("numpy")
    if numpy is None or BOOLEANS:
        return
    try:
        integers = [getattr(numpy, f"{kind}{bits}") for kind in ("int", "uint") for bits in (8, 16, 32, 64)]
        reals, boolean = [*integers, numpy.float16, numpy.float32, numpy.float64], numpy.bool_
    except AttributeError:
        return  # another thread is importing it
    INTEGERS.update(dict.fromkeys(integers, operator.index))
    REALS.update(dict.fromkeys(reals, float))
    BOOLEANS[boolean] = bool
