"""Loops to `mir`: `while`, `range`, `gpu.grid_stride`, `gpu.unroll`, `break`, `continue`."""

from __future__ import annotations

import ast

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import i32, i64, u32, u64
from oxide_build.pipeline.frontend.assignments import assign_to
from oxide_build.pipeline.frontend.builder import (
    STATEMENTS,
    FunctionBuilder,
    Loop,
    Poison,
    translates,
)
from oxide_build.pipeline.frontend.conversions import cast, coerce, scalar_type, unify
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
    OwnIndex,
    Witness,
)
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.frontend.statements import branch_on
from oxide_build.pipeline.frontend.threads import coordinate, global_index
from oxide_build.pipeline.frontend.unrolling import unrolled

MOST_COPIES = 64
"""The most copies of a loop's body that `gpu.unroll` can ask for."""


@translates(STATEMENTS, ast.While)
def while_(f: FunctionBuilder, node: ast.While) -> None:
    """`while`."""
    _refuse_else(f, node)
    head, body, done = ir.Block(), ir.Block(), ir.Block()
    f.branch(head)
    f.start(head)
    branch_on(f, node.test, body, done)
    f.start(body)
    _loop_body(f, node.body, head, done)
    f.start(done)


def _loop_body(f: FunctionBuilder, body: list[ast.stmt], next: ir.Block, exit: ir.Block) -> None:
    f.loops.append(Loop(next, exit))
    f.statements(body)
    f.loops.pop()
    f.branch(next)


def _refuse_else(f: FunctionBuilder, node: ast.While | ast.For) -> None:
    if node.orelse:
        with f.at(node.orelse[0]):
            raise CompileError("a loop's `else` is not part of the kernel language", help="set a bool before `break`")


@translates(STATEMENTS, ast.Break)
def break_(f: FunctionBuilder, node: ast.Break) -> None:
    """`break`."""
    _jump(f, "break")


@translates(STATEMENTS, ast.Continue)
def continue_(f: FunctionBuilder, node: ast.Continue) -> None:
    """`continue`."""
    _jump(f, "continue")


def _jump(f: FunctionBuilder, word: str) -> None:
    if not f.loops:
        raise CompileError(f"`{word}` outside a loop")
    target = f.loops[-1].exit if word == "break" else f.loops[-1].next
    f.branch(target)
    f.start(ir.Block())


@translates(STATEMENTS, ast.For)
def for_(f: FunctionBuilder, node: ast.For) -> None:
    """`for … in range(…)` and `for … in gpu.grid_stride(n)`."""
    try:
        _refuse_else(f, node)
        _for(f, node)
    except CompileError:
        for part in ast.walk(node.target):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                f.names.setdefault(part.id, Poison())
        if f.block.terminator is not None:
            f.start(ir.Block())
        f.loops.append(Loop(ir.Block(), ir.Block()))
        f.statements(node.body)
        f.loops.pop()
        raise


def _for(f: FunctionBuilder, node: ast.For) -> None:
    if unrolled(f, node):
        return
    if not isinstance(node.target, ast.Name):
        with f.at(node.target):
            raise CompileError("a loop has one variable", help="write `for i in range(…)`")
    with f.at(node.iter):
        call, copies = _unroll_request(f, node.iter)
    callee = call.func if isinstance(call, ast.Call) else None
    with f.at(node.iter):
        if isinstance(call, ast.Call) and callee is not None and not call.keywords:
            if isinstance(callee, ast.Name) and callee.id == "range" and 1 <= len(call.args) <= 3:
                _range(f, node, [f.expression(argument) for argument in call.args], copies)
                return
            if dotted(callee, f.module.names) == "gpu.grid_stride" and len(call.args) == 1:
                _grid_stride(f, node, f.expression(call.args[0]), copies)
                return
        raise CompileError(
            f"a kernel cannot loop over `{ast.unparse(node.iter)}`",
            help="write `for i in range(start, stop, step)`, `for i in gpu.grid_stride(n)`, or "
            "`for i in gpu.static_range(4)` to unroll",
        )


def _unroll_request(f: FunctionBuilder, node: ast.expr) -> tuple[ast.expr, int]:
    """The loop of `gpu.unroll(range(…), copies)` and the copies; 0 for any other loop."""
    if not isinstance(node, ast.Call) or dotted(node.func, f.module.names) != "gpu.unroll":
        return node, 0
    copies = f.known(node.args[1]) if len(node.args) == 2 and not node.keywords else None
    inner = node.args[0] if node.args else node
    number = copies.value if isinstance(copies, Constant) else None
    if not _counts(f, inner) or type(number) is not int or not 1 <= number <= MOST_COPIES:
        raise CompileError(
            f"`gpu.unroll` takes a range or gpu.grid_stride and a constant from 1 to {MOST_COPIES}",
            help="write `for i in gpu.unroll(range(n), 4):`",
        )
    return inner, number


def _counts(f: FunctionBuilder, node: ast.expr) -> bool:
    """Whether this calls one of the loops that count on the GPU."""
    if not isinstance(node, ast.Call):
        return False
    is_range = isinstance(node.func, ast.Name) and node.func.id == "range"
    return is_range or dotted(node.func, f.module.names) == "gpu.grid_stride"


def _again(f: FunctionBuilder, head: ir.Block, copies: int) -> None:
    """Go back to the loop's head, with the author's request to unroll it."""
    if copies:
        f.emit(mir.loop_br(to=[ir.Successor(head)], unroll=copies))
    else:
        f.branch(head)


def _grid_stride(f: FunctionBuilder, node: ast.For, limit: Operand, copies: int) -> None:
    """Every index below `limit`, each visited by one thread; compared unsigned, so that the last step may wrap.

    They are i32, or i64 where the limit is.
    """
    f.use_index(1)
    type = i64 if isinstance(limit, ir.Value) and limit.type == i64 else i32
    n = f.value(mir.max_(coerce(f, limit, type, "the limit of gpu.grid_stride"), f.constant(0, type)))
    unsigned = u32 if type == i32 else u64
    bound = cast(f, n, unsigned)
    start = cast(f, global_index(f, "x"), type)
    step = cast(f, f.value(mir.mul(coordinate(f, "grid_dim", "x"), coordinate(f, "block_dim", "x"))), type)
    counter = f.slot(type)
    f.emit(mir.store(start, counter))
    head, body, following, done = ir.Block(), ir.Block(), ir.Block(), ir.Block()
    f.branch(head)
    f.start(head)
    index = f.value(mir.load(counter))
    f.branch_if(f.value(mir.cmp(cast(f, index, unsigned), bound, predicate="lt")), body, done)
    f.start(body)
    assign_to(f, node.target, OwnIndex(f.value(mir.load(counter)), Witness(1, 0, wide=type == i64)))
    _loop_body(f, node.body, following, done)
    f.start(following)
    f.emit(mir.store(f.value(mir.add(f.value(mir.load(counter)), step)), counter))
    _again(f, head, copies)
    f.start(done)


def _range(f: FunctionBuilder, node: ast.For, operands: list[Operand], copies: int) -> None:
    """Python's range: the bounds are computed once; steps other than 1 and -1 count, so that nothing overflows."""
    zero, one = Constant(0), Constant(1)
    start, stop, step = {1: [zero, *operands, one], 2: [*operands, one], 3: operands}[len(operands)]
    first, last = _range_types(f, start, stop)
    type = scalar_type(first)
    if isinstance(step, Constant) and step.value in (1, -1):
        _unit_range(f, node, first, last, int(step.value), copies)
        return
    if isinstance(step, Constant) and step.value == 0:
        raise CompileError("the step of `range` is zero")
    stride = coerce(f, step, type, "the step of `range`")
    known = step if isinstance(step, Constant) else None
    _counted_range(f, node, first, stride, _trip_count(f, first, last, stride, known), copies)


def _range_types(f: FunctionBuilder, start: Operand, stop: Operand) -> tuple[ir.Value, ir.Value]:
    first, last = unify(f, start, stop, "range")
    if not scalar_type(first).is_integer:
        raise CompileError("`range` counts integers", help="convert the bounds: i32(…)")
    return first, last


def _unit_range(f: FunctionBuilder, node: ast.For, first: ir.Value, last: ir.Value, step: int, copies: int) -> None:
    type = scalar_type(first)
    if step < 0 and type.kind == "uint":
        raise CompileError(f"a range of {type} cannot count down", help="convert the bounds: i32(…)")
    counter = f.slot(type)
    f.emit(mir.store(first, counter))
    head, body, following, done = ir.Block(), ir.Block(), ir.Block(), ir.Block()
    f.branch(head)
    f.start(head)
    more = f.value(mir.cmp(f.value(mir.load(counter)), last, predicate="lt" if step > 0 else "gt"))
    f.branch_if(more, body, done)
    f.start(body)
    assign_to(f, node.target, f.value(mir.load(counter)))
    _loop_body(f, node.body, following, done)
    f.start(following)
    f.emit(mir.store(f.value(mir.add(f.value(mir.load(counter)), f.constant(step, type))), counter))
    _again(f, head, copies)
    f.start(done)


def _counted_range(
    f: FunctionBuilder, node: ast.For, first: ir.Value, step: ir.Value, count: ir.Value, copies: int
) -> None:
    type, unsigned = scalar_type(first), scalar_type(count)
    current, counter = f.slot(type), f.slot(unsigned)
    f.emit(mir.store(first, current))
    f.emit(mir.store(f.constant(0, unsigned), counter))
    head, body, following, done = ir.Block(), ir.Block(), ir.Block(), ir.Block()
    f.branch(head)
    f.start(head)
    f.branch_if(f.value(mir.cmp(f.value(mir.load(counter)), count, predicate="lt")), body, done)
    f.start(body)
    assign_to(f, node.target, f.value(mir.load(current)))
    _loop_body(f, node.body, following, done)
    f.start(following)
    f.emit(mir.store(f.value(mir.add(f.value(mir.load(current)), step)), current))
    f.emit(mir.store(f.value(mir.add(f.value(mir.load(counter)), f.constant(1, unsigned))), counter))
    _again(f, head, copies)
    f.start(done)


def _trip_count(
    f: FunctionBuilder, first: ir.Value, last: ir.Value, step: ir.Value, known: Constant | None
) -> ir.Value:
    """How often the loop runs: ceil((last - first) / step), computed unsigned so that no range is too long."""
    if known is not None:
        return _one_way(f, first, last, step, up=known.value > 0)
    zero = f.constant(0, scalar_type(step))
    f.emit(mir.check(f.value(mir.cmp(step, zero, predicate="ne")), message="the step of range() is zero"))
    if scalar_type(step).kind == "uint":
        return _one_way(f, first, last, step, up=True)
    upwards = f.value(mir.cmp(step, zero, predicate="gt"))
    up, down = _one_way(f, first, last, step, up=True), _one_way(f, first, last, step, up=False)
    return f.value(mir.select(upwards, up, down))


def _one_way(f: FunctionBuilder, first: ir.Value, last: ir.Value, step: ir.Value, *, up: bool) -> ir.Value:
    """The count for a step of known sign, 0 where the range is empty."""
    low, high = (first, last) if up else (last, first)
    unsigned = u32 if scalar_type(first).bits <= 32 else u64
    width = f.value(mir.sub(cast(f, high, unsigned), cast(f, low, unsigned)))
    size = cast(f, step if up else f.value(mir.neg(step)), unsigned)
    one = f.constant(1, unsigned)
    count = f.value(mir.add(f.value(mir.floordiv(f.value(mir.sub(width, one)), size)), one))
    return f.value(mir.select(f.value(mir.cmp(low, high, predicate="lt")), count, f.constant(0, unsigned)))
