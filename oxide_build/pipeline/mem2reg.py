"""The `ssa` stage: locals' slots become values and block arguments.

In: `mir` with slots, each definitely assigned before it is read. Out: the same module
without slots. The frontend never thinks about SSA because this pass does.

Method: Cytron et al., "Efficiently Computing Static Single Assignment Form" (1991), pruned
by liveness, with block arguments in place of phis.
"""

from __future__ import annotations

from collections.abc import Mapping

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.ir.dominance import Dominance, dominance, dominance_frontiers, predecessors
from oxide_build.ir.types import Pointer, Type


def promote_slots(module: ir.Module) -> None:
    """Rewrite every function of `module` in place."""
    for function in module.functions.values():
        _promote(function)


def _promote(function: ir.Function) -> None:
    slots = [op.result for op in function.ops() if op.definition is mir.local]
    tree = dominance(function)
    frontiers = dominance_frontiers(function, tree)
    live = _live_at_start(function, frozenset(slots))
    arguments: dict[ir.Block, dict[ir.Value, ir.Value]] = {block: {} for block in function.blocks}
    for slot in slots:
        for block in _join_points(slot, function, frontiers, live):
            arguments[block][slot] = block.add_argument(_pointee(slot), slot.name)
    _rename(function, tree, arguments, frozenset(slots))


def _pointee(slot: ir.Value) -> Type:
    assert isinstance(slot.type, Pointer)
    assert slot.type.element is not None
    return slot.type.element


def _live_at_start(function: ir.Function, slots: frozenset[ir.Value]) -> dict[ir.Block, set[ir.Value]]:
    """For each block, the slots that may be read before they are stored again."""
    live: dict[ir.Block, set[ir.Value]] = {block: set() for block in function.blocks}
    kills: dict[ir.Block, set[ir.Value]] = {block: set() for block in function.blocks}
    for block in function.blocks:
        for op in block.ops:
            if op.definition is mir.load and op.operands[0] in slots and op.operands[0] not in kills[block]:
                live[block].add(op.operands[0])
            elif op.definition is mir.store and op.operands[1] in slots:
                kills[block].add(op.operands[1])
    before = predecessors(function)
    work = list(function.blocks)
    while work:
        block = work.pop()
        for predecessor in before[block]:
            passed = live[block] - kills[predecessor] - live[predecessor]
            if passed:
                live[predecessor] |= passed
                work.append(predecessor)
    return live


def _join_points(
    slot: ir.Value,
    function: ir.Function,
    frontiers: Mapping[ir.Block, set[ir.Block]],
    live: Mapping[ir.Block, set[ir.Value]],
) -> list[ir.Block]:
    """The blocks where several stores of `slot` meet and it is still read, in block order."""
    work = [block for block in function.blocks if any(_stores(op, slot) for op in block.ops)]
    joins: set[ir.Block] = set()
    while work:
        for block in frontiers[work.pop()]:
            if block not in joins and slot in live[block]:
                joins.add(block)
                work.append(block)
    return [block for block in function.blocks if block in joins]


def _stores(op: ir.Op, slot: ir.Value) -> bool:
    return op.definition is mir.store and op.operands[1] is slot


def _rename(
    function: ir.Function,
    tree: Dominance,
    arguments: Mapping[ir.Block, Mapping[ir.Value, ir.Value]],
    slots: frozenset[ir.Value],
) -> None:
    """Walk the dominator tree with each slot's current value, replacing loads and dropping stores."""
    replaced: dict[ir.Value, ir.Value] = {}
    stack: list[tuple[ir.Block, dict[ir.Value, ir.Value]]] = [(function.blocks[0], {})]
    while stack:
        block, inherited = stack.pop()
        current = {**inherited, **arguments[block]}
        block.ops[:] = [op for op in block.ops if not _absorbed(op, current, replaced, slots)]
        for successor in block.ops[-1].successors:
            successor.arguments.extend(current[slot] for slot in arguments[successor.block])
        stack.extend((child, current) for child in tree.children[block])


def _absorbed(
    op: ir.Op, current: dict[ir.Value, ir.Value], replaced: dict[ir.Value, ir.Value], slots: frozenset[ir.Value]
) -> bool:
    """Whether `op` only moved a slot's value; keeps track of that value, and rewrites other operations' operands."""
    op.operands[:] = [replaced.get(value, value) for value in op.operands]
    for successor in op.successors:
        successor.arguments[:] = [replaced.get(value, value) for value in successor.arguments]
    if op.definition is mir.load and op.operands[0] in slots:
        replaced[op.result] = current[op.operands[0]]
    elif op.definition is mir.store and op.operands[1] in slots:
        current[op.operands[1]] = op.operands[0]
    else:
        return op.definition is mir.local
    return True
