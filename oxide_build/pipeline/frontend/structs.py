"""Structs to `mir`: made, taken apart, compared, one field of them assigned.

In: what names and calls turned out to be structs. Out: values; a field of an element in memory is loaded and stored
alone, never with the whole struct.
"""

from __future__ import annotations

import ast
import difflib

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Element, Pointer, Struct
from oxide_build.pipeline.frontend.builder import FunctionBuilder, Variable
from oxide_build.pipeline.frontend.constants import default_of
from oxide_build.pipeline.frontend.conversions import coerce, materialise
from oxide_build.pipeline.frontend.elements import element, stored_type
from oxide_build.pipeline.frontend.library import Definition
from oxide_build.pipeline.frontend.named_arguments import match_arguments
from oxide_build.pipeline.frontend.operands import Operand, Record, describe, type_of
from oxide_build.pipeline.frontend.struct_types import field_defaults, struct_type


def struct_of(operand: Operand) -> Struct | None:
    """The struct an operand is; None for anything else."""
    type = None if isinstance(operand, tuple) else type_of(operand)
    return type if isinstance(type, Struct) else None


def construct(f: FunctionBuilder, node: ast.Call, struct: Definition) -> Operand:
    """`Vec3(x, y, z)`, `Vec3(x=…)`: fields by place or by name, the rest by their defaults."""
    type = struct_type(struct)
    given = match_arguments(node, [name for name, _ in type.fields], field_defaults(struct), "field")
    operands = {name: f.expression(value) for name, value in _as_written(node, given)}
    values = []
    for name, wanted in type.fields:
        with f.at(given.get(name, node)):
            operand = operands[name] if name in operands else default_of(struct, name, wanted)
            values.append(coerce(f, operand, wanted, f"field `{name}` of `{struct.name}`"))
    return f.value(mir.struct(*values, type=type))


def _as_written(node: ast.Call, given: dict[str, ast.expr]) -> list[tuple[str, ast.expr]]:
    """The arguments in the order Python computes them."""
    order = [*node.args, *(keyword.value for keyword in node.keywords)]
    return sorted(given.items(), key=lambda item: order.index(item[1]))


def field(f: FunctionBuilder, operand: Operand, name: str) -> Operand:
    """A field of a struct; of one just loaded from memory, only the field is loaded."""
    struct = struct_of(operand)
    assert struct is not None
    check_field(struct, name)
    if isinstance(operand, Record):
        known = operand.field(name)
        assert known is not None
        return known
    value = materialise(f, operand)
    pointer = _just_loaded(f, value)
    if pointer is None:
        return f.value(mir.field(value, field=name))
    f.block.ops.pop()
    return f.value(mir.load(f.value(mir.field_address(pointer, field=name))))


def _just_loaded(f: FunctionBuilder, value: ir.Value) -> ir.Value | None:
    """The pointer to an array's element that the last operation has loaded."""
    load = value.owner
    if not isinstance(load, ir.Op) or load.definition is not mir.load or f.block.ops[-1] is not load:
        return None
    made = load.operands[0].owner
    is_element = isinstance(made, ir.Op) and made.definition in (mir.element, mir.field_address)
    return load.operands[0] if is_element else None


def check_field(struct: Struct, name: str) -> Element:
    """The type of a field; CompileError with the nearest where there is none of that name."""
    type = struct.field(name)
    if type is not None:
        return type
    names = [known for known, _ in struct.fields]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"its fields are {', '.join(names)}"
    raise CompileError(f"`{struct.plain_name}` has no field `{name}`", help=hint)


def equal(f: FunctionBuilder, left: Operand, right: Operand, predicate: str, symbol: str) -> ir.Value:
    """`p == q`, `p != q` of one struct type: all fields are equal, or not all."""
    struct = struct_of(left)
    if struct is None or struct != struct_of(right):
        message = f"`{symbol}` of {describe(left)} and {describe(right)}"
        raise CompileError(message, help="only structs of one type compare; compare one of its fields")
    if predicate not in ("eq", "ne"):
        raise CompileError(f"`{symbol}` of structs", help="structs compare with == and != only; compare their fields")
    same = _all_equal(f, materialise(f, left), materialise(f, right))
    return same if predicate == "eq" else f.value(mir.not_(same))


def _all_equal(f: FunctionBuilder, left: ir.Value, right: ir.Value) -> ir.Value:
    if not isinstance(left.type, Struct):
        return f.value(mir.cmp(left, right, predicate="eq"))
    names = [name for name, _ in left.type.fields]
    pairs = [(f.value(mir.field(left, field=name)), f.value(mir.field(right, field=name))) for name in names]
    same = _all_equal(f, *pairs[0])
    for pair in pairs[1:]:
        same = f.value(mir.and_(same, _all_equal(f, *pair)))
    return same


def assign_field(f: FunctionBuilder, target: ast.Attribute, operand: Operand, source: ast.expr) -> None:
    """`p.x = value` of a local, `x[i].mass = value` of an element; a value that does not fit is shown at `source`."""
    names, root = _path(target)
    if isinstance(root, ast.Subscript):
        pointer = field_pointer(f, target)
        f.emit(mir.store(_fitting(f, operand, stored_type(pointer), target, source), pointer))
        return
    variable = f.names.get(root.id) if isinstance(root, ast.Name) else None
    if not isinstance(variable, Variable) or not isinstance(variable.type, Struct):
        raise _unassignable(f, target, root)
    whole = f.value(mir.load(variable.slot, name=variable.slot.name))
    f.emit(mir.store(_with(f, whole, names, operand, target, source), variable.slot))


def _unassignable(f: FunctionBuilder, target: ast.Attribute, root: ast.expr) -> CompileError:
    if isinstance(root, ast.Name) and (root.id in f.module.constants or isinstance(f.names.get(root.id), Record)):
        return CompileError(
            f"`{root.id}` is a constant", help=f"copy it first: `p = {root.id}`, then assign `p`'s field"
        )
    return CompileError(
        f"`{ast.unparse(target)}` cannot be assigned", help="assign a name, an element, or a field of one of them"
    )


def _path(target: ast.expr) -> tuple[list[str], ast.expr]:
    """The names of `p.a.b` behind its root, and the root."""
    names: list[str] = []
    while isinstance(target, ast.Attribute):
        names.insert(0, target.attr)
        target = target.value
    return names, target


def _with(
    f: FunctionBuilder, whole: ir.Value, names: list[str], operand: Operand, target: ast.expr, source: ast.expr
) -> ir.Value:
    """A copy of `whole` in which the field at the end of `names` is another."""
    name, *further = names
    if not isinstance(whole.type, Struct):
        raise CompileError(f"{describe(whole)} has no field `{name}`", help="only structs have fields")
    type = check_field(whole.type, name)
    if further:
        part = _with(f, f.value(mir.field(whole, field=name)), further, operand, target, source)
    else:
        part = _fitting(f, operand, type, target, source)
    return f.value(mir.with_field(whole, part, field=name))


def _fitting(f: FunctionBuilder, operand: Operand, type: Element, target: ast.expr, source: ast.expr) -> ir.Value:
    with f.at(source):
        return coerce(f, operand, type, f"`{ast.unparse(target)}`")


def field_pointer(f: FunctionBuilder, target: ast.expr) -> ir.Value:
    """A pointer to `x[i]`, or to `x[i].a.b`, that will be written."""
    if isinstance(target, ast.Subscript):
        return element(f, target, store=True)
    assert isinstance(target, ast.Attribute)
    with f.at(target):
        pointer = field_pointer(f, target.value)
        assert isinstance(pointer.type, Pointer)
        if not isinstance(pointer.type.element, Struct):
            message = f"`{ast.unparse(target.value)}` is {stored_type(pointer)}, it has no field `{target.attr}`"
            raise CompileError(message, help="only structs have fields")
        check_field(pointer.type.element, target.attr)
        return f.value(mir.field_address(pointer, field=target.attr))


def is_element_field(target: ast.expr) -> bool:
    """Whether an assignment's target is a field of an array's element."""
    return isinstance(target, ast.Attribute) and isinstance(_path(target)[1], ast.Subscript)
