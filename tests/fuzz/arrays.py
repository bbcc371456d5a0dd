"""Arrays of the reference: plain lists of numbers with a shape, and their way to and from NumPy.

Its own room because a bfloat16 has no NumPy type: its arrays are bits, here they are numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from tests.fuzz import numbers

DTYPES: dict[str, Any] = {
    **{name: np.dtype(f"{name[0]}{bits // 8}") for name, (_, bits) in numbers.INTEGERS.items()},
    "f16": np.dtype("f2"),
    "bf16": np.dtype("u2"),
    "f32": np.dtype("f4"),
    "f64": np.dtype("f8"),
    "bool": np.dtype("?"),
}
"""What an array of each type is in NumPy."""


def plain_values(array: np.ndarray[Any, Any], type: str) -> list[Any]:
    """An array's elements as Python's numbers, row by row."""
    values = array.reshape(-1).tolist()
    return [numbers.from_bits(bits, "bf16") for bits in values] if type == "bf16" else values


def stored(values: Sequence[Any], type: str) -> np.ndarray[Any, Any]:
    """Python's numbers as an array."""
    bits = [numbers.bits_of(value, "bf16") for value in values] if type == "bf16" else values
    return np.array(bits, DTYPES[type])


class Array:
    """Elements in a shape; an index outside is an error, negative ones too; what nobody wrote is None."""

    def __init__(self, shape: Any, type: str, values: list[Any] | None = None) -> None:
        self.shape = shape if isinstance(shape, tuple) else (shape,)
        self.type = type
        self.values = [None] * prod(self.shape) if values is None else values

    def _place(self, index: Any) -> int:
        place = 0
        for number, extent in zip(index if isinstance(index, tuple) else (index,), self.shape, strict=True):
            if not 0 <= number < extent:
                raise IndexError(f"{index} in an array of {self.shape}")
            place = place * extent + number
        return place

    def __getitem__(self, index: Any) -> Any:
        value = self.values[self._place(index)]
        if value is None:
            raise LookupError(f"nobody wrote the element {index}")
        return value

    def __setitem__(self, index: Any, value: Any) -> None:
        self.values[self._place(index)] = value

    def combine(self, operation: str, index: Any, value: int) -> None:
        """An atomic step on an integer."""
        self[index] = numbers.wrap(_STEPS[operation](self[index], value), self.type)


_STEPS: dict[str, Any] = {
    "add": lambda old, value: old + value,
    "sub": lambda old, value: old - value,
    "min": min,
    "max": max,
    "and_": lambda old, value: old & value,
    "or_": lambda old, value: old | value,
    "xor": lambda old, value: old ^ value,
}
