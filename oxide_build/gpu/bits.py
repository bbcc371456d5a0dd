"""Numbers as bits, and arithmetic that has no operator.

In: nothing on the host. Out: typed, documented names the compiler reads. Its own room
because these concern one number, where `intrinsics` concern threads and memory.
"""

from __future__ import annotations

from oxide_build.gpu.types import outside_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from oxide_build.gpu.types import i32

    T = TypeVar("T")
    Int = TypeVar("Int", bound=int)
    F = TypeVar("F", bound=float)


def bitcast(x: float, dtype: type[T]) -> T:
    """The bits of `x` read as a `dtype`, a scalar type of the same width: `gpu.bitcast(x, u32)`."""
    raise outside_kernel("gpu.bitcast()")


def popc(x: int) -> i32:
    """How many bits of the integer `x` are 1."""
    raise outside_kernel("gpu.popc()")


def clz(x: int) -> i32:
    """How many of the highest bits of the integer `x` are 0: its width where `x` is 0."""
    raise outside_kernel("gpu.clz()")


def ctz(x: int) -> i32:
    """How many of the lowest bits of the integer `x` are 0: its width where `x` is 0."""
    raise outside_kernel("gpu.ctz()")


def brev(x: Int) -> Int:
    """The bits of the integer `x` in reverse order."""
    raise outside_kernel("gpu.brev()")


def fma(x: F, y: float, z: float) -> F:
    """`x * y + z`, rounded once."""
    raise outside_kernel("gpu.fma()")


def rsqrt(x: F) -> F:
    """1 over the square root of `x`, faster than the two operations; infinite at zero, NaN below."""
    raise outside_kernel("gpu.rsqrt()")
