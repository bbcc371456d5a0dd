"""Barriers and warp operations: do all threads they wait for come by?

In: an `ssa` module. Out: CompileErrors for those under control flow that differs between the threads; a warning for
those in a loop that threads may run differently often, since they may as well run it equally often. Its own room
because here the analysis meets the language's rule and the author.

The rule: what waits for the block needs control flow that is uniform in the block; what waits for all 32 lanes needs
one that is uniform in the warp, but not of lanes that have returned. An operation whose mask is not constantly full is
the author's promise. Control flow differs by an `if`, by a `return`, `break` or `continue` that some threads take, by
a loop's own test; only the last, where it is the only one, is a warning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from oxide_build.dialects import mir
from oxide_build.errors import Collector, CompileError, CompileWarning, Note, Span, Warn
from oxide_build.ir import Block, Function, Module, Op, Value
from oxide_build.pipeline.analysis.flow import Flow
from oxide_build.pipeline.analysis.forms import Level
from oxide_build.pipeline.analysis.uniformity import Uniformity, analyse, names_all_lanes

WARP_OPERATIONS = frozenset({mir.sync_warp, mir.shuffle, mir.vote, mir.match_any, mir.warp_reduce})

_SHUFFLES = {"idx": "shuffle", "up": "shuffle_up", "down": "shuffle_down", "xor": "shuffle_xor"}


def check_convergence(module: Module, warn: Warn) -> None:
    """Check every kernel with all it calls; raises CompileErrors."""
    check = _Check(module, warn)
    flows: dict[Function, Flow] = {}
    for kernel in module.kernels():
        if check.waits(kernel):
            check.function(analyse(module, kernel, flows), {})
    check.errors.raise_if_any()


def awaited(op: Op) -> Level | None:
    """For whom an operation waits: the block or the warp; None where nobody, or only the lanes its author names."""
    if op.definition in mir.BLOCK_BARRIERS:
        return Level.BLOCK
    return Level.WARP if op.definition in WARP_OPERATIONS and names_all_lanes(op) else None


@dataclass(frozen=True)
class _Cause:
    """A branch at which threads part: what kind of statement it is, and on what it decides."""

    analysis: Uniformity
    branch: Op
    is_loop: bool

    @property
    def condition(self) -> Value:
        return self.branch.operands[0]


@dataclass
class _Check:
    module: Module
    warn: Warn
    errors: Collector = field(default_factory=Collector)
    _seen: set[object] = field(default_factory=set)
    _waits: dict[Function, bool] = field(default_factory=dict)

    def waits(self, function: Function) -> bool:
        """Whether a function or one that it calls has an operation that waits for other threads."""
        if function not in self._waits:
            self._waits[function] = any(awaited(op) is not None or self._calls_one(op) for op in function.ops())
        return self._waits[function]

    def _calls_one(self, op: Op) -> bool:
        return op.definition is mir.call and self.waits(self.module.functions[op.attributes["callee"]])

    def function(self, analysis: Uniformity, outer: Mapping[Level, _Cause]) -> None:
        """Check one function where it is called: `outer` parted the threads, at each level, before they came."""
        key = analysis, tuple((level, cause.branch) for level, cause in outer.items())
        if key in self._seen:
            return
        self._seen.add(key)
        for block in analysis.flow.blocks:
            causes: dict[Level, _Cause | None] = {}
            for op in block.ops:
                level = awaited(op)
                if level is not None:
                    self._report(op, level, _cause(analysis, block, level, causes), outer.get(level))
                elif self._calls_one(op):
                    inner = {at: _cause(analysis, block, at, causes) or outer.get(at) for at in Level}
                    given = {at: cause for at, cause in inner.items() if cause is not None}
                    self.function(analysis.analyses.callee(op, analysis.operands(op)), given)

    def _report(self, op: Op, level: Level, own: _Cause | None, outer: _Cause | None) -> None:
        cause = own or outer
        if cause is None or (op.span, level) in self._seen:
            return
        self._seen.add((op.span, level))
        if cause.is_loop:
            self.warn(_rounds_differ(op, level, cause))
        else:
            inside = own is None or _is_inside(op.span, own.branch.span)
            self.errors.errors.append(_ways_differ(op, level, cause, inside))


def _cause(analysis: Uniformity, block: Block, level: Level, known: dict[Level, _Cause | None]) -> _Cause | None:
    """The nearest branch that keeps some of the awaited threads from `block`; a loop's own test only where no other."""
    if level not in known:
        known[level] = _find_cause(analysis, block, level)
    return known[level]


def _find_cause(analysis: Uniformity, block: Block, level: Level) -> _Cause | None:
    flow = analysis.flow
    deciders = flow.deciders if level is Level.BLOCK else flow.deciders_of_staying
    rounds: _Cause | None = None
    seen, work = {block}, deque([block])
    while work:
        for decider in deciders[work.popleft()]:
            if analysis.branches.get(decider, Level.BLOCK) > level:
                loop = flow.tests.get(decider)
                if loop is None or block not in loop.blocks:
                    return _Cause(analysis, decider.ops[-1], False)
                rounds = rounds or _Cause(analysis, decider.ops[-1], True)
            if decider not in seen:
                seen.add(decider)
                work.append(decider)
    return rounds


# reports

_WHO = {Level.BLOCK: "the threads of a block", Level.WARP: "the lanes of a warp"}


def _ways_differ(op: Op, level: Level, cause: _Cause, inside: bool) -> CompileError:
    where = "under a condition that differs" if inside else "which only some come to: a condition on the way differs"
    return CompileError(
        f"`{_spelling(op)}` {where} between {_WHO[level]}",
        help=f"{_remedy(op, level, inside)}; if the condition is in fact the same for all, "
        "write gpu.assume_uniform(…) around it",
        span=op.span,
        notes=list(_notes(cause, f"some of {_WHO[level]} go another way here")),
    )


def _rounds_differ(op: Op, level: Level, cause: _Cause) -> CompileWarning:
    return CompileWarning(
        f"`{_spelling(op)}` in a loop that {_WHO[level]} may run differently often",
        help="let all run it equally often, `for start in range(0, n, step):` with `i = start + gpu.thread_idx.x`, and "
        "put the work under `if i < n:`; if they do already, say so: `while gpu.assume_uniform(…):`",
        span=op.span,
        notes=list(_notes(cause, "this differs between them")),
    )


def _remedy(op: Op, level: Level, inside: bool) -> str:
    if level is Level.WARP:
        mask = "" if op.definition is mir.warp_reduce else "; or name the lanes that come by: mask=…"
        return f"let all lanes come by, those without work with a value that changes nothing{mask}"
    if inside:
        return "take the barrier out and put only the work under the condition, before it and again behind it"
    return "keep all threads to the end: put the work under the opposite condition in place of leaving"


def _is_inside(span: Span | None, statement: Span | None) -> bool:
    """Whether a place lies within the statement that branches; of a `case`, the branch knows the pattern only."""
    if span is None or statement is None:
        return True
    is_case = statement.source.line(statement.line).lstrip().startswith("case ")
    return statement.line <= span.line and (is_case or span.line <= statement.end_line)


def _notes(cause: _Cause, message: str) -> Iterator[Note]:
    """Where threads part, and where what they part by began to differ."""
    owner = cause.condition.owner
    place = owner.span if isinstance(owner, Op) and owner.span is not None else cause.branch.span
    if place is None:
        return
    yield Note(message, place)
    source = _source(cause)
    if source is not None and source.span is not None and source.span.line != place.line:
        yield Note("because each thread has its own value of this", source.span)


def _source(cause: _Cause) -> Op | None:
    """The operation at which the values that a condition comes from began to differ; None where threads' ways did."""
    analysis, value = cause.analysis, cause.condition
    seen: set[Value] = set()
    while value not in seen:
        seen.add(value)
        owner = value.owner
        given = owner.operands if isinstance(owner, Op) else _brought(analysis, value)
        differing = [v for v in given if v not in seen and analysis.forms[v].level is Level.THREAD]
        if not differing:
            return owner if isinstance(owner, Op) else None
        value = differing[0]
    return None


def _brought(analysis: Uniformity, argument: Value) -> list[Value]:
    """What a block's argument is, by each way to the block."""
    ends = [successor for block in analysis.flow.blocks for successor in block.ops[-1].successors]
    ways = [successor for successor in ends if successor.block is argument.owner]
    return [successor.arguments[successor.block.arguments.index(argument)] for successor in ways]


def _spelling(op: Op) -> str:
    """An operation as its author wrote it."""
    attributes = op.attributes
    if op.definition is mir.sync_threads_reduce:
        return f"gpu.sync_threads_{attributes['operation']}()"
    if op.definition is mir.shuffle:
        return f"gpu.{_SHUFFLES[attributes['mode']]}()"
    if op.definition is mir.vote:
        return f"gpu.{attributes['operation']}()"
    if op.definition is mir.warp_reduce:
        operation = attributes["operation"]
        return f"gpu.reduce_{operation}{'_' * (operation in ('and', 'or'))}()"
    return f"gpu.{op.name.removeprefix('mir.')}()"
