"""Arithmetic the compiler does itself: weak literals, module constants, shapes.

In: an expression and what its names mean. Out: a `Constant` (or a tuple of them), or None
when the value is known only on the GPU. Weak literals follow Python's own arithmetic.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from oxide_build.errors import CompileError
from oxide_build.ir.types import SCALARS, Element, Scalar
from oxide_build.pipeline.frontend.library import Definition
from oxide_build.pipeline.frontend.named_arguments import match_arguments
from oxide_build.pipeline.frontend.operands import Constant, Record, describe, describe_type
from oxide_build.pipeline.frontend.rounding import comparable, held, real
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.frontend.struct_types import field_defaults, struct_named, struct_type
from oxide_build.pipeline.frontend.syntax import KernelModule

Folded: TypeAlias = "Constant | Record | tuple[Folded, ...]"

BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}

COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}

MATH_CONSTANTS: Mapping[str, float] = {
    f"{module}.{name}": getattr(math, name)
    for module in ("math", "gpu.math")
    for name in ("pi", "e", "tau", "inf", "nan")
}

TYPE_PATHS: Mapping[str, Scalar] = {f"gpu.{name}": scalar for name, scalar in SCALARS.items() if name != "bool"}
"""The scalar types by the path an author reaches them by (`bool` is Python's own)."""


Local: TypeAlias = Mapping[str, Folded]
"""Locals whose value the compiler knows, such as an unrolled loop's variable."""


def fold(
    node: ast.expr,
    module: KernelModule,
    seen: frozenset[tuple[str, str]] = frozenset(),
    local: Local = MappingProxyType({}),
) -> Folded | None:
    """The value of an expression the compiler can work out; None when it is not a constant.

    `seen` are the module constants being worked out. Raises CompileError for arithmetic that cannot be done, such as
    a division by zero.
    """
    rule = _FOLDS.get(type(node))
    return None if rule is None else rule(node, _Scope(module, seen, local))


@dataclass(frozen=True)
class _Scope:
    """What names mean where an expression stands."""

    module: KernelModule
    seen: frozenset[tuple[str, str]]
    local: Local

    def fold(self, node: ast.expr) -> Folded | None:
        return fold(node, self.module, self.seen, self.local)

    def constants(self, *nodes: ast.expr) -> list[Constant] | None:
        """All of these as numbers, or None."""
        folded = [self.fold(node) for node in nodes]
        found = [item for item in folded if isinstance(item, Constant)]
        return found if len(found) == len(folded) else None


def _literal(node: ast.Constant, scope: _Scope) -> Folded | None:
    return Constant(node.value) if isinstance(node.value, (int, float)) else None


def _tuple(node: ast.Tuple, scope: _Scope) -> Folded | None:
    items = [scope.fold(item) for item in node.elts]
    return None if None in items else tuple(item for item in items if item is not None)


def _unary(node: ast.UnaryOp, scope: _Scope) -> Folded | None:
    operands = scope.constants(node.operand)
    return None if operands is None else fold_unary(node.op, operands[0])


def _binary(node: ast.BinOp, scope: _Scope) -> Folded | None:
    operands = scope.constants(node.left, node.right)
    if operands is None:
        return None
    with scope.module.span(node):
        return fold_binary(node.op, *operands)


def _comparison(node: ast.Compare, scope: _Scope) -> Folded | None:
    if isinstance(node.ops[0], (ast.In, ast.NotIn)) and len(node.ops) == 1:
        return _membership(node.left, node.comparators[0], scope, isinstance(node.ops[0], ast.In))
    operands = scope.constants(node.left, *node.comparators)
    if operands is None or not all(type(op) in COMPARE for op in node.ops):
        return None
    with scope.module.span(node):
        pairs = [comparable(left, right) for left, right in pairwise(operands)]
    found = [COMPARE[type(op)](*pair) for op, pair in zip(node.ops, pairs, strict=True) if pair is not None]
    return Constant(all(found)) if len(found) == len(pairs) else None


def _membership(number: ast.expr, items: ast.expr, scope: _Scope, wanted: bool) -> Folded | None:
    left, right = scope.fold(number), scope.fold(items)
    if not isinstance(left, Constant) or not isinstance(right, tuple):
        return None
    pairs = [comparable(left, item) for item in right if isinstance(item, Constant)]
    if len(pairs) < len(right) or None in pairs:
        return None
    return Constant(any(a == b for a, b in filter(None, pairs)) == wanted)


def _boolean(node: ast.BoolOp, scope: _Scope) -> Folded | None:
    operands = scope.constants(*node.values)
    if operands is None or not all(isinstance(operand.value, bool) for operand in operands):
        return None
    return Constant((all if isinstance(node.op, ast.And) else any)(operand.value for operand in operands))


def _choice(node: ast.IfExp, scope: _Scope) -> Folded | None:
    test = scope.constants(node.test)
    return None if test is None else scope.fold(node.body if test[0].value else node.orelse)


def _item(node: ast.Subscript, scope: _Scope) -> Folded | None:
    base, index = scope.fold(node.value), scope.fold(node.slice)
    if not isinstance(base, tuple) or not isinstance(index, Constant) or type(index.value) is not int:
        return None
    with scope.module.span(node):
        return item_of(base, index)


Item = TypeVar("Item")


def item_of(items: tuple[Item, ...], index: Constant) -> Item:
    """A tuple's item at a constant index; raises CompileError beyond its ends."""
    number = int(index.value)
    if not 0 <= number < len(items):
        raise CompileError(f"index {number} is out of bounds for a tuple of {len(items)}")
    return items[number]


def _named(node: ast.Name | ast.Attribute, scope: _Scope) -> Folded | None:
    if isinstance(node, ast.Name) and node.id in scope.local:
        return scope.local[node.id]
    module, name = scope.module, _plain_name(node)
    path = dotted(node, module.names)
    if path in MATH_CONSTANTS:
        return Constant(MATH_CONSTANTS[path])
    if path and name not in module.constants:
        found = module.library.find(path)
        module, name = (found.module, found.name) if found is not None else (module, "")
    key = module.source.module, name
    if isinstance(node, ast.Attribute) and name not in module.constants:
        return _field(node, scope)
    if name not in module.constants or key in scope.seen:
        return None
    return fold(module.constants[name], module, scope.seen | {key})


def _field(node: ast.Attribute, scope: _Scope) -> Folded | None:
    """`ORIGIN.x`: a field of a struct that is a constant."""
    base = scope.fold(node.value)
    return base.field(node.attr) if isinstance(base, Record) else None


def _plain_name(node: ast.expr) -> str:
    """`TILE`, `Op.ADD`: names as they are written; empty for what is no name."""
    if isinstance(node, ast.Attribute):
        owner = _plain_name(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return node.id if isinstance(node, ast.Name) else ""


def _call(node: ast.Call, scope: _Scope) -> Folded | None:
    """`u32(0xFFFFFFFF)`; `len` of a tuple; a table."""
    path = dotted(node.func, scope.module.names)
    if path == "gpu.table":
        return _table(node, scope)
    struct = struct_named(node.func, scope.module)
    if struct is not None:
        return _record(node, struct, scope)
    if len(node.args) != 1 or node.keywords:
        return None
    value = scope.fold(node.args[0])
    if isinstance(value, tuple) and isinstance(node.func, ast.Name) and node.func.id == "len":
        return Constant(len(value))
    if path not in TYPE_PATHS or not isinstance(value, Constant):
        return None
    with scope.module.span(node):
        return typed_constant(value, TYPE_PATHS[path])


def _record(node: ast.Call, struct: Definition, scope: _Scope) -> Record | None:
    """`Vec3(0.0, 0.0, 0.0)` of constants."""
    with scope.module.span(node):
        type, defaults = struct_type(struct), field_defaults(struct)
        given = match_arguments(node, [name for name, _ in type.fields], defaults, "field")
        values: list[Constant | Record] = []
        for name, wanted in type.fields:
            folded = scope.fold(given[name]) if name in given else default_of(struct, name, wanted)
            if folded is None:
                return None
            values.append(as_field(folded, wanted, f"field `{name}` of `{struct.name}`"))
        return Record(type, tuple(values))


def check_struct(struct: Definition) -> None:
    """Raise CompileError for the first mistake in a struct, used or not."""
    type, defaults = struct_type(struct), field_defaults(struct)
    for name, wanted in type.fields:
        if name in defaults:
            default_of(struct, name, wanted)


def default_of(struct: Definition, name: str, type: Element) -> Constant | Record:
    """What a field is where a construction does not say; raises CompileError where that is no constant."""
    node, what = field_defaults(struct)[name], f"field `{name}` of `{struct.name}`"
    with struct.module.span(node):
        folded = fold(node, struct.module)
        if folded is None:
            raise CompileError(f"the default of {what} is a constant", help="write a number or a module-level constant")
        return as_field(folded, type, what)


def as_field(folded: Folded, type: Element, what: str) -> Constant | Record:
    """A constant as a field of `type`, where that loses nothing; `what` names the field in the error."""
    if isinstance(folded, Record) and folded.type == type:
        return folded
    if isinstance(folded, Constant) and isinstance(type, Scalar):
        value, flag = folded.value, isinstance(folded.value, bool)
        if folded.type == type:
            return folded
        if folded.type is None and flag == (type.kind == "bool") and (type.is_float or not isinstance(value, float)):
            return typed_constant(folded, type)
    found = f"a tuple of {len(folded)}" if isinstance(folded, tuple) else describe(folded)
    raise CompileError(f"{what} is {describe_type(type)}, this is {found}", help=f"write {describe_type(type)}(…)")


def _table(node: ast.Call, scope: _Scope) -> Folded | None:
    """`gpu.table((0.1, 0.2), f64)` at module level."""
    if len(node.args) != 2 or node.keywords:
        return None
    type, values = TYPE_PATHS.get(dotted(node.args[1], scope.module.names)), scope.fold(node.args[0])
    if type is None or not isinstance(values, tuple):
        return None
    with scope.module.span(node):
        return _typed_all(values, type)


def _typed_all(values: tuple[Folded, ...], type: Scalar) -> Folded:
    return tuple(_typed_item(value, type) for value in values)


def _typed_item(value: Folded, type: Scalar) -> Folded:
    if isinstance(value, Record):
        raise CompileError("a table holds numbers, no structs", help="write one table for each field")
    return _typed_all(value, type) if isinstance(value, tuple) else typed_constant(value, type)


_FOLDS: Mapping[type[ast.expr], Callable[[Any, _Scope], Folded | None]] = {
    ast.Constant: _literal,
    ast.Tuple: _tuple,
    ast.Name: _named,
    ast.Attribute: _named,
    ast.Call: _call,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.Compare: _comparison,
    ast.BoolOp: _boolean,
    ast.IfExp: _choice,
    ast.Subscript: _item,
}
"""The expressions the compiler can work out."""


def typed_constant(constant: Constant, type: Scalar) -> Constant:
    """The constant converted as a call of the type would: floats round, integers must fit."""
    value = held(constant)
    if type.kind == "bool":
        return Constant(bool(value), type)
    if type.is_float:
        return Constant(real(value), type)
    if isinstance(value, float) and not math.isfinite(value):
        raise CompileError(f"{value} has no value as {type}")
    number = int(value)
    if not type.minimum <= number <= type.maximum:
        raise CompileError(f"{number} does not fit {type} ({type.minimum} to {type.maximum})")
    return Constant(number, type)


def fold_binary(op: ast.operator, left: Constant, right: Constant) -> Constant | None:
    """Python's arithmetic on two weak literals; None where either has a type of its own."""
    if left.type is not None or right.type is not None or type(op) not in BINARY:
        return None
    try:
        _refuse_huge(op, left.value, right.value)
        value = BINARY[type(op)](left.value, right.value)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise CompileError(f"this cannot be computed: {error}") from None
    return Constant(value) if isinstance(value, (int, float)) else None


_MOST_BITS = 4096
"""The most that an integer the compiler computes with may grow to."""


def _refuse_huge(op: ast.operator, left: float, right: float) -> None:
    """Stop `2 ** 10 ** 9` before it eats the machine."""
    shift = isinstance(op, ast.LShift) and right > 64
    if not isinstance(left, int) or not isinstance(right, int):
        return
    power = isinstance(op, ast.Pow) and abs(right) * max(1, left.bit_length()) > _MOST_BITS
    product = isinstance(op, ast.Mult) and left.bit_length() + right.bit_length() > _MOST_BITS
    if shift or power or product:
        raise OverflowError("the result does not fit any type")


def fold_unary(op: ast.unaryop, operand: Constant) -> Constant | None:
    """Python's unary operators on a weak literal; a typed one may be negated where the result fits."""
    try:
        value = UNARY[type(op)](operand.value)
    except TypeError as error:
        raise CompileError(f"this cannot be computed: {error}") from None
    if operand.type is None or isinstance(op, ast.Not):
        return Constant(value)
    return typed_constant(Constant(value), operand.type) if isinstance(op, (ast.USub, ast.UAdd)) else None
