"""Expressions to `mir`: literals, names, arithmetic, comparisons, short circuits, elements, attributes."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Mapping

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Pointer, Scalar, View, bool_, i32, i64, u32, u64
from oxide_build.pipeline.frontend.builder import (
    EXPRESSIONS,
    FunctionBuilder,
    Poison,
    PoisonedError,
    Variable,
    translates,
)
from oxide_build.pipeline.frontend.constants import (
    COMPARE,
    MATH_CONSTANTS,
    Folded,
    fold,
    fold_binary,
    fold_unary,
)
from oxide_build.pipeline.frontend.conversions import (
    cast,
    coerce,
    is_weak,
    materialise,
    scalar,
    scalar_type,
    unify,
)
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
    OwnIndex,
    Witness,
    describe,
    describe_type,
)
from oxide_build.pipeline.frontend.scope import dotted

BUILTINS = ("abs", "bool", "len", "max", "min", "range")

_ARITHMETIC: Mapping[type[ast.operator], tuple[ir.OpDefinition, str]] = {
    ast.Add: (mir.add, "+"),
    ast.Sub: (mir.sub, "-"),
    ast.Mult: (mir.mul, "*"),
    ast.Div: (mir.div, "/"),
    ast.FloorDiv: (mir.floordiv, "//"),
    ast.Mod: (mir.mod, "%"),
    ast.BitAnd: (mir.and_, "&"),
    ast.BitOr: (mir.or_, "|"),
    ast.BitXor: (mir.xor, "^"),
    ast.LShift: (mir.shl, "<<"),
    ast.RShift: (mir.shr, ">>"),
    ast.Pow: (mir.math, "**"),
}
_PREDICATES: Mapping[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("eq", "=="),
    ast.NotEq: ("ne", "!="),
    ast.Lt: ("lt", "<"),
    ast.LtE: ("le", "<="),
    ast.Gt: ("gt", ">"),
    ast.GtE: ("ge", ">="),
}
_LARGEST_EXPANDED_POWER = 16


# names and literals


@translates(EXPRESSIONS, ast.Constant)
def literal(f: FunctionBuilder, node: ast.Constant) -> Operand:
    """A number or a bool."""
    if isinstance(node.value, (bool, int, float)):
        return Constant(node.value)
    if node.value is None:
        raise CompileError("`None` is no value of the kernel language", help="use a number, or a bool and an `if`")
    if isinstance(node.value, str):
        raise CompileError("a string is no value of the kernel language", help="use a number or a bool")
    raise CompileError(f"`{node.value!r}` is no value of the kernel language", help="use a number or a bool")


@translates(EXPRESSIONS, ast.Name)
def name(f: FunctionBuilder, node: ast.Name) -> Operand:
    """A local, a parameter or a module constant."""
    binding = f.names.get(node.id)
    if isinstance(binding, Poison):
        raise PoisonedError(f"`{node.id}` has no value")
    if isinstance(binding, Variable):
        value = f.value(mir.load(binding.slot, name=node.id))
        return OwnIndex(value, binding.type) if isinstance(binding.type, Witness) else value
    if binding is not None:
        return binding
    folded = fold(node, f.module)
    if folded is not None:
        return _operand(folded)
    raise unknown_name(f, node.id)


def _operand(folded: Folded) -> Operand:
    return tuple(map(_operand, folded)) if isinstance(folded, tuple) else folded


def unknown_name(f: FunctionBuilder, name: str) -> CompileError:
    """The error for a name that means nothing here: what it is on the host, or the nearest that exists."""
    if name in f.module.functions:
        return CompileError(f"`{name}` is a function", help=f"call it: `{name}(…)`")
    if name in f.module.constants:
        return CompileError(
            f"`{name}` is not a constant the compiler can read",
            help="kernels are compiled without running the module: use numbers, other constants and arithmetic",
        )
    if name in f.module.host_names:
        return CompileError(
            f"`{name}` exists only on the host",
            help="pass it as a parameter, or make it a module-level constant assigned once",
        )
    if f.module.names.get(name) or name in BUILTINS:
        return CompileError(f"`{name}` is no value", help="write what you want of it, such as a call or an attribute")
    known = [*f.names, *f.module.constants, *f.module.functions, *f.module.names, *BUILTINS]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "assign it before, or make it a parameter"
    return CompileError(f"unknown name `{name}`", help=hint)


@translates(EXPRESSIONS, ast.Tuple)
def tuple_(f: FunctionBuilder, node: ast.Tuple) -> Operand:
    """Several operands together."""
    return tuple(f.expression(item) for item in node.elts)


@translates(EXPRESSIONS, ast.Attribute)
def attribute(f: FunctionBuilder, node: ast.Attribute) -> Operand:
    """`gpu.thread_idx.x`, `math.pi`, `x.shape`."""
    local = _is_local(f, node)
    path = "" if local else dotted(node, f.module.names)
    if path in MATH_CONSTANTS:
        return Constant(MATH_CONSTANTS[path])
    register, _, axis = path.removeprefix("gpu.").partition(".")
    if path.startswith("gpu.") and register in mir.COORDINATES:
        return _coordinate(f, register, axis)
    if path and path not in ("gpu", "math"):
        raise CompileError(f"`{ast.unparse(node)}` is no value of the kernel language", help=_nearest_path(path))
    if node.attr == "shape":
        view = f.view(node.value)
        return tuple(extent(f, view, dimension) for dimension in range(_view_type(view).rank))
    if not local and isinstance(node.value, ast.Name):
        raise unknown_name(f, node.value.id)
    operand = f.expression(node.value)
    has = "an array has `.shape`" if isinstance(operand, ir.Value) and isinstance(operand.type, View) else "it has none"
    raise CompileError(f"{describe(operand)} has no attribute `{node.attr}`", help=has)


def _is_local(f: FunctionBuilder, node: ast.expr) -> bool:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, ast.Name) and node.id in f.names


def _nearest_path(path: str) -> str:
    from oxide_build.pipeline.frontend.builder import INTRINSICS

    known = [*INTRINSICS, *MATH_CONSTANTS, *(f"gpu.{r}.{a}" for r in mir.COORDINATES for a in mir.AXES)]
    if path in INTRINSICS:
        return f"it is a function: call it, `{path}(…)`"
    near = difflib.get_close_matches(path, known, n=1)
    return f"did you mean `{near[0]}`?" if near else "see the language reference for what kernels can use"


def _coordinate(f: FunctionBuilder, register: str, axis: str) -> ir.Value:
    if axis not in mir.AXES:
        raise CompileError(f"`gpu.{register}` has the parts x, y and z", help=f"write gpu.{register}.x")
    return f.value(mir.coordinate(register=register, axis=axis))


# arithmetic


@translates(EXPRESSIONS, ast.BinOp)
def binary(f: FunctionBuilder, node: ast.BinOp) -> Operand:
    """An arithmetic, bitwise or shift operator."""
    return combine(f, node.op, f.expression(node.left), f.expression(node.right))


def combine(f: FunctionBuilder, op: ast.operator, left: Operand, right: Operand) -> Operand:
    """`left op right`; folded where both are weak literals."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        folded = fold_binary(op, left, right)
        if folded is not None:
            return folded
    if isinstance(op, ast.MatMult):
        raise CompileError("`@` is not part of the kernel language", help="write the loops of the product")
    if isinstance(op, ast.Pow):
        return power(f, left, right)
    definition, symbol = _ARITHMETIC[type(op)]
    a, b = unify(f, left, right, symbol)
    _check_kind(definition, symbol, scalar_type(a))
    if definition in (mir.floordiv, mir.mod) and scalar_type(a).is_integer:
        _check_divisor(f, right, b)
    return f.value(definition(a, b))


def _check_kind(definition: ir.OpDefinition, symbol: str, type: Scalar) -> None:
    """Refuse an operator its operands' type does not have."""
    bitwise = definition in (mir.and_, mir.or_, mir.xor)
    if definition is mir.div and type.is_integer:
        raise CompileError(
            f"`/` of integers ({type})", help="write `//` for the whole quotient, or f32(a) / f32(b) for a fraction"
        )
    if type == bool_ and not bitwise:
        raise CompileError(f"`{symbol}` of bools", help="convert them: i32(…)")
    if type.is_float and (bitwise or definition in (mir.shl, mir.shr)):
        raise CompileError(f"`{symbol}` of {type}", help="bit operations are for integers: convert, i32(…)")


def _check_divisor(f: FunctionBuilder, operand: Operand, divisor: ir.Value) -> None:
    if isinstance(operand, Constant):
        if operand.value == 0:
            raise CompileError("division by zero")
        return
    nonzero = f.value(mir.cmp(divisor, f.constant(0, scalar_type(divisor)), predicate="ne"))
    f.emit(mir.check(nonzero, message="integer division by zero"))


def power(f: FunctionBuilder, base: Operand, exponent: Operand) -> Operand:
    """`base ** exponent`: small whole exponents by multiplication, the rest by libdevice's pow."""
    whole = isinstance(exponent, Constant) and isinstance(exponent.value, int) and exponent.type is None
    if whole and isinstance(exponent, Constant) and 0 <= exponent.value <= _LARGEST_EXPANDED_POWER:
        value = scalar(f, base)
        if scalar_type(value) == bool_:
            raise CompileError("`**` of bools", help="convert it: i32(…)")
        return _repeated_product(f, value, int(exponent.value))
    a, b = unify(f, base, exponent, "**")
    if not scalar_type(a).is_float:
        raise CompileError(
            "`**` of integers needs a literal exponent from 0 to 16",
            help="multiply in a loop, or convert to f32 or f64",
        )
    return f.value(mir.math(a, b, function="pow"))


def _repeated_product(f: FunctionBuilder, value: ir.Value, exponent: int) -> ir.Value:
    result: ir.Value | None = None
    while exponent:
        if exponent & 1:
            result = value if result is None else f.value(mir.mul(result, value))
        exponent >>= 1
        if exponent:
            value = f.value(mir.mul(value, value))
    return f.constant(1, scalar_type(value)) if result is None else result


@translates(EXPRESSIONS, ast.UnaryOp)
def unary(f: FunctionBuilder, node: ast.UnaryOp) -> Operand:
    """`-x`, `+x`, `~x`, `not x`."""
    if isinstance(node.op, ast.Not):
        return f.value(mir.not_(condition(f, node.operand)))
    operand = f.expression(node.operand)
    if isinstance(operand, Constant):
        folded = fold_unary(node.op, operand)
        if folded is not None:
            return folded
    value = scalar(f, operand)
    symbol = (
        ast.unparse(node.op)
        if isinstance(node.op, ast.expr)
        else {"USub": "-", "UAdd": "+"}.get(type(node.op).__name__, "~")
    )
    if scalar_type(value) == bool_:
        raise CompileError(f"`{symbol}` of a bool", help="write `not x`, or convert it: i32(…)")
    if isinstance(node.op, ast.Invert):
        if not scalar_type(value).is_integer:
            raise CompileError(f"`~` of {scalar_type(value)}", help="bit operations are for integers: convert, i32(…)")
        return f.value(mir.not_(value))
    return value if isinstance(node.op, ast.UAdd) else f.value(mir.neg(value))


# conditions


def condition(f: FunctionBuilder, node: ast.expr) -> ir.Value:
    """An expression as a bool; a number is no condition."""
    operand = f.expression(node)
    with f.at(node):
        value = scalar(f, operand)
        if value.type != bool_:
            raise CompileError(
                f"a condition is a bool, this is {describe(operand)}", help=f"compare it: `{ast.unparse(node)} != 0`"
            )
        return value


@translates(EXPRESSIONS, ast.Compare)
def compare(f: FunctionBuilder, node: ast.Compare) -> Operand:
    """A comparison or a chain of them; in a chain each operand is computed once, and only as far as needed."""
    left = f.expression(node.left)
    return _compare_chain(f, left, node.ops, node.comparators)


def _compare_chain(f: FunctionBuilder, left: Operand, ops: list[ast.cmpop], rest: list[ast.expr]) -> Operand:
    right = f.expression(rest[0])
    first = _compare_pair(f, ops[0], left, right)
    if len(ops) == 1:
        return first
    return short_circuit(f, materialise(f, first), lambda: materialise(f, _compare_chain(f, right, ops[1:], rest[1:])))


def _compare_pair(f: FunctionBuilder, op: ast.cmpop, left: Operand, right: Operand) -> Operand:
    if type(op) not in _PREDICATES:
        word = {"Is": "is", "IsNot": "is not", "In": "in", "NotIn": "not in"}[type(op).__name__]
        raise CompileError(f"`{word}` is not part of the kernel language", help="compare with == or !=")
    if isinstance(left, Constant) and isinstance(right, Constant) and is_weak(left) and is_weak(right):
        return Constant(COMPARE[type(op)](left.value, right.value))
    predicate, symbol = _PREDICATES[type(op)]
    a, b = unify(f, left, right, symbol)
    if scalar_type(a) == bool_ and predicate not in ("eq", "ne"):
        raise CompileError(f"`{symbol}` of bools", help="bools compare with == and != only")
    return f.value(mir.cmp(a, b, predicate=predicate))


@translates(EXPRESSIONS, ast.BoolOp)
def bool_op(f: FunctionBuilder, node: ast.BoolOp) -> Operand:
    """`and` and `or`, from left to right, stopping early."""
    return _bool_chain(f, isinstance(node.op, ast.And), node.values)


def _bool_chain(f: FunctionBuilder, both: bool, nodes: list[ast.expr]) -> ir.Value:
    first = condition(f, nodes[0])
    if len(nodes) == 1:
        return first
    return short_circuit(f, first, lambda: _bool_chain(f, both, nodes[1:]), both)


def short_circuit(f: FunctionBuilder, first: ir.Value, rest: Callable[[], ir.Value], both: bool = True) -> ir.Value:
    """`first and rest` (`first or rest` where not `both`), computing `rest` only where it decides."""
    slot = f.slot(bool_)
    more, done = ir.Block(), ir.Block()
    f.emit(mir.store(first, slot))
    f.branch_if(first, *((more, done) if both else (done, more)))
    f.start(more)
    f.emit(mir.store(rest(), slot))
    f.branch(done)
    f.start(done)
    return f.value(mir.load(slot))


@translates(EXPRESSIONS, ast.IfExp)
def conditional(f: FunctionBuilder, node: ast.IfExp) -> Operand:
    """`a if c else b`: only the chosen side is computed; both agree on one type."""
    test = condition(f, node.test)
    then, otherwise, done = ir.Block(), ir.Block(), ir.Block()
    f.branch_if(test, then, otherwise)
    f.start(then)
    left, left_end = f.expression(node.body), f.block
    f.start(otherwise)
    right, right_end = f.expression(node.orelse), f.block
    type = _common(f, left, right, left_end, right_end)
    slot = f.slot(type)
    for operand, end in ((left, left_end), (right, right_end)):
        f.block = end
        f.emit(mir.store(coerce(f, operand, type, "the other side of `if … else`"), slot))
        f.branch(done)
    f.start(done)
    return f.value(mir.load(slot))


def _common(f: FunctionBuilder, left: Operand, right: Operand, left_end: ir.Block, right_end: ir.Block) -> Scalar:
    """The type two operands combine in, each needed conversion placed at the end of its own side."""
    types = []
    for operand, other, end in ((left, right, left_end), (right, left, right_end)):
        f.block = end
        weak = isinstance(operand, Constant) and is_weak(operand)
        types.append(
            _beside(operand, other) if weak and isinstance(operand, Constant) else scalar_type(scalar(f, operand))
        )
    from oxide_build.pipeline.frontend.conversions import common_type

    common = common_type(*types)
    if common is None:
        raise CompileError(
            f"the sides of `if … else` are {describe(left)} and {describe(right)}",
            help=f"convert one: {types[0]}(…) or {types[1]}(…)",
        )
    return common


def _beside(literal: Constant, other: Operand) -> Scalar:
    """The type a weak literal takes beside another operand."""
    if not isinstance(other, ir.Value) or not isinstance(other.type, Scalar) or isinstance(literal.value, bool):
        return literal.alone
    return literal.alone if isinstance(literal.value, float) and not other.type.is_float else other.type


# arrays


@translates(EXPRESSIONS, ast.Subscript)
def subscript(f: FunctionBuilder, node: ast.Subscript) -> Operand:
    """An element read: `x[i]`, `m[row, col]`, or a part of a tuple: `x.shape[0]`."""
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        return _extent_of(f, node)
    base = f.expression(node.value)
    if isinstance(base, tuple):
        raise CompileError("a tuple is unpacked, not indexed", help="write `a, b = …`")
    return f.value(mir.load(element(f, node)))


def _extent_of(f: FunctionBuilder, node: ast.Subscript) -> Operand:
    assert isinstance(node.value, ast.Attribute)
    view = f.view(node.value.value)
    dimension = f.expression(node.slice)
    rank = _view_type(view).rank
    if not isinstance(dimension, Constant) or not isinstance(dimension.value, int):
        raise CompileError("`.shape` is indexed by a literal", help=f"write 0 to {rank - 1}")
    if not 0 <= dimension.value < rank:
        raise CompileError(f"an array of rank {rank} has no dimension {dimension.value}", help=f"write 0 to {rank - 1}")
    return extent(f, view, dimension.value)


def _view_type(view: ir.Value) -> View:
    assert isinstance(view.type, View)
    return view.type


def extent(f: FunctionBuilder, view: ir.Value, dimension: int) -> ir.Value:
    """How many elements `view` has along `dimension`, as i32."""
    static = _view_type(view).shape[dimension]
    return f.value(mir.extent(view, dimension=dimension)) if static is None else f.constant(static)


def element(f: FunctionBuilder, node: ast.Subscript, store: bool = False) -> ir.Value:
    """A pointer to `view[index]`, its indices checked; `store` where it will be written."""
    view = f.view(node.value)
    type = _view_type(view)
    if store and type.access == "read":
        with f.at(node.value):
            raise CompileError(
                f"`{ast.unparse(node.value)}` is a {describe_type(type)}, which cannot be written",
                help="declare it DisjointSlice (each thread writes its own element) or MutSlice",
            )
    nodes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return checked_element(f, view, [(n, f.expression(n)) for n in nodes])


def checked_element(f: FunctionBuilder, view: ir.Value, indices: list[tuple[ast.expr, Operand]]) -> ir.Value:
    """A pointer to the element at `indices`, each checked against its extent."""
    type = _view_type(view)
    if len(indices) != type.rank:
        raise CompileError(
            f"a {describe_type(type)} takes {type.rank} {'index' if type.rank == 1 else 'indices'}, got {len(indices)}",
            help="write x[i]" if type.rank == 1 else f"write x[{', '.join('ijkl'[: type.rank])}]",
        )
    if type.access == "disjoint":
        _check_own(type, [operand for _, operand in indices])
    values = [_index(f, view, dimension, node, operand) for dimension, (node, operand) in enumerate(indices)]
    return f.value(mir.element(view, *values))


def _check_own(type: View, operands: list[Operand]) -> None:
    """A DisjointSlice is indexed by the thread's own index only, so that no two threads meet."""
    wanted = tuple(Witness(type.rank, axis) for axis in reversed(range(type.rank)))
    found = tuple(operand.witness if isinstance(operand, OwnIndex) else None for operand in operands)
    if found != wanted:
        how = "i = gpu.index_1d()" if type.rank == 1 else "row, col = gpu.index_2d()"
        raise CompileError(
            f"a {describe_type(type)} is indexed by the thread's own index only",
            help=f"write `{how}` and use that; or declare it MutSlice and see to it that threads do not meet",
        )


def _index(f: FunctionBuilder, view: ir.Value, dimension: int, node: ast.expr, operand: Operand) -> ir.Value:
    with f.at(node):
        static = _view_type(view).shape[dimension]
        if isinstance(operand, Constant) and _known_inside(operand, static):
            return f.constant(int(operand.value))
        value = scalar(f, operand)
        if not scalar_type(value).is_integer:
            raise CompileError(f"an index is an integer, this is {describe(operand)}", help="convert it: i32(…)")
        value = cast(f, value, _index_type(scalar_type(value)))
        limit = cast(f, extent(f, view, dimension), scalar_type(value))
        f.emit(mir.bounds_check(value, limit))
        return value


def _index_type(type: Scalar) -> Scalar:
    if type.bits == 64:
        return i64 if type.kind == "int" else u64
    return i32 if type.kind == "int" else u32


def _known_inside(index: Constant, extent: int | None) -> bool:
    """Whether a literal index needs no check; refuses one that can never be inside."""
    if isinstance(index.value, (bool, float)):
        return False
    if index.value < 0:
        raise CompileError(
            f"index {index.value} is out of bounds", help="negative indices do not count from the end: write len(x) - 1"
        )
    if extent is not None and index.value >= extent:
        raise CompileError(f"index {index.value} is out of bounds for {extent} elements")
    return extent is not None


def stored_type(pointer: ir.Value) -> Scalar:
    """The type of the element a pointer leads to."""
    assert isinstance(pointer.type, Pointer)
    assert isinstance(pointer.type.element, Scalar)
    return pointer.type.element
