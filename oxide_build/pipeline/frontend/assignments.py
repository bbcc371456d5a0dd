"""Assignments to `mir`: names, elements, tuples, annotations, augmented forms."""

from __future__ import annotations

import ast
import copy

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import SCALARS, Scalar, Struct, View
from oxide_build.pipeline.frontend.annotations import static_type
from oxide_build.pipeline.frontend.arithmetic import combine
from oxide_build.pipeline.frontend.builder import (
    STATEMENTS,
    FunctionBuilder,
    Poison,
    PoisonedError,
    Variable,
    translates,
)
from oxide_build.pipeline.frontend.conversions import coerce
from oxide_build.pipeline.frontend.elements import element, stored_type
from oxide_build.pipeline.frontend.library import Definition
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
    OwnIndex,
    Record,
    Witness,
    describe,
    describe_type,
    type_of,
)
from oxide_build.pipeline.frontend.structs import assign_field, field_pointer, is_element_field


@translates(STATEMENTS, ast.Assign)
def assign(f: FunctionBuilder, node: ast.Assign) -> None:
    """`a = value`, `x[i] = value`, `a, b = values`, `a = b = value`."""
    operand = f.expression(node.value)
    for target in node.targets:
        assign_to(f, target, operand, node.value)


@translates(STATEMENTS, ast.AnnAssign)
def annotated(f: FunctionBuilder, node: ast.AnnAssign) -> None:
    """`a: f64 = value`."""
    type = static_type(node.annotation, f.module)
    if not isinstance(node.target, ast.Name):
        raise CompileError("only a local name takes an annotation", help="leave the annotation out")
    if not isinstance(type, (Scalar, Struct)):
        raise CompileError(f"a local cannot be declared {describe_type(type)}", help="leave the annotation out")
    bound = f.names.get(node.target.id)
    if isinstance(bound, Variable) and bound.type != type:
        raise _type_changes(node.target.id, bound, describe_type(type))
    if bound is None or isinstance(bound, Poison):
        f.names[node.target.id] = Variable(f.slot(type, node.target.id), type, node.lineno)
    if node.value is not None:
        assign_to(f, node.target, f.expression(node.value), node.value)


@translates(STATEMENTS, ast.AugAssign)
def augmented(f: FunctionBuilder, node: ast.AugAssign) -> None:
    """`a += value`, `x[i] += value`; an element is found and checked once."""
    if isinstance(node.target, ast.Subscript) or is_element_field(node.target):
        pointer = field_pointer(f, node.target)
        old = f.value(mir.load(pointer))
        result = combine(f, node.op, old, f.expression(node.value))
        f.emit(mir.store(coerce(f, result, stored_type(pointer), "the element"), pointer))
        return
    loaded = copy.copy(node.target)
    loaded.ctx = ast.Load()
    assign_to(f, node.target, combine(f, node.op, f.expression(loaded), f.expression(node.value)), node.value)


def assign_to(f: FunctionBuilder, target: ast.expr, operand: Operand, source: ast.expr | None = None) -> None:
    """Give `operand` to a name, an element, or a tuple of targets; a value that does not fit is shown at `source`."""
    with f.at(target):
        if isinstance(target, (ast.Tuple, ast.List)):
            _unpack(f, target.elts, operand, source)
        elif isinstance(target, ast.Subscript):
            pointer = element(f, target, store=True)
            with f.at(source or target):
                value = coerce(f, operand, stored_type(pointer), "the element")
            f.emit(mir.store(value, pointer))
        elif isinstance(target, ast.Name):
            _assign_name(f, target, operand)
        elif isinstance(target, ast.Attribute):
            assign_field(f, target, operand, source or target)
        else:
            raise CompileError(f"`{ast.unparse(target)}` cannot be assigned", help="assign a name or an element")


def _unpack(f: FunctionBuilder, targets: list[ast.expr], operand: Operand, source: ast.expr | None) -> None:
    if not isinstance(operand, tuple):
        raise CompileError(f"{describe(operand)} cannot be unpacked", help="assign it to one name")
    if len(targets) != len(operand):
        raise CompileError(f"{len(operand)} values for {len(targets)} names")
    for target, item in zip(targets, operand, strict=True):
        assign_to(f, target, item, source)


def _assign_name(f: FunctionBuilder, target: ast.Name, operand: Operand) -> None:
    if isinstance(operand, tuple):
        what = "nothing" if not operand else describe(operand)
        raise CompileError(f"`{target.id}` would be {what}", help="unpack a tuple: `a, b = …`")
    bound = f.names.get(target.id)
    is_view = isinstance(operand, ir.Value) and isinstance(operand.type, View)
    if isinstance(operand, ir.Value) and is_view and _keeps_name(f, bound, operand):
        _bind_view(f, target.id, bound, operand)
        return
    if isinstance(bound, (Constant, Record, tuple, Definition)):
        raise CompileError(f"`{target.id}` is a compile-time constant here", help="assign to another name")
    if isinstance(bound, ir.Value):
        raise CompileError(f"`{target.id}` is a {describe(bound)} and stays one", help="use another name")
    if bound is None or isinstance(bound, Poison):
        bound = _declare(f, target, operand)
    value = _fit(f, target.id, bound, operand)
    f.emit(mir.store(value, bound.slot))


def _keeps_name(f: FunctionBuilder, bound: object, view: ir.Value) -> bool:
    """Whether a name and a view go without a slot: a parameter or an array of the function, the same everywhere."""
    whole = isinstance(view.owner, ir.Block) or view.owner in f.slots
    return not isinstance(bound, Variable) and (bound is not None or whole)


def _bind_view(f: FunctionBuilder, name: str, bound: object, view: ir.Value) -> None:
    """A whole array is bound to its name once; it has no slot."""
    if bound is not None and bound is not view and not isinstance(bound, Poison):
        raise CompileError(f"`{name}` has a value already; an array keeps its name", help="use another name")
    f.names[name] = view


def _declare(f: FunctionBuilder, target: ast.Name, operand: ir.Value | Constant | Record | OwnIndex) -> Variable:
    type = type_of(operand)
    assert isinstance(type, (Scalar, Struct, Witness, View))
    variable = Variable(f.slot(type.scalar if isinstance(type, Witness) else type, target.id), type, target.lineno)
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
    if isinstance(variable.type, View):
        return _fit_view(name, variable, operand)
    if isinstance(operand, ir.Value) and isinstance(operand.type, View):
        message = f"`{name}` is {describe_type(variable.type)} since line {variable.line}, this is {_a(operand)}"
        raise CompileError(message, help="a local has one type for its whole life: use another name")
    try:
        return coerce(f, operand, variable.type, f"`{name}`")
    except PoisonedError:
        raise
    except CompileError:
        raise _type_changes(name, variable, describe(operand)) from None


def _fit_view(name: str, variable: Variable, operand: Operand) -> ir.Value:
    if isinstance(operand, ir.Value) and operand.type == variable.type:
        return operand
    assert isinstance(variable.type, View)
    raise CompileError(
        f"`{name}` is a {describe_type(variable.type)} since line {variable.line}, this is {_a(operand)}",
        help="an array's name keeps element type, rank, fixed extents and kind of memory: use another name",
    )


def _a(operand: Operand) -> str:
    is_view = isinstance(operand, ir.Value) and isinstance(operand.type, View)
    return f"a {describe(operand)}" if is_view else describe(operand)


def _type_changes(name: str, variable: Variable, found: str) -> CompileError:
    if isinstance(variable.type, Struct):
        return CompileError(
            f"`{name}` is {describe_type(variable.type)} since line {variable.line}, this is {found}",
            help="a local has one type for its whole life: use another name",
        )
    wider = found if found in SCALARS else "…"
    return CompileError(
        f"`{name}` is {describe_type(variable.type)} since line {variable.line}, this is {found}",
        help=f"a local has one type for its whole life: declare it in line {variable.line}, `{name}: {wider} = …`, "
        f"or convert the value, {describe_type(variable.type)}(…)",
    )
