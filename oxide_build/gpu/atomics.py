"""Atomics: one indivisible step on memory that threads share, and the fence between steps.

In: nothing on the host. Out: typed, documented names the compiler reads. Its own room
because order and scope mean the same for all of them:

- `order` is what else the step orders. `"relaxed"` orders nothing; what follows an `"acquire"` and what precedes
  a `"release"` stays there; `"acq_rel"` is both; all `"seq_cst"` steps happen in one order that every thread sees.
- `scope` is who sees the step as one, and its order: the threads of the `"block"`, the `"cluster"` (sm_90 and
  later), the `"device"`, or the whole `"system"`, host and other GPUs included.

Every operation returns the value it found.
"""

from __future__ import annotations

from oxide_build.gpu.types import outside_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias, TypeVar

    from oxide_build.gpu.types import MutableView, u32

    T = TypeVar("T")
    Int = TypeVar("Int", bound=int)
    Index = TypeVar("Index")

    Order: TypeAlias = Literal["relaxed", "acquire", "release", "acq_rel", "seq_cst"]
    LoadOrder: TypeAlias = Literal["relaxed", "acquire", "seq_cst"]
    StoreOrder: TypeAlias = Literal["relaxed", "release", "seq_cst"]
    Scope: TypeAlias = Literal["block", "cluster", "device", "system"]


def atomic_add(
    view: MutableView[T, Index], index: Index, value: T | float, *, order: Order = "relaxed", scope: Scope = "device"
) -> T:
    """Add `value` to `view[index]`; integers wrap, the GPU flushes subnormal f32 in global memory to zero.

    Besides integers of 32 and 64 bits, `f32` and `f64` there are `f16` and `bf16`, each sum rounded to its type.
    """
    raise outside_kernel("gpu.atomic_add()")


def atomic_sub(
    view: MutableView[T, Index], index: Index, value: T | float, *, order: Order = "relaxed", scope: Scope = "device"
) -> T:
    """Subtract `value` from `view[index]`; integers wrap."""
    raise outside_kernel("gpu.atomic_sub()")


def atomic_min(
    view: MutableView[Int, Index], index: Index, value: Int | int, *, order: Order = "relaxed", scope: Scope = "device"
) -> Int:
    """Put the lesser of `view[index]` and `value` there (integers)."""
    raise outside_kernel("gpu.atomic_min()")


def atomic_max(
    view: MutableView[Int, Index], index: Index, value: Int | int, *, order: Order = "relaxed", scope: Scope = "device"
) -> Int:
    """Put the greater of `view[index]` and `value` there (integers)."""
    raise outside_kernel("gpu.atomic_max()")


def atomic_and_(
    view: MutableView[Int, Index], index: Index, value: Int | int, *, order: Order = "relaxed", scope: Scope = "device"
) -> Int:
    """Put `view[index] & value` there."""
    raise outside_kernel("gpu.atomic_and_()")


def atomic_or_(
    view: MutableView[Int, Index], index: Index, value: Int | int, *, order: Order = "relaxed", scope: Scope = "device"
) -> Int:
    """Put `view[index] | value` there."""
    raise outside_kernel("gpu.atomic_or_()")


def atomic_xor(
    view: MutableView[Int, Index], index: Index, value: Int | int, *, order: Order = "relaxed", scope: Scope = "device"
) -> Int:
    """Put `view[index] ^ value` there."""
    raise outside_kernel("gpu.atomic_xor()")


def atomic_exch(
    view: MutableView[T, Index], index: Index, value: T | float, *, order: Order = "relaxed", scope: Scope = "device"
) -> T:
    """Put `value` into `view[index]`."""
    raise outside_kernel("gpu.atomic_exch()")


def atomic_cas(
    view: MutableView[Int, Index],
    index: Index,
    expected: Int | int,
    value: Int | int,
    *,
    order: Order = "relaxed",
    scope: Scope = "device",
) -> Int:
    """Put `value` into `view[index]` where `expected` is found there (integers)."""
    raise outside_kernel("gpu.atomic_cas()")


def atomic_inc(
    view: MutableView[u32, Index], index: Index, value: u32 | int, *, order: Order = "relaxed", scope: Scope = "device"
) -> u32:
    """Count `view[index]` up, from `value` (or beyond) to 0."""
    raise outside_kernel("gpu.atomic_inc()")


def atomic_dec(
    view: MutableView[u32, Index], index: Index, value: u32 | int, *, order: Order = "relaxed", scope: Scope = "device"
) -> u32:
    """Count `view[index]` down, from 0 (or beyond `value`) to `value`."""
    raise outside_kernel("gpu.atomic_dec()")


def atomic_load(
    view: MutableView[T, Index], index: Index, *, order: LoadOrder = "relaxed", scope: Scope = "device"
) -> T:
    """Read `view[index]`, which other threads write at the same time."""
    raise outside_kernel("gpu.atomic_load()")


def atomic_store(
    view: MutableView[T, Index],
    index: Index,
    value: T | float,
    *,
    order: StoreOrder = "relaxed",
    scope: Scope = "device",
) -> None:
    """Write `view[index]`, which other threads read at the same time."""
    raise outside_kernel("gpu.atomic_store()")


def thread_fence(scope: Scope = "device") -> None:
    """Keep what this thread reads and writes before and after it in this order, for all threads of the scope.

    It orders, it does not wait: `sync_threads()` does.
    """
    raise outside_kernel("gpu.thread_fence()")
