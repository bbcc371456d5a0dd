"""The mathematical functions kernels have: the one table of them.

In: nothing. Out: for each function, what it takes, who computes it on a GPU and what NumPy
calls it. Its own room because frontend, type rules, lowering, simulator and the accuracy
benchmark all read it: a function is added by one line here and its signature in
`gpu/math.py` (a test keeps the two together).

Every function gives the type of its first operand. `f16` and `bf16` are computed in
`f32` and rounded, `fma` apart, which rounds once in its own type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MathFunction:
    """One function.

    `parameters` are floats of one type, `n` an i32. `libdevice` is the stem of NVIDIA's name, `intrinsic` LLVM's where
    the GPU itself computes the function, correctly rounded; `approximate` says that fast math has `__nv_fast_…f` for
    f32. `numpy` names the ufunc, "" where NumPy has none. `in_python`: Python's `math` has it, by this name and with
    this meaning; `folds`: so does that of every Python, and the compiler computes it for literals. `narrow`: half
    precision has it.
    """

    parameters: tuple[str, ...] = ("x",)
    libdevice: str = ""
    intrinsic: str = ""
    approximate: bool = False
    numpy: str = ""
    in_python: bool = True
    folds: bool = True
    narrow: bool = True


def _one(libdevice: str, numpy: str = "", *, approximate: bool = False, folds: bool = True) -> MathFunction:
    return MathFunction(("x",), libdevice, approximate=approximate, numpy=numpy, folds=folds)


def _two(libdevice: str, numpy: str = "", *, approximate: bool = False, narrow: bool = True) -> MathFunction:
    return MathFunction(("x", "y"), libdevice, approximate=approximate, numpy=numpy, narrow=narrow)


def _rounding(intrinsic: str, numpy: str) -> MathFunction:
    """To a whole number in the type of `x`: Python's functions of these names give an int instead."""
    return MathFunction(intrinsic=intrinsic, numpy=numpy, in_python=False, folds=False)


MATH_FUNCTIONS: Mapping[str, MathFunction] = {
    # roots and powers
    "sqrt": MathFunction(intrinsic="llvm.sqrt", numpy="sqrt"),
    "rsqrt": MathFunction(libdevice="rsqrt", in_python=False, folds=False),
    "cbrt": _one("cbrt", "cbrt", folds=False),
    "pow": _two("pow", "power", approximate=True),
    "hypot": _two("hypot", "hypot"),
    # exponentials and logarithms
    "exp": _one("exp", "exp", approximate=True),
    "exp2": _one("exp2", "exp2", folds=False),
    "expm1": _one("expm1", "expm1"),
    "log": _one("log", "log", approximate=True),
    "log2": _one("log2", "log2", approximate=True),
    "log10": _one("log10", "log10", approximate=True),
    "log1p": _one("log1p", "log1p"),
    # circular and hyperbolic
    "sin": _one("sin", "sin", approximate=True),
    "cos": _one("cos", "cos", approximate=True),
    "tan": _one("tan", "tan", approximate=True),
    "asin": _one("asin", "arcsin"),
    "acos": _one("acos", "arccos"),
    "atan": _one("atan", "arctan"),
    "atan2": MathFunction(("y", "x"), "atan2", numpy="arctan2"),
    "sinh": _one("sinh", "sinh"),
    "cosh": _one("cosh", "cosh"),
    "tanh": _one("tanh", "tanh"),
    "asinh": _one("asinh", "arcsinh"),
    "acosh": _one("acosh", "arccosh"),
    "atanh": _one("atanh", "arctanh"),
    # special
    "erf": _one("erf"),
    "erfc": _one("erfc"),
    "gamma": _one("tgamma"),
    "lgamma": _one("lgamma"),
    # exact
    "floor": _rounding("llvm.floor", "floor"),
    "ceil": _rounding("llvm.ceil", "ceil"),
    "trunc": _rounding("llvm.trunc", "trunc"),
    "round": _rounding("llvm.roundeven", "rint"),
    "copysign": MathFunction(("x", "y"), intrinsic="llvm.copysign", numpy="copysign"),
    "fmod": _two("fmod", "fmod"),
    "remainder": _two("remainder"),
    "nextafter": _two("nextafter", "nextafter", narrow=False),
    "ldexp": MathFunction(("x", "n"), libdevice="ldexp", numpy="ldexp", folds=False),
    "fma": MathFunction(("x", "y", "z"), intrinsic="llvm.fma", folds=False),
}

BIT_FUNCTIONS: Mapping[str, str] = {
    "popc": "llvm.ctpop",
    "clz": "llvm.ctlz",
    "ctz": "llvm.cttz",
    "brev": "llvm.bitreverse",
}
"""Functions of an integer's bits, by LLVM's names. `brev` gives the operand's type, the others, which count, an i32."""
