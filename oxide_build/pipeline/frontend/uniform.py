"""`gpu.assume_uniform` to `mir`: the author's word that threads agree."""

from __future__ import annotations

import ast

from oxide_build.dialects import mir
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import is_weak, scalar
from oxide_build.pipeline.frontend.operands import Operand


@translates(INTRINSICS, "gpu.assume_uniform")
def assume_uniform(f: FunctionBuilder, node: ast.Call) -> Operand:
    """A number that is the same in all threads of the block; a literal is, and stays one."""
    (given,) = arguments(node, "x")
    operand = f.expression(given)
    if is_weak(operand):
        return operand
    with f.at(given):
        value = scalar(f, operand)
    return f.value(mir.assume_uniform(value))
