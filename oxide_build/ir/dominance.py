"""Which block must run before which: reverse postorder, dominators and post-dominators, dominance frontiers.

Method: Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001); queries
use intervals of the dominator tree, so one answer costs two comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oxide_build.ir.core import Block, Function


def reverse_postorder(function: Function) -> list[Block]:
    """The reachable blocks, each before its successors except along back edges; a loop's body before its exit."""
    order: list[Block] = []
    seen = {function.blocks[0]}
    stack = [(function.blocks[0], reversed(function.blocks[0].successors))]
    while stack:
        block, successors = stack[-1]
        following = next((s for s in successors if s not in seen), None)
        if following is None:
            order.append(block)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, reversed(following.successors)))
    return order[::-1]


def predecessors(function: Function) -> dict[Block, list[Block]]:
    """For each block, the blocks that may run just before it."""
    result: dict[Block, list[Block]] = {block: [] for block in function.blocks}
    for block in function.blocks:
        for successor in block.successors:
            result[successor].append(block)
    return result


@dataclass(frozen=True)
class Dominance:
    """The dominator tree of a function's reachable blocks, in `order` (reverse postorder)."""

    order: list[Block]
    immediate: dict[Block, Block]
    children: dict[Block, list[Block]]
    _intervals: dict[Block, tuple[int, int]]

    def dominates(self, a: Block, b: Block) -> bool:
        """Whether every path to `b` goes through `a` (a block dominates itself)."""
        first, last = self._intervals[a]
        return first <= self._intervals[b][0] <= last


def dominance(function: Function) -> Dominance:
    """Compute the dominator tree."""
    order = reverse_postorder(function)
    before = predecessors(function)
    immediate = _immediate_dominators(order, before)
    children: dict[Block, list[Block]] = {block: [] for block in order}
    for block in order[1:]:
        children[immediate[block]].append(block)
    return Dominance(order, immediate, children, _intervals(order[0], children))


def dominance_frontiers(function: Function, tree: Dominance) -> dict[Block, set[Block]]:
    """For each block, where its dominance ends: the blocks it leads to without dominating them alone."""
    before, immediate = predecessors(function), tree.immediate
    frontier: dict[Block, set[Block]] = {block: set() for block in tree.order}
    for block in tree.order:
        reachable = [p for p in before[block] if p in immediate]
        if len(reachable) < 2:
            continue
        for runner in reachable:
            while runner is not immediate[block]:
                frontier[runner].add(block)
                runner = immediate[runner]
    return frontier


def postdominators(blocks: Sequence[Block], end: Block) -> dict[Block, Block]:
    """For each of `blocks`, in reverse postorder, the next that every way from it within them comes through.

    `end` is where returns lead to; an endless loop counts as leading there too.
    """
    order, known = list(blocks), set(blocks)
    after = {block: [s for s in block.successors if s in known] or [end] for block in order}
    before: dict[Block, list[Block]] = {block: [] for block in [*order, end]}
    for block, following in after.items():
        for other in following:
            before[other].append(block)
    backwards = _postorder_from(end, before)
    while endless := [block for block in order if block not in backwards]:
        after[endless[-1]].append(end)
        before[end].append(endless[-1])
        backwards = _postorder_from(end, before)
    return _immediate_dominators(list(backwards)[::-1], {**after, end: []})


def _postorder_from(root: Block, successors: Mapping[Block, list[Block]]) -> dict[Block, None]:
    """The blocks reached from `root`, each after those it leads to."""
    order: dict[Block, None] = {}
    seen = {root}
    stack = [(root, iter(successors[root]))]
    while stack:
        block, following = stack[-1]
        new = next((other for other in following if other not in seen), None)
        if new is None:
            order[block] = None
            stack.pop()
        else:
            seen.add(new)
            stack.append((new, iter(successors[new])))
    return order


def _immediate_dominators(order: list[Block], before: Mapping[Block, list[Block]]) -> dict[Block, Block]:
    position = {block: index for index, block in enumerate(order)}
    immediate = {order[0]: order[0]}

    def intersect(a: Block, b: Block) -> Block:
        while a is not b:
            while position[a] > position[b]:
                a = immediate[a]
            while position[b] > position[a]:
                b = immediate[b]
        return a

    changed = True
    while changed:
        changed = False
        for block in order[1:]:
            known = [p for p in before[block] if p in immediate]
            new = known[0]
            for other in known[1:]:
                new = intersect(new, other)
            if immediate.get(block) is not new:
                immediate[block] = new
                changed = True
    return immediate


def _intervals(root: Block, children: dict[Block, list[Block]]) -> dict[Block, tuple[int, int]]:
    entered: dict[Block, int] = {}
    result: dict[Block, tuple[int, int]] = {}
    stack = [(root, False)]
    while stack:
        block, done = stack.pop()
        if done:
            result[block] = (entered[block], len(entered) - 1)
            continue
        entered[block] = len(entered)
        stack.append((block, True))
        stack.extend((child, False) for child in children[block])
    return result
