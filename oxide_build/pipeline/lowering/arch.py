"""`gpu.arch`: what a target makes of conditions on it, before anything is lowered.

In: a function and the target's number. Out: the blocks that target can reach, and where each goes. Both sides of such a
condition were type-checked, once for all targets; only what is reached is lowered, so only there must the target have
what the code asks for.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from oxide_build.dialects import mir
from oxide_build.ir import Block, Function, Op, OpDefinition, Successor, Value
from oxide_build.ir.dominance import predecessors, reverse_postorder
from oxide_build.ir.types import i32
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers

Known: TypeAlias = "dict[Value, Any]"

_COMPUTE: Mapping[OpDefinition, Callable[..., Any]] = {
    mir.and_: operator.and_,
    mir.or_: operator.or_,
    mir.cmp: lambda left, right, predicate: getattr(operator, predicate)(left, right),
}


@lowers(mir.arch)
def lower_arch(lowering: FunctionLowering, op: Op) -> Value:
    return lowering.constant(lowering.target.number, i32)


def ways(function: Function, arch: int) -> Mapping[Block, list[Successor]]:
    """For each block that can be reached on `arch`, where it may go from there."""
    if not any(op.definition is mir.arch for op in function.ops()):
        return {block: _last(block).successors for block in function.blocks}
    before = predecessors(function)
    known: Known = {}
    taken: dict[Block, list[Successor]] = {}
    for block in reverse_postorder(function):
        arriving = [way for source in before[block] for way in taken.get(source, ()) if way.block is block]
        if not arriving and block is not function.blocks[0]:
            continue
        if all(source in taken or _is_dead(source, taken, before) for source in before[block]):
            _join(block, arriving, known)
        for op in block.ops:
            _evaluate(op, arch, known)
        taken[block] = _chosen(_last(block), known)
    return taken


def _last(block: Block) -> Op:
    return block.ops[-1]


def _is_dead(block: Block, taken: Mapping[Block, list[Successor]], before: Mapping[Block, list[Block]]) -> bool:
    """Whether a block not taken so far never will be: nothing that leads to it is still to come."""
    return all(source in taken and all(way.block is not block for way in taken[source]) for source in before[block])


def _join(block: Block, arriving: list[Successor], known: Known) -> None:
    """An argument is known where every way here passes the same known value."""
    for index, argument in enumerate(block.arguments):
        passed = [way.arguments[index] for way in arriving]
        values = {known.get(value) for value in passed}
        if len(values) == 1 and None not in values:
            known[argument] = values.pop()


def _evaluate(op: Op, arch: int, known: Known) -> None:
    if op.definition is mir.arch:
        known[op.result] = arch
    elif op.definition is mir.constant:
        known[op.result] = op.attributes["value"]
    elif op.definition is mir.not_ and isinstance(known.get(op.operands[0]), bool):
        known[op.result] = not known[op.operands[0]]
    elif op.definition in _COMPUTE and all(operand in known for operand in op.operands):
        known[op.result] = _COMPUTE[op.definition](*(known[operand] for operand in op.operands), **op.attributes)


def _chosen(end: Op, known: Known) -> list[Successor]:
    if end.definition is not mir.cond_br or end.operands[0] not in known:
        return end.successors
    return [end.successors[0 if known[end.operands[0]] else 1]]
