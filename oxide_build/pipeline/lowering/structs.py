"""Structs as values: which of a struct's scalars a field is. No instruction is needed."""

from __future__ import annotations

from collections.abc import Sequence

from oxide_build.dialects import mir
from oxide_build.ir import Op, Value
from oxide_build.ir.types import Struct
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import parts


@lowers(mir.struct)
def lower_struct(lowering: FunctionLowering, op: Op) -> list[Value]:
    return lowering.flat(op.operands)


@lowers(mir.field)
def lower_field(lowering: FunctionLowering, op: Op) -> Sequence[Value]:
    return lowering.parts(op.operands[0])[_place(op)]


@lowers(mir.with_field)
def lower_with_field(lowering: FunctionLowering, op: Op) -> list[Value]:
    struct, value = op.operands
    changed = list(lowering.parts(struct))
    changed[_place(op)] = lowering.parts(value)
    return changed


def _place(op: Op) -> slice:
    """Where in a struct's parts the operation's field stands."""
    struct = op.operands[0].type
    assert isinstance(struct, Struct)
    start = 0
    for name, type in struct.fields:
        end = start + len(parts(type))
        if name == op.attributes["field"]:
            return slice(start, end)
        start = end
    raise AssertionError(op.attributes["field"])
