"""Which values differ between the threads of a block, and which branches part them.

In: a function of the `ssa` stage, and what is known of its arguments. Out: a `Uniformity`: each value's form, each
branch's level. It starts from "all threads agree" and raises what it must, so loops are no problem. Values differ

- by what they are computed from: `thread_idx`, the lane, atomics, local arrays, inline PTX, clocks;
- by the way a thread came (a block's arguments, where threads that parted meet again);
- by the round in which it left a loop.

Decided, and on the lenient side, since the simulator and the GPU run the truth:

- A load from an address all threads share gives all of them the same, as if no thread wrote it meanwhile; an atomic
  load does not.
- Where a kernel does not fix its block, its rows are taken for whole warps (`block_dim.x` a multiple of 32, or one
  row): `thread_idx.x // 32` is uniform in a warp, and so is `thread_idx.y`. A kernel with `block=` is taken exactly.
- Lanes that have returned are not missed by a vote, as the language says of warps.

Device functions are analysed once for each combination of argument forms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TypeAlias

from oxide_build.dialects import mir
from oxide_build.ir import Block, Function, Module, Op, OpDefinition, Value
from oxide_build.pipeline.analysis.flow import Flow, Loop
from oxide_build.pipeline.analysis.forms import (
    DIVERGENT,
    LANES,
    UNIFORM,
    WARP,
    Form,
    Level,
    combined,
    computed,
    constant_of,
    joined,
    raised,
)

Extents: TypeAlias = "tuple[int, int, int] | None"
"""The block a kernel fixes."""

FULL_MASK = 0xFFFFFFFF


@dataclass
class Analyses:
    """The analyses of a kernel and of what it calls, each function once for each combination of argument forms."""

    module: Module
    extents: Extents
    flows: dict[Function, Flow]
    done: dict[tuple[str, tuple[Form, ...]], Uniformity] = field(default_factory=dict)

    def of(self, function: Function, arguments: Sequence[Form]) -> Uniformity:
        """The analysis of a function called with such arguments."""
        key = function.name, tuple(arguments)
        if key not in self.done:
            if function not in self.flows:
                self.flows[function] = Flow(function)
            self.done[key] = Uniformity(self, function, arguments)
            self.done[key].solve()
        return self.done[key]

    def callee(self, call: Op, arguments: Sequence[Form]) -> Uniformity:
        """The analysis of the function an operation calls."""
        return self.of(self.module.functions[call.attributes["callee"]], arguments)


def analyse(module: Module, kernel: Function, flows: dict[Function, Flow] | None = None) -> Uniformity:
    """The analysis of a kernel; `flows` keeps the shapes of functions that several kernels call."""
    analyses = Analyses(module, kernel.attributes.get("block"), {} if flows is None else flows)
    return analyses.of(kernel, [UNIFORM] * len(kernel.parameters))


class Uniformity:
    """One function: `forms` of its values, `branches` that part threads and how far, `results` it returns."""

    def __init__(self, analyses: Analyses, function: Function, arguments: Sequence[Form]) -> None:
        self.analyses = analyses
        self.function = function
        self.flow = analyses.flows[function]
        self.forms: dict[Value, Form] = dict(zip(function.parameters, arguments, strict=True))
        self.branches: dict[Block, Level] = {}
        self.results: tuple[Form, ...] = ()
        self._met: dict[Value, Level] = {}
        self._returning = Level.BLOCK
        self._leaving: dict[Loop, Level] = {}
        self._users: dict[Value, list[Op]] = {}
        ops = (op for block in self.flow.blocks for op in block.ops)
        self._work: deque[Op] = deque(op for op in ops if op.results or op.definition.terminator)
        self._queued = set(self._work)

    def solve(self) -> None:
        """Raise what must be raised until nothing changes."""
        for op in self._work:
            for values in (op.operands, *(successor.arguments for successor in op.successors)):
                for value in values:
                    self._users.setdefault(value, []).append(op)
        self._steady, self._steady_in_rounds = _steady_arguments(self.flow)
        while self._work:
            op = self._work.popleft()
            self._queued.discard(op)
            if op.definition.terminator:
                self._leave(op)
            else:
                for result, form in zip(op.results, self._computed(op), strict=True):
                    self._set(result, form)
        self.results = self._returned()

    def read(self, value: Value, at: Block) -> Form:
        """What is known of a value where it is used: outside of a loop that threads left at different times, less."""
        form = self.forms[value]
        if not self._leaving:
            return form
        home = value.owner.block if isinstance(value.owner, Op) else value.owner
        if home is at or home is None or self.flow.loops.get(home) is self.flow.loops.get(at):
            return form
        left = (loop for loop in self.flow.loops_around(home) if at not in loop.blocks)
        return raised(form, max((self._leaving.get(loop, Level.BLOCK) for loop in left), default=Level.BLOCK))

    def operands(self, op: Op) -> list[Form]:
        """What is known of an operation's operands, where it uses them."""
        assert op.block is not None
        return [self.read(value, op.block) for value in op.operands]

    # raising

    def _set(self, value: Value, form: Form) -> None:
        old = self.forms.get(value)
        if old is None:
            self.forms[value] = form
        elif form != old and (new := joined(old, form)) != old:
            self.forms[value] = new
            self._requeue(self._users.get(value, ()))

    def _requeue(self, ops: Sequence[Op]) -> None:
        for op in ops:
            if op not in self._queued and (op.results or op.definition.terminator):
                self._work.append(op)
                self._queued.add(op)

    def _leave(self, op: Op) -> None:
        assert op.block is not None
        for successor in op.successors:
            for argument, value in zip(successor.block.arguments, successor.arguments, strict=True):
                met = self._met.get(argument, Level.BLOCK)
                self._set(argument, raised(self.read(value, successor.block), met))
        if op.definition is mir.cond_br:
            level = self.read(op.operands[0], op.block).level
            if level > self.branches.get(op.block, Level.BLOCK):
                self.branches[op.block] = level
                self._part(op.block, level)

    def _part(self, branch: Block, level: Level) -> None:
        """Threads part at `branch`: raise what they bring along where they meet, and what leaves their loops."""
        joins = self.flow.joins(branch)
        for blocks, steady in ((joins.ahead, self._steady), (joins.rounds, self._steady_in_rounds)):
            for argument in (argument for block in blocks for argument in block.arguments if argument not in steady):
                self._met[argument] = max(level, self._met.get(argument, Level.BLOCK))
                if argument in self.forms:
                    self._set(argument, raised(self.forms[argument], level))
        if self.flow.exit in joins.ahead:
            self._returning = max(level, self._returning)
        for loop in self.flow.loops_around(branch):
            if self.flow.following.get(branch) not in loop.blocks and level > self._leaving.get(loop, Level.BLOCK):
                self._leaving[loop] = level
                self._requeue(list(self._outer_users(loop)))

    def _outer_users(self, loop: Loop) -> dict[Op, None]:
        values = (v for block in loop.blocks for v in (*block.arguments, *(r for op in block.ops for r in op.results)))
        users = (user for value in values for user in self._users.get(value, ()))
        return {user: None for user in users if user.block not in loop.blocks or user.successors}

    # operations

    def _computed(self, op: Op) -> Sequence[Form]:
        forms = self.operands(op)
        rule = _RULES.get(op.definition)
        if rule is not None:
            return [rule(self, op, forms)] * len(op.results)
        if op.definition is mir.call:
            return self.analyses.callee(op, forms).results
        if op.definition.pure and len(op.results) == 1:
            return [computed(op, forms)]
        return [combined(forms) if op.definition.pure else DIVERGENT] * len(op.results)

    def _returned(self) -> tuple[Form, ...]:
        returns = [self.operands(block.ops[-1]) for block in self.flow.blocks if not block.successors]
        return tuple(raised(reduce(joined, forms), self._returning) for forms in zip(*returns, strict=True))


def _steady_arguments(flow: Flow) -> tuple[set[Value], set[Value]]:
    """The block arguments that are one value whichever way a thread comes; in loops' heads, for another round."""
    brought: dict[Value, set[Value]] = {}
    again: dict[Value, set[Value]] = {}
    for block in flow.blocks:
        around = {loop.head for loop in flow.loops_around(block)}
        for successor in block.ops[-1].successors:
            for argument, value in zip(successor.block.arguments, successor.arguments, strict=True):
                brought.setdefault(argument, set()).add(value)
                if successor.block in around:
                    again.setdefault(argument, set()).add(value)
    steady, steady_again = ({a for a, values in found.items() if len(values) == 1} for found in (brought, again))
    return steady, steady_again


# what is not arithmetic

_Rule: TypeAlias = Callable[[Uniformity, Op, Sequence[Form]], Form]


def _coordinate(analysis: Uniformity, op: Op, forms: Sequence[Form]) -> Form:
    extents = analysis.analyses.extents
    register, axis = op.attributes["register"], "xyz".index(op.attributes["axis"])
    if register == "thread_idx":
        return _thread_index(extents, axis)
    if register != "block_dim":
        return UNIFORM
    if extents is not None:
        return Form(Level.BLOCK, False, extents[axis] % LANES)
    return Form(Level.BLOCK, False, 0 if axis == 0 else None)


def _thread_index(extents: Extents, axis: int) -> Form:
    if extents is not None and extents[axis] == 1:
        return Form(Level.BLOCK, False, 0)
    if extents is not None and extents[0] % LANES and extents[1] * extents[2] > 1:
        return DIVERGENT
    return Form(Level.WARP, True, 0) if axis == 0 else WARP


def _add(analysis: Uniformity, op: Op, forms: Sequence[Form]) -> Form:
    return Form(Level.WARP, True, 0) if _is_thread_number(op, analysis.analyses.extents) else computed(op, forms)


def _is_thread_number(op: Op, extents: Extents) -> bool:
    """Whether this is `(z * height + y) * width + x`, the thread's number in its block, which counts lanes."""
    row = _row(op, "x", 0, extents)
    if row is None or _is_register(row, "thread_idx", "y"):
        return row is not None and (extents is None or extents[2] == 1)
    plane = _row(row.owner, "y", 1, extents) if isinstance(row.owner, Op) else None
    return plane is not None and _is_register(plane, "thread_idx", "z")


def _row(op: Op, axis: str, number: int, extents: Extents) -> Value | None:
    """What stands for the row in `row * extent + thread_idx.axis`; None where an operation is something else."""
    if op.definition is not mir.add:
        return None
    for product, index in (op.operands, op.operands[::-1]):
        factors = (
            product.owner.operands if isinstance(product.owner, Op) and product.owner.definition is mir.mul else ()
        )
        if _is_register(index, "thread_idx", axis) and factors:
            for row, width in (factors, factors[::-1]):
                fixed = extents is not None and constant_of(width) == extents[number]
                if fixed or _is_register(width, "block_dim", axis):
                    return row
    return None


def _is_register(value: Value, register: str, axis: str) -> bool:
    wanted = {"register": register, "axis": axis}
    return isinstance(value.owner, Op) and value.owner.definition is mir.coordinate and value.owner.attributes == wanted


def _extent(analysis: Uniformity, op: Op, forms: Sequence[Form]) -> Form:
    """All rows of an array are equally long, whichever a thread took."""
    assert op.block is not None
    view = op.operands[0]
    while isinstance(view.owner, Op) and view.owner.definition is mir.subview:
        view = view.owner.operands[0]
    return Form(analysis.read(view, op.block).level)


def names_all_lanes(op: Op) -> bool:
    """Whether a warp operation is for all lanes: its mask is full, or it has none."""
    return op.definition is mir.warp_reduce or constant_of(op.operands[-1]) == FULL_MASK


def _shuffle(analysis: Uniformity, op: Op, forms: Sequence[Form]) -> Form:
    value, lane, _ = forms
    if not names_all_lanes(op):
        return DIVERGENT
    if value.level <= Level.WARP:
        return Form(value.level)
    return WARP if op.attributes["mode"] == "idx" and lane.level <= Level.WARP else DIVERGENT


def _vote(analysis: Uniformity, op: Op, forms: Sequence[Form]) -> Form:
    if not names_all_lanes(op):
        return DIVERGENT
    return UNIFORM if op.attributes["operation"] != "ballot" and forms[0].level is Level.BLOCK else WARP


def _loaded(analysis: Uniformity, op: Op, forms: Sequence[Form]) -> Form:
    return combined(forms)


def _always(form: Form) -> _Rule:
    return lambda analysis, op, forms: form


_RULES: Mapping[OpDefinition, _Rule] = {
    mir.coordinate: _coordinate,
    mir.add: _add,
    mir.extent: _extent,
    mir.load: _loaded,
    mir.vector_load: _loaded,
    mir.shuffle: _shuffle,
    mir.vote: _vote,
    mir.warp_reduce: _always(WARP),
    mir.lane_id: _always(Form(Level.BLOCK, True, 0)),
    **dict.fromkeys((mir.sync_threads_reduce, mir.assume_uniform, mir.arch), _always(UNIFORM)),
    **dict.fromkeys((mir.shared_array, mir.dynamic_shared_array), _always(UNIFORM)),
}
"""Operations that are no arithmetic; other impure ones give what differs between threads."""
