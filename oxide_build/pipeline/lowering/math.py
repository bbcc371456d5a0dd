"""Mathematical functions: LLVM's own where the GPU computes them exactly, libdevice's otherwise."""

from __future__ import annotations

from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir import Op, Value
from oxide_build.ir.types import Type, f32, f64
from oxide_build.pipeline.lowering.arithmetic import float_flags
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers

_INTRINSICS = ("sqrt", "floor", "ceil")
_FAST = ("exp", "log", "sin", "cos", "pow")
"""Functions of which libdevice has an approximate form, for f32 only."""
_SUFFIXES: dict[Type, str] = {f32: "f", f64: ""}


@lowers(mir.math)
def lower_math(lowering: FunctionLowering, op: Op) -> Value:
    function = op.attributes["function"]
    if function in _INTRINSICS:
        flags = float_flags(lowering.options)
        return lowering.intrinsic(f"llvm.{function}", *lowering.operands(op), flags=flags)
    return call_libdevice(lowering, function, *lowering.operands(op))


def call_libdevice(lowering: FunctionLowering, function: str, *operands: Value) -> Value:
    """Call a libdevice function by its C name, in the precision of its operands."""
    type = operands[0].type
    if type not in _SUFFIXES:
        raise CompileError(
            f"{function} is not defined for {type}", help="convert the operand first: f32(x)", span=lowering.span
        )
    fast = "fast_" if lowering.options.fast_math and type == f32 and function in _FAST else ""
    (value,) = lowering.call(f"__nv_{fast}{function}{_SUFFIXES[type]}", *operands, results=(type,))
    return value
