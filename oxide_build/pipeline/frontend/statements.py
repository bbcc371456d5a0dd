"""Statements to `mir`: assignments, branches, loops, returns."""

from __future__ import annotations

import ast

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, View, i32, u32, u64
from oxide_build.pipeline.frontend.annotations import static_type
from oxide_build.pipeline.frontend.builder import (
    STATEMENTS,
    FunctionBuilder,
    Loop,
    Poison,
    PoisonedError,
    Variable,
    translates,
)
from oxide_build.pipeline.frontend.calls import coordinate, global_index
from oxide_build.pipeline.frontend.conversions import cast, coerce, scalar_type, unify
from oxide_build.pipeline.frontend.expressions import combine, condition, element, stored_type
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
    OwnIndex,
    Witness,
    describe,
    describe_type,
    type_of,
)
from oxide_build.pipeline.frontend.scope import dotted

# assignment


@translates(STATEMENTS, ast.Assign)
def assign(f: FunctionBuilder, node: ast.Assign) -> None:
    """`a = value`, `x[i] = value`, `a, b = values`, `a = b = value`."""
    operand = f.expression(node.value)
    for target in node.targets:
        assign_to(f, target, operand)


@translates(STATEMENTS, ast.AnnAssign)
def annotated(f: FunctionBuilder, node: ast.AnnAssign) -> None:
    """`a: f64 = value`."""
    type = static_type(node.annotation, f.module)
    if not isinstance(node.target, ast.Name):
        raise CompileError("only a local name takes an annotation", help="leave the annotation out")
    if not isinstance(type, Scalar):
        raise CompileError(f"a local cannot be declared {describe_type(type)}", help="leave the annotation out")
    bound = f.names.get(node.target.id)
    if isinstance(bound, Variable) and bound.type != type:
        raise _type_changes(node.target.id, bound, str(type))
    if bound is None or isinstance(bound, Poison):
        f.names[node.target.id] = Variable(f.slot(type, node.target.id), type, node.lineno)
    if node.value is not None:
        assign_to(f, node.target, f.expression(node.value))


@translates(STATEMENTS, ast.AugAssign)
def augmented(f: FunctionBuilder, node: ast.AugAssign) -> None:
    """`a += value`, `x[i] += value`; an element is found and checked once."""
    if isinstance(node.target, ast.Subscript):
        pointer = element(f, node.target, store=True)
        old = f.value(mir.load(pointer))
        result = combine(f, node.op, old, f.expression(node.value))
        f.emit(mir.store(coerce(f, result, stored_type(pointer), "the element"), pointer))
        return
    if not isinstance(node.target, ast.Name):
        raise CompileError(f"`{ast.unparse(node.target)}` cannot be assigned", help="assign a name or an element")
    loaded = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
    assign_to(f, node.target, combine(f, node.op, f.expression(loaded), f.expression(node.value)))


def assign_to(f: FunctionBuilder, target: ast.expr, operand: Operand) -> None:
    """Give `operand` to a name, an element, or a tuple of targets."""
    with f.at(target):
        if isinstance(target, (ast.Tuple, ast.List)):
            _unpack(f, target.elts, operand)
        elif isinstance(target, ast.Subscript):
            pointer = element(f, target, store=True)
            f.emit(mir.store(coerce(f, operand, stored_type(pointer), "the element"), pointer))
        elif isinstance(target, ast.Name):
            _assign_name(f, target, operand)
        else:
            raise CompileError(f"`{ast.unparse(target)}` cannot be assigned", help="assign a name or an element")


def _unpack(f: FunctionBuilder, targets: list[ast.expr], operand: Operand) -> None:
    if not isinstance(operand, tuple):
        raise CompileError(f"{describe(operand)} cannot be unpacked", help="assign it to one name")
    if len(targets) != len(operand):
        raise CompileError(f"{len(operand)} values for {len(targets)} names")
    for target, item in zip(targets, operand, strict=True):
        assign_to(f, target, item)


def _assign_name(f: FunctionBuilder, target: ast.Name, operand: Operand) -> None:
    if isinstance(operand, tuple):
        what = "nothing" if not operand else describe(operand)
        raise CompileError(f"`{target.id}` would be {what}", help="unpack a tuple: `a, b = …`")
    bound = f.names.get(target.id)
    if isinstance(operand, ir.Value) and isinstance(operand.type, View):
        _bind_view(f, target.id, bound, operand)
        return
    if isinstance(bound, ir.Value):
        raise CompileError(f"`{target.id}` is a {describe(bound)} and stays one", help="use another name")
    if bound is None or isinstance(bound, Poison):
        bound = _declare(f, target, operand)
    value = _fit(f, target.id, bound, operand)
    f.emit(mir.store(value, bound.slot))


def _bind_view(f: FunctionBuilder, name: str, bound: object, view: ir.Value) -> None:
    """A view is bound to its name once; it has no slot."""
    if bound is not None and bound is not view and not isinstance(bound, Poison):
        raise CompileError(f"`{name}` has a value already; an array keeps its name", help="use another name")
    f.names[name] = view


def _declare(f: FunctionBuilder, target: ast.Name, operand: ir.Value | Constant | OwnIndex) -> Variable:
    type = type_of(operand)
    assert isinstance(type, (Scalar, Witness))
    variable = Variable(f.slot(i32 if isinstance(type, Witness) else type, target.id), type, target.lineno)
    f.names[target.id] = variable
    return variable


def _fit(f: FunctionBuilder, name: str, variable: Variable, operand: Operand) -> ir.Value:
    """The operand as the variable's type, which it has for life."""
    if isinstance(variable.type, Witness):
        if isinstance(operand, OwnIndex) and operand.witness == variable.type:
            return operand.value
        raise CompileError(
            f"`{name}` is the thread's own index since line {variable.line} and takes no other value",
            help=f"use another name, or declare `{name}: i32 = …` where it begins",
        )
    try:
        return coerce(f, operand, variable.type, f"`{name}`")
    except PoisonedError:
        raise
    except CompileError:
        raise _type_changes(name, variable, describe(operand)) from None


def _type_changes(name: str, variable: Variable, found: str) -> CompileError:
    wide = "" if isinstance(variable.type, Witness) else f", convert the value: {variable.type}(…)"
    return CompileError(
        f"`{name}` is {describe_type(variable.type)} since line {variable.line}, this is {found}",
        help=f"a local has one type for its whole life: declare it there, `{name}: f64 = …`{wide}",
    )


# plain statements


@translates(STATEMENTS, ast.Expr)
def expression_statement(f: FunctionBuilder, node: ast.Expr) -> None:
    """A call for its effect; a docstring."""
    if isinstance(node.value, ast.Constant) and (isinstance(node.value.value, str) or node.value.value is ...):
        return
    if not isinstance(node.value, ast.Call):
        with f.at(node.value):
            f.expression(node.value)
            raise CompileError("this computes a value and drops it", help="assign it, or remove the line")
    f.expression(node.value)


@translates(STATEMENTS, ast.Pass)
def pass_(f: FunctionBuilder, node: ast.Pass) -> None:
    """Nothing."""


@translates(STATEMENTS, ast.Assert)
def assert_(f: FunctionBuilder, node: ast.Assert) -> None:
    """`assert condition, "message"` stops the kernel where it fails."""
    message = ast.unparse(node.test)
    if node.msg is not None:
        if not isinstance(node.msg, ast.Constant) or not isinstance(node.msg.value, str):
            raise CompileError("an assertion's message is a plain string", help='write assert condition, "message"')
        message = node.msg.value
    f.emit(mir.check(condition(f, node.test), message=message))


@translates(STATEMENTS, ast.Return)
def return_(f: FunctionBuilder, node: ast.Return) -> None:
    """`return`, with the values a device function declares."""
    wanted = f.function.results
    operand: Operand = () if node.value is None or _is_none(node.value) else f.expression(node.value)
    items = operand if isinstance(operand, tuple) else (operand,)
    if len(items) != len(wanted):
        raise CompileError(_return_mismatch(f, len(items)), help="make the `return` and the annotation agree")
    values = [
        coerce(f, item, type, f"the result of `{f.syntax.name}`")
        for item, type in zip(items, wanted, strict=True)
        if isinstance(type, Scalar)
    ]
    f.leave(mir.return_(*values))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _return_mismatch(f: FunctionBuilder, found: int) -> str:
    if f.syntax.kind == "kernel":
        return "a kernel returns nothing: its results go into its arrays"
    return f"`{f.syntax.name}` declares {len(f.function.results)} results, this returns {found}"


# control flow


@translates(STATEMENTS, ast.If)
def if_(f: FunctionBuilder, node: ast.If) -> None:
    """`if`, `elif`, `else`."""
    then, otherwise, done = ir.Block(), ir.Block(), ir.Block()
    _branch_on(f, node.test, then, otherwise if node.orelse else done)
    f.start(then)
    f.statements(node.body)
    f.branch(done)
    if node.orelse:
        f.start(otherwise)
        f.statements(node.orelse)
        f.branch(done)
    f.start(done)


def _branch_on(f: FunctionBuilder, test: ast.expr, then: ir.Block, otherwise: ir.Block) -> None:
    """Go to `then` where `test` holds; a wrong test is reported, and both sides are still looked at."""
    with f.recover():
        if isinstance(test, ast.Constant) and isinstance(test.value, bool):
            f.branch(then if test.value else otherwise)
        else:
            f.branch_if(condition(f, test), then, otherwise)


@translates(STATEMENTS, ast.While)
def while_(f: FunctionBuilder, node: ast.While) -> None:
    """`while`."""
    _refuse_else(f, node)
    head, body, done = ir.Block(), ir.Block(), ir.Block()
    f.branch(head)
    f.start(head)
    _branch_on(f, node.test, body, done)
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
        f.names.setdefault(getattr(node.target, "id", ""), Poison())
        if f.block.terminator is not None:
            f.start(ir.Block())
        f.loops.append(Loop(ir.Block(), ir.Block()))
        f.statements(node.body)
        f.loops.pop()
        raise


def _for(f: FunctionBuilder, node: ast.For) -> None:
    if not isinstance(node.target, ast.Name):
        with f.at(node.target):
            raise CompileError("a loop has one variable", help="write `for i in range(…)`")
    call = node.iter
    callee = call.func if isinstance(call, ast.Call) else None
    with f.at(node.iter):
        if isinstance(call, ast.Call) and callee is not None and not call.keywords:
            if isinstance(callee, ast.Name) and callee.id == "range" and 1 <= len(call.args) <= 3:
                _range(f, node, [f.expression(argument) for argument in call.args])
                return
            if dotted(callee, f.module.names) == "gpu.grid_stride" and len(call.args) == 1:
                _grid_stride(f, node, f.expression(call.args[0]))
                return
        raise CompileError(
            f"a kernel cannot loop over `{ast.unparse(node.iter)}`",
            help="write `for i in range(start, stop, step)` or `for i in gpu.grid_stride(n)`",
        )


def _grid_stride(f: FunctionBuilder, node: ast.For, limit: Operand) -> None:
    """Every index below `limit`, each visited by one thread; compared unsigned, so that the last step may wrap."""
    f.use_index(1)
    n = f.value(mir.max_(coerce(f, limit, i32, "the limit of gpu.grid_stride"), f.constant(0)))
    bound = cast(f, n, u32)
    start = global_index(f, "x")
    step = f.value(mir.mul(coordinate(f, "grid_dim", "x"), coordinate(f, "block_dim", "x")))
    counter = f.slot(i32)
    f.emit(mir.store(start, counter))
    head, body, following, done = ir.Block(), ir.Block(), ir.Block(), ir.Block()
    f.branch(head)
    f.start(head)
    index = f.value(mir.load(counter))
    f.branch_if(f.value(mir.cmp(cast(f, index, u32), bound, predicate="lt")), body, done)
    f.start(body)
    assign_to(f, node.target, OwnIndex(f.value(mir.load(counter)), Witness(1, 0)))
    _loop_body(f, node.body, following, done)
    f.start(following)
    f.emit(mir.store(f.value(mir.add(f.value(mir.load(counter)), step)), counter))
    f.branch(head)
    f.start(done)


def _range(f: FunctionBuilder, node: ast.For, operands: list[Operand]) -> None:
    """Python's range: the bounds are computed once; steps other than 1 and -1 count, so that nothing overflows."""
    zero, one = Constant(0), Constant(1)
    start, stop, step = {1: [zero, *operands, one], 2: [*operands, one], 3: operands}[len(operands)]
    first, last = _range_types(f, start, stop)
    type = scalar_type(first)
    if isinstance(step, Constant) and step.value in (1, -1):
        _unit_range(f, node, first, last, int(step.value))
        return
    if isinstance(step, Constant) and step.value == 0:
        raise CompileError("the step of `range` is zero")
    stride = coerce(f, step, type, "the step of `range`")
    known = step if isinstance(step, Constant) else None
    _counted_range(f, node, first, stride, _trip_count(f, first, last, stride, known))


def _range_types(f: FunctionBuilder, start: Operand, stop: Operand) -> tuple[ir.Value, ir.Value]:
    first, last = unify(f, start, stop, "range")
    if not scalar_type(first).is_integer:
        raise CompileError("`range` counts integers", help="convert the bounds: i32(…)")
    return first, last


def _unit_range(f: FunctionBuilder, node: ast.For, first: ir.Value, last: ir.Value, step: int) -> None:
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
    f.branch(head)
    f.start(done)


def _counted_range(f: FunctionBuilder, node: ast.For, first: ir.Value, step: ir.Value, count: ir.Value) -> None:
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
    f.branch(head)
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
