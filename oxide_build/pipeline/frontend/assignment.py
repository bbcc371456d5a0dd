"""Definite assignment: every local has a value wherever it is read.

In: a translated function, where locals are slots. Out: the errors at the reads that some
path reaches without a store. `mem2reg` relies on there being none.
"""

from __future__ import annotations

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.dominance import predecessors


def unassigned_reads(function: ir.Function) -> list[CompileError]:
    """One error for each local that may be read before it has a value, at its first such read."""
    slots = frozenset(op.result for op in function.ops() if op.definition is mir.local)
    assigned = _assigned_at_start(function, slots)
    errors: dict[ir.Value, CompileError] = {}
    for block in function.blocks:
        known = set(assigned[block])
        for op in block.ops:
            if op.definition is mir.store:
                known.add(op.operands[1])
            elif op.definition is mir.load and op.operands[0] in slots - known - errors.keys():
                errors[op.operands[0]] = _unassigned(op)
    return list(errors.values())


def _assigned_at_start(function: ir.Function, slots: frozenset[ir.Value]) -> dict[ir.Block, frozenset[ir.Value]]:
    """For each block, the slots stored on every path to it: the greatest solution, found by shrinking."""
    stored = {
        block: frozenset(op.operands[1] for op in block.ops if op.definition is mir.store) & slots
        for block in function.blocks
    }
    before = predecessors(function)
    start = dict.fromkeys(function.blocks, slots)
    start[function.blocks[0]] = frozenset()
    changed = True
    while changed:
        changed = False
        for block in function.blocks[1:]:
            known = frozenset.intersection(*(start[p] | stored[p] for p in before[block]))
            if known != start[block]:
                start[block], changed = known, True
    return start


def _unassigned(load: ir.Op) -> CompileError:
    name = load.operands[0].name
    return CompileError(
        f"`{name}` may have no value here",
        help=f"give `{name}` a value before the branch or loop that assigns it",
        span=load.span,
    )
