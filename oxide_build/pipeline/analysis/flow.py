"""The shape of a function's control flow: loops, who decides whether a block runs, where parted threads meet.

In: a function. Out: a `Flow`. Its own room because it knows blocks only: what differs between threads is asked
elsewhere, and answered with these.

Methods: control dependence by the post-dominator tree (Ferrante, Ottenstein and Warren, 1987); the joins of a branch
by labels that travel from its two ways to its post-dominator, as in "Improving Performance of OpenCL on CPUs"
(Karrenberg and Hack, 2012).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from oxide_build.dialects import mir
from oxide_build.ir import Block, Function
from oxide_build.ir.dominance import Dominance, dominance, postdominators, predecessors

_LEAVE_A_MARK = frozenset({mir.store, mir.vector_store, mir.atomic_store, mir.sync_threads, mir.sync_threads_reduce})


@dataclass(frozen=True, eq=False)
class Loop:
    """A natural loop: its head, all its blocks, the loop around it."""

    head: Block
    blocks: frozenset[Block]
    parent: Loop | None

    def exits(self) -> Iterator[Block]:
        """The blocks outside that it leads to."""
        return (after for block in self.blocks for after in block.successors if after not in self.blocks)


class Flow:
    """What the analyses ask about a function's blocks.

    `following` is each block's nearest post-dominator, in the end `exit`, a block of no function where returns meet;
    `loops` is each block's innermost loop.
    """

    def __init__(self, function: Function) -> None:
        tree = dominance(function)
        self.blocks = tree.order
        self.exit, self.following = postdominators(function)
        self.loops = _innermost_loops(function, tree)
        self.ordered = [*tree.order, self.exit]
        self.position = {block: number for number, block in enumerate(self.ordered)}

    def loops_around(self, block: Block) -> Iterator[Loop]:
        """The loops a block is in, the innermost first."""
        loop = self.loops.get(block)
        while loop is not None:
            yield loop
            loop = loop.parent

    def after(self, block: Block) -> list[Block]:
        """Where control goes from a block; from a return to `exit`."""
        return block.successors or [self.exit]

    @cached_property
    def deciders(self) -> dict[Block, list[Block]]:
        """For each block those whose branch decides whether it runs."""
        result: dict[Block, list[Block]] = {block: [] for block in self.ordered}
        for block in self.blocks:
            for runner in block.successors if len(block.successors) > 1 else ():
                while runner is not self.following[block]:
                    if block not in result[runner]:
                        result[runner].append(block)
                    runner = self.following[runner]
        return result

    @cached_property
    def tests(self) -> dict[Block, Loop]:
        """The blocks that hold a loop's own test, and the loop.

        That is the branch out of the loop that every round comes to first, before it has stored or waited: the
        condition of `while`, the end of `range`. Later ways out are the author's `break` and `return`.
        """
        loops = {loop.head: loop for block in self.blocks for loop in self.loops_around(block)}
        found = ((self._test(loop), loop) for loop in loops.values())
        return {block: loop for block, loop in found if block is not None}

    def _test(self, loop: Loop) -> Block | None:
        block = loop.head
        while block in loop.blocks and not any(op.definition in _LEAVE_A_MARK for op in block.ops):
            if not loop.blocks.issuperset(block.successors):
                return block
            block = self.following[block]
        return None

    def joins(self, branch: Block) -> set[Block]:
        """The blocks where threads that parted at `branch` meet again, perhaps a round of a loop later."""
        if len(set(branch.successors)) == 1:
            return set(branch.successors)
        return _Parting(self, branch).joins


class _Parting:
    """The ways from one branch to its post-dominator; where two of them meet, the block becomes a label of its own."""

    def __init__(self, flow: Flow, branch: Block) -> None:
        self.flow = flow
        self.end = flow.following[branch]
        self.labels: dict[Block, Block | int] = {}
        self.rounds: dict[Block, Block | int] = {}
        self.around = {loop.head: loop for loop in flow.loops_around(branch)}
        self.joins: set[Block] = set()
        self.queue: list[int] = []
        for way, block in enumerate(branch.successors):
            self._go(branch, block, way)
        while self.queue:
            block = flow.ordered[heapq.heappop(self.queue)]
            for after in flow.after(block) if block is not self.end else ():
                self._go(block, after, self.labels[block])

    def _go(self, block: Block, after: Block, label: Block | int) -> None:
        loop = self.around.get(after)
        if loop is None or block not in loop.blocks:
            self._reach(after, label)
            return
        if self.rounds.setdefault(after, label) != label:
            self.joins.add(after)
        for exit in loop.exits():
            self._reach(exit, after)

    def _reach(self, block: Block, label: Block | int) -> None:
        known = self.labels.get(block)
        if known is block or known == label:
            return
        if known is not None:
            self.joins.add(block)
        self.labels[block] = label if known is None else block
        heapq.heappush(self.queue, self.flow.position[block])


def _innermost_loops(function: Function, tree: Dominance) -> dict[Block, Loop]:
    """Each block's innermost loop, found from the branches that go back to a block that dominates them."""
    before = predecessors(function)
    bodies: dict[Block, set[Block]] = {}
    for block in tree.order:
        for head in block.successors:
            if tree.dominates(head, block):
                _gather(bodies.setdefault(head, {head}), block, before)
    innermost: dict[Block, Loop] = {}
    for head, blocks in sorted(bodies.items(), key=lambda item: -len(item[1])):
        loop = Loop(head, frozenset(blocks), innermost.get(head))
        innermost.update(dict.fromkeys(blocks, loop))
    return innermost


def _gather(body: set[Block], last: Block, before: dict[Block, list[Block]]) -> None:
    """Add to a loop's body what leads to `last`, up to the head that is there already."""
    work = [last]
    while work:
        block = work.pop()
        if block not in body:
            body.add(block)
            work.extend(before[block])
