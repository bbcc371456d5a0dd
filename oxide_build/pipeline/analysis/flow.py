"""The shape of a function's control flow: loops, who decides whether a block runs, where parted threads meet.

In: a function. Out: a `Flow`. Its own room because it knows blocks only: what differs between threads is asked
elsewhere, and answered with these.

Methods: control dependence by the post-dominator tree (Ferrante, Ottenstein and Warren, 1987); the joins of a branch
by labels that travel from its two ways to its post-dominator, as in "Improving Performance of OpenCL on CPUs"
(Karrenberg and Hack, 2012).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from oxide_build.dialects import mir
from oxide_build.ir import Block, Function
from oxide_build.ir.dominance import Dominance, dominance, postdominators, predecessors

_LEAVE_A_MARK = frozenset({mir.store, mir.vector_store, mir.atomic_store, *mir.BLOCK_BARRIERS})


@dataclass(frozen=True, eq=False)
class Loop:
    """A natural loop: its head, all its blocks, the loop around it."""

    head: Block
    blocks: frozenset[Block]
    parent: Loop | None

    def exits(self) -> Iterator[Block]:
        """The blocks outside that it leads to."""
        return (after for block in self.blocks for after in block.successors if after not in self.blocks)


class Joins(NamedTuple):
    """The blocks where threads meet: `ahead` of them, and heads of loops they come to for another round."""

    ahead: set[Block]
    rounds: set[Block]


class Flow:
    """What the analyses ask about a function's blocks.

    `staying` are the blocks of threads that do not return early: who leaves a kernel leaves the others as they were.
    `following` is the nearest post-dominator among those, in the end `exit`, a block of no function where returns
    meet; `loops` is each block's innermost loop.
    """

    def __init__(self, function: Function) -> None:
        tree = dominance(function)
        self.blocks = tree.order
        self.exit = Block()
        self.staying = _staying(function, tree.order)
        self.following = postdominators([block for block in tree.order if block in self.staying], self.exit)
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
        """Where threads go from a block that do not return early; from the last return to `exit`."""
        return [after for after in block.successors if after in self.staying] or [self.exit]

    @cached_property
    def deciders(self) -> dict[Block, list[Block]]:
        """For each block those whose branch decides whether it runs, where every thread counts."""
        return _deciders(self.blocks, postdominators(self.blocks, self.exit))

    @cached_property
    def deciders_of_staying(self) -> dict[Block, list[Block]]:
        """Likewise, where threads that return early do not count; what only they run is decided by all."""
        if len(self.staying) == len(self.blocks):
            return self.deciders
        return {**self.deciders, **_deciders([b for b in self.blocks if b in self.staying], self.following)}

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
            if not loop.blocks.issuperset(self.after(block)):
                return block
            block = self.following[block]
        return None

    def joins(self, branch: Block) -> Joins:
        """Where threads that parted at `branch` meet again, perhaps a round of a loop later."""
        if branch not in self.staying:
            return Joins({self.exit}, set())
        ways = self.after(branch)
        if len(set(ways)) == 1:
            return Joins(set(ways) if len(ways) > 1 else set(), set())
        return _Parting(self, branch).joins


class _Parting:
    """The ways from one branch to its post-dominator; where two of them meet, the block becomes a label of its own."""

    def __init__(self, flow: Flow, branch: Block) -> None:
        self.flow = flow
        self.end = flow.following[branch]
        self.labels: dict[Block, Block | int] = {}
        self.rounds: dict[Block, Block | int] = {}
        self.around = {loop.head: loop for loop in flow.loops_around(branch)}
        self.joins = Joins(set(), set())
        self.queue: list[int] = []
        for way, block in enumerate(flow.after(branch)):
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
            self.joins.rounds.add(after)
        for exit in loop.exits():
            self._reach(exit, after)

    def _reach(self, block: Block, label: Block | int) -> None:
        known = self.labels.get(block)
        if known is block or known == label:
            return
        if known is not None:
            self.joins.ahead.add(block)
        self.labels[block] = label if known is None else block
        heapq.heappush(self.queue, self.flow.position[block])


def _deciders(blocks: Sequence[Block], following: Mapping[Block, Block]) -> dict[Block, list[Block]]:
    """Control dependence: the branches one way of which always comes to a block, another not."""
    result: dict[Block, list[Block]] = {block: [] for block in blocks}
    for block in blocks:
        ways = [after for after in block.successors if after in following]
        for runner in ways if len(ways) > 1 else ():
            while runner is not following[block]:
                if block not in result[runner]:
                    result[runner].append(block)
                runner = following[runner]
    return result


def _staying(function: Function, blocks: Sequence[Block]) -> frozenset[Block]:
    """The blocks from which a kernel's end can be reached; all of a device function, whose caller goes on."""
    returns = [block for block in blocks if not block.successors]
    if function.kind == "device" or len(returns) < 2:
        return frozenset(blocks)
    last = next((block for block in returns if block.ops[-1].span == function.span), returns[-1])
    staying: set[Block] = set()
    _gather(staying, last, predecessors(function))
    return frozenset(staying)


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
    """Add what leads to `last` to `body`, up to what is there already: a loop's head."""
    work = [last]
    while work:
        block = work.pop()
        if block not in body:
            body.add(block)
            work.extend(before[block])
