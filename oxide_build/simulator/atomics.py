"""Atomics: as if threads came one after the other, in ascending order.

In: addresses and operands, one a thread. Out: memory changed in place, and what each
thread found. Orders and scopes mean nothing here, where nothing is seen out of order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import isqrt
from typing import Any, TypeAlias

import numpy as np

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.ir.types import Type, bf16
from oxide_build.simulator import bfloat
from oxide_build.simulator.memory import Memory, spread
from oxide_build.simulator.threads import Array, Group

Step: TypeAlias = Callable[..., Array]
"""From the old value and the operands to the new value."""

_RUNNING: Mapping[str, np.ufunc] = {
    "add": np.add,
    "sub": np.subtract,
    "min": np.minimum,
    "max": np.maximum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}
"""Operations of which NumPy computes a whole run at one address."""


def _increment(old: Array, last: Array) -> Array:
    more: Array = np.where(old >= last, old.dtype.type(0), old + old.dtype.type(1))
    return more


def _decrement(old: Array, last: Array) -> Array:
    less: Array = np.where((old == 0) | (old > last), last, old - old.dtype.type(1))
    return less


def _compare_and_swap(old: Array, expected: Array, value: Array) -> Array:
    new: Array = np.where(old == expected, value, old)
    return new


_STEPS: Mapping[str, Step] = {
    **_RUNNING,
    "exch": lambda old, value: value,
    "inc": _increment,
    "dec": _decrement,
    "cas": _compare_and_swap,
}


def fetch(op: ir.Op, memory: Memory, group: Group, view: Array, offset: Array, *values: Array) -> Array:
    """Change the elements and give each thread the value it found."""
    operation = _operation(op)
    offset, *values_ = spread(group, offset, *values)
    old = np.empty(group.count, values_[0].dtype)
    for array, threads in memory.chosen(view):
        given = (value[threads] for value in values_)
        with _values_of(array, op.result.type, offset[threads]) as elements:
            old[threads] = _in_order(operation, op.result.type, elements, offset[threads], *given)
    return old


@contextmanager
def _values_of(array: Array, type: Type, offset: Array) -> Iterator[Array]:
    """An array to compute in: for bf16 one of values, whose changed elements are put back as bits."""
    if type != bf16:
        yield array
        return
    elements = bfloat.decode(array)
    yield elements
    array[offset] = bfloat.encode(elements[offset])


def change(op: ir.Op, memory: Memory, group: Group, view: Array, offset: Array, *values: Array) -> None:
    """Change the elements where nobody reads the old values."""
    operation = _operation(op)
    if operation not in _RUNNING or op.result.type == bf16:
        fetch(op, memory, group, view, offset, *values)
        return
    offset, value = spread(group, offset, *values)
    for array, threads in memory.chosen(view):
        _RUNNING[operation].at(array, offset[threads], value[threads])


def _operation(op: ir.Op) -> str:
    operation: str = "cas" if op.definition is mir.atomic_cas else op.attributes["operation"]
    return operation


def _in_order(operation: str, type: Type, array: Array, offset: Array, *values: Array) -> Array:
    """Take one step after the other and return the values found before each.

    Threads at little frequented addresses go rank by rank, all addresses at once; each much frequented address takes
    one running computation, where NumPy has one. Parted at the square root of the thread count, neither loop is
    longer than that.
    """
    rounds_itself = type != bf16
    order = np.argsort(offset, kind="stable")
    addresses, starts, counts = np.unique(offset[order], return_index=True, return_counts=True)
    running = _RUNNING.get(operation) if rounds_itself else None
    few = counts <= (isqrt(len(offset)) if running else len(offset))
    old = np.empty_like(values[0])
    for rank in range(int(counts[few].max(initial=0))):
        here = few & (counts > rank)
        threads, places = order[starts[here] + rank], addresses[here]
        old[threads] = array[places]
        new = _STEPS[operation](old[threads], *(value[threads] for value in values))
        array[places] = new if rounds_itself else bfloat.nearest(new)
    if running:
        for address, start, count in zip(addresses[~few], starts[~few], counts[~few], strict=True):
            threads = order[start : start + count]
            _run_at(running, array, int(address), threads, values[0], old)
    return old


def _run_at(running: np.ufunc, array: Array, address: int, threads: Array, value: Array, old: Array) -> None:
    dtype: Any = value.dtype
    steps = running.accumulate(np.append(array[address], value[threads]), dtype=dtype)
    old[threads], array[address] = steps[:-1], steps[-1]
