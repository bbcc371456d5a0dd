"""The mathematical functions of kernels, typed so that `f32` in gives `f32` out.

In: nothing on the host. Out: names the compiler reads. Its own room because the
standard library's `math`, which kernels may use just as well, gives a type checker
plain `float` for everything.
"""

from __future__ import annotations

from oxide_build.gpu.types import outside_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T", bound=float)


def sqrt(x: T) -> T:
    """The square root of `x`; NaN below zero."""
    raise outside_kernel("gpu.math.sqrt()")


def exp(x: T) -> T:
    """e to the power `x`."""
    raise outside_kernel("gpu.math.exp()")


def log(x: T) -> T:
    """The natural logarithm of `x`; NaN below zero."""
    raise outside_kernel("gpu.math.log()")


def sin(x: T) -> T:
    """The sine of `x`, in radians."""
    raise outside_kernel("gpu.math.sin()")


def cos(x: T) -> T:
    """The cosine of `x`, in radians."""
    raise outside_kernel("gpu.math.cos()")


def pow(x: T, y: float) -> T:
    """`x` to the power `y`."""
    raise outside_kernel("gpu.math.pow()")


def floor(x: T) -> T:
    """The largest whole number not above `x`, in the type of `x`."""
    raise outside_kernel("gpu.math.floor()")


def fabs(x: T) -> T:
    """The absolute value of `x`."""
    raise outside_kernel("gpu.math.fabs()")
