"""Integers as bits: counting, reversing, and reading a number's bits as another type."""

from __future__ import annotations

import ast

from oxide_build.dialects import mir
from oxide_build.dialects.functions import BIT_FUNCTIONS
from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, bool_
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import scalar, scalar_type
from oxide_build.pipeline.frontend.dtypes import number_type
from oxide_build.pipeline.frontend.operands import Operand, describe
from oxide_build.pipeline.frontend.scope import dotted


@translates(INTRINSICS, *(f"gpu.{name}" for name in BIT_FUNCTIONS))
def bit_function(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`gpu.popc(x)` and its like."""
    name = dotted(node.func, f.module.names).removeprefix("gpu.")
    (argument,) = arguments(node, "x")
    operand = f.expression(argument)
    with f.at(argument):
        value = scalar(f, operand)
        if not scalar_type(value).is_integer:
            raise CompileError(
                f"`gpu.{name}` takes an integer, this is {describe(operand)}",
                help="convert it, u32(…), or read its bits: gpu.bitcast(x, u32)",
            )
    return f.value(mir.bits(value, function=name))


@translates(INTRINSICS, "gpu.bitcast")
def bitcast(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`gpu.bitcast(x, T)`: the bits of `x` as a `T` of the same width."""
    argument, wanted = arguments(node, "x", "dtype")
    operand, target = f.expression(argument), number_type(f, wanted)
    value = scalar(f, operand)
    source = scalar_type(value)
    if bool_ in (source, target):
        raise CompileError("a bool has no bits to read", help="convert it: u8(…) of a bool, or `x != 0` to get one")
    if source.bits != target.bits:
        raise CompileError(
            f"`gpu.bitcast` of {describe(operand)} to {target}: {source.bits} bits are not {target.bits}",
            help=f"convert the value first, or use a type of {source.bits} bits: {_of_width(source)}",
        )
    return value if source == target else f.value(mir.bitcast(value, type=target))


def _of_width(type: Scalar) -> str:
    floats = {16: ", f16, bf16", 32: ", f32", 64: ", f64"}.get(type.bits, "")
    return f"i{type.bits}, u{type.bits}{floats}"
