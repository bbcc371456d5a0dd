"""Mathematical functions: LLVM's own where the GPU computes them exactly, libdevice's otherwise.

Half precision is computed in single and rounded; only `fma`, which must round once, has
its own instructions.
"""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.dialects.functions import MATH_FUNCTIONS
from oxide_build.errors import CompileError
from oxide_build.ir import Op, Value
from oxide_build.ir.types import Type, bf16, f16, f32, f64
from oxide_build.pipeline.lowering.arithmetic import float_flags
from oxide_build.pipeline.lowering.conversions import comparable
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers

HALVES = (f16, bf16)
_SUFFIXES: dict[Type, str] = {f32: "f", f64: ""}


@lowers(mir.math)
def lower_math(lowering: FunctionLowering, op: Op) -> Value:
    name = op.attributes["function"]
    if op.result.type not in HALVES or name == "fma":
        return _compute(lowering, name, *lowering.operands(op))
    found = _compute(lowering, name, *(widened(lowering, operand) for operand in lowering.operands(op)))
    return lowering.compute(llvm.fptrunc, found, type=op.result.type)


def widened(lowering: FunctionLowering, value: Value) -> Value:
    """A half-precision value as an f32, any other as it is."""
    value = comparable(lowering, value)
    return lowering.compute(llvm.fpext, value, type=f32) if value.type in HALVES else value


def _compute(lowering: FunctionLowering, name: str, *operands: Value) -> Value:
    function = MATH_FUNCTIONS[name]
    if function.intrinsic:
        return lowering.intrinsic(function.intrinsic, *operands, flags=float_flags(lowering.options))
    return call_libdevice(lowering, name, *operands)


def call_libdevice(lowering: FunctionLowering, name: str, *operands: Value) -> Value:
    """Call libdevice's form of a function in the precision of its first operand."""
    function, type = MATH_FUNCTIONS[name], operands[0].type
    if type not in _SUFFIXES:
        raise CompileError(
            f"{name} is not defined for {type}", help="convert the operand first: f32(x)", span=lowering.span
        )
    fast = "fast_" if lowering.options.fast_math and type == f32 and function.approximate else ""
    (value,) = lowering.call(f"__nv_{fast}{function.libdevice}{_SUFFIXES[type]}", *operands, results=(type,))
    return value
