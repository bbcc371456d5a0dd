"""The mathematical functions and constants of kernels.

In: nothing on the host, where only the constants are values. Out: names the compiler
reads. Its own room because the standard library's `math`, which kernels may use just as
well, lacks some of them, and knows nothing of `f16` or what a GPU gives outside a domain.

All take `f32` and `f64`. `f16` and `bf16` are computed in `f32` and rounded. How far each is
from the exact result on a GPU stands in `docs/accuracy.md`; outside its domain a function
gives NaN or an infinity, as C's does, where Python raises.
"""

from __future__ import annotations

from oxide_build.gpu.types import outside_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from oxide_build.gpu.types import i32

    T = TypeVar("T", bound=float)

pi = 3.141592653589793
e = 2.718281828459045
tau = 6.283185307179586
inf = float("inf")
nan = float("nan")


def sqrt(x: T) -> T:
    """The square root of `x`, correctly rounded; NaN below zero."""
    raise outside_kernel("gpu.math.sqrt()")


def rsqrt(x: T) -> T:
    """1 over the square root of `x`; infinite at zero, NaN below."""
    raise outside_kernel("gpu.math.rsqrt()")


def cbrt(x: T) -> T:
    """The cube root of `x`, with its sign."""
    raise outside_kernel("gpu.math.cbrt()")


def pow(x: T, y: float) -> T:
    """`x` to the power `y`."""
    raise outside_kernel("gpu.math.pow()")


def hypot(x: T, y: float) -> T:
    """The square root of `x * x + y * y`, without overflow on the way."""
    raise outside_kernel("gpu.math.hypot()")


def exp(x: T) -> T:
    """e to the power `x`."""
    raise outside_kernel("gpu.math.exp()")


def exp2(x: T) -> T:
    """2 to the power `x`."""
    raise outside_kernel("gpu.math.exp2()")


def expm1(x: T) -> T:
    """e to the power `x`, less 1; exact near zero."""
    raise outside_kernel("gpu.math.expm1()")


def log(x: T, base: float = 2.718281828459045) -> T:
    """The natural logarithm of `x`, or that to another base; NaN below zero."""
    raise outside_kernel("gpu.math.log()")


def log2(x: T) -> T:
    """The logarithm of `x` to base 2; NaN below zero."""
    raise outside_kernel("gpu.math.log2()")


def log10(x: T) -> T:
    """The logarithm of `x` to base 10; NaN below zero."""
    raise outside_kernel("gpu.math.log10()")


def log1p(x: T) -> T:
    """The natural logarithm of `1 + x`; exact near zero."""
    raise outside_kernel("gpu.math.log1p()")


def sin(x: T) -> T:
    """The sine of `x`, in radians."""
    raise outside_kernel("gpu.math.sin()")


def cos(x: T) -> T:
    """The cosine of `x`, in radians."""
    raise outside_kernel("gpu.math.cos()")


def tan(x: T) -> T:
    """The tangent of `x`, in radians."""
    raise outside_kernel("gpu.math.tan()")


def asin(x: T) -> T:
    """The angle whose sine is `x`, in radians."""
    raise outside_kernel("gpu.math.asin()")


def acos(x: T) -> T:
    """The angle whose cosine is `x`, in radians."""
    raise outside_kernel("gpu.math.acos()")


def atan(x: T) -> T:
    """The angle whose tangent is `x`, in radians."""
    raise outside_kernel("gpu.math.atan()")


def atan2(y: T, x: float) -> T:
    """The angle of the point (x, y), in radians, from -pi to pi; `y` comes first."""
    raise outside_kernel("gpu.math.atan2()")


def sinh(x: T) -> T:
    """The hyperbolic sine of `x`."""
    raise outside_kernel("gpu.math.sinh()")


def cosh(x: T) -> T:
    """The hyperbolic cosine of `x`."""
    raise outside_kernel("gpu.math.cosh()")


def tanh(x: T) -> T:
    """The hyperbolic tangent of `x`."""
    raise outside_kernel("gpu.math.tanh()")


def asinh(x: T) -> T:
    """The inverse hyperbolic sine of `x`."""
    raise outside_kernel("gpu.math.asinh()")


def acosh(x: T) -> T:
    """The inverse hyperbolic cosine of `x`; NaN below 1."""
    raise outside_kernel("gpu.math.acosh()")


def atanh(x: T) -> T:
    """The inverse hyperbolic tangent of `x`; NaN beyond 1."""
    raise outside_kernel("gpu.math.atanh()")


def erf(x: T) -> T:
    """The error function of `x`."""
    raise outside_kernel("gpu.math.erf()")


def erfc(x: T) -> T:
    """1 less the error function of `x`, exact where that is small."""
    raise outside_kernel("gpu.math.erfc()")


def gamma(x: T) -> T:
    """The gamma function of `x`; NaN at negative whole numbers."""
    raise outside_kernel("gpu.math.gamma()")


def lgamma(x: T) -> T:
    """The natural logarithm of the gamma function's magnitude."""
    raise outside_kernel("gpu.math.lgamma()")


def floor(x: T) -> T:
    """The largest whole number not above `x`, in the type of `x`."""
    raise outside_kernel("gpu.math.floor()")


def ceil(x: T) -> T:
    """The smallest whole number not below `x`, in the type of `x`."""
    raise outside_kernel("gpu.math.ceil()")


def trunc(x: T) -> T:
    """`x` without its fraction, in the type of `x`."""
    raise outside_kernel("gpu.math.trunc()")


def round(x: T) -> T:
    """The whole number nearest to `x`, halves to the even one, in the type of `x`."""
    raise outside_kernel("gpu.math.round()")


def copysign(x: T, y: float) -> T:
    """The magnitude of `x` with the sign of `y`."""
    raise outside_kernel("gpu.math.copysign()")


def fmod(x: T, y: float) -> T:
    """The remainder of `x / y` with the sign of `x`, exact."""
    raise outside_kernel("gpu.math.fmod()")


def remainder(x: T, y: float) -> T:
    """`x` less the multiple of `y` nearest to it, exact."""
    raise outside_kernel("gpu.math.remainder()")


def nextafter(x: T, y: float) -> T:
    """The next number after `x` on the way to `y`; for `f32` and `f64`."""
    raise outside_kernel("gpu.math.nextafter()")


def ldexp(x: T, n: int) -> T:
    """`x` times 2 to the power `n`."""
    raise outside_kernel("gpu.math.ldexp()")


def fma(x: T, y: float, z: float) -> T:
    """`x * y + z`, rounded once."""
    raise outside_kernel("gpu.math.fma()")


def fabs(x: T) -> T:
    """The absolute value of `x`."""
    raise outside_kernel("gpu.math.fabs()")


def degrees(x: T) -> T:
    """The angle `x`, given in radians, in degrees."""
    raise outside_kernel("gpu.math.degrees()")


def radians(x: T) -> T:
    """The angle `x`, given in degrees, in radians."""
    raise outside_kernel("gpu.math.radians()")


def isnan(x: float) -> bool:
    """Whether `x` is not a number."""
    raise outside_kernel("gpu.math.isnan()")


def isinf(x: float) -> bool:
    """Whether `x` is an infinity."""
    raise outside_kernel("gpu.math.isinf()")


def isfinite(x: float) -> bool:
    """Whether `x` is neither an infinity nor NaN."""
    raise outside_kernel("gpu.math.isfinite()")


def modf(x: T) -> tuple[T, T]:
    """What `x` has behind the point, and what before it, both with its sign."""
    raise outside_kernel("gpu.math.modf()")


def frexp(x: T) -> tuple[T, i32]:
    """A number from 0.5 to 1 (or 0) and the power of two it is multiplied by to give `x`."""
    raise outside_kernel("gpu.math.frexp()")


def ulp(x: T) -> T:
    """How much one in the last place of `x` is worth in its type."""
    raise outside_kernel("gpu.math.ulp()")


def dist(p: tuple[T, ...], q: tuple[float, ...]) -> T:
    """The distance of two points, each a tuple of coordinates, without overflow on the way."""
    raise outside_kernel("gpu.math.dist()")
