"""Inline PTX: LLVM's inline assembly, operands in registers of their type."""

from __future__ import annotations

import re

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Op, Value
from oxide_build.ir.types import Scalar, Type
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import CONSTRAINTS, parts


@lowers(mir.ptx)
def lower_ptx(lowering: FunctionLowering, op: Op) -> list[Value]:
    results = tuple(part for type in op.attributes["results"] for part in parts(type))
    operands = lowering.flat(op.operands)
    constraints = [f"={_constraint(type)}" for type in results]
    constraints += [_constraint(operand.type) for operand in operands]
    text = re.sub(r"%(\d+)", r"$\1", op.attributes["text"].replace("$", "$$"))
    constraints.append("~{memory}")
    return lowering.emit(
        llvm.inline_asm, *operands, text=text, constraints=",".join(constraints), results=results, convergent=True
    ).results


def _constraint(type: Type) -> str:
    assert isinstance(type, Scalar)
    return CONSTRAINTS[type.name]
