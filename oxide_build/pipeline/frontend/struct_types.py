"""What a `@gpu.struct` class declares: its fields and their types.

In: the class as written. Out: the IR's type, or what a struct cannot hold. Its own room because annotations, constants
and constructions all ask for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from oxide_build.errors import CompileError
from oxide_build.ir.types import SCALARS, Element, Struct, bool_
from oxide_build.pipeline.frontend.library import Definition
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.frontend.syntax import KernelModule

_OF_ARRAYS = ("shape", "unchecked")
_METHOD = "write a `@gpu.device` function that takes the struct"


def struct_named(node: ast.expr, module: KernelModule) -> Definition | None:
    """The `@gpu.struct` class an expression names: one of this module, or one imported."""
    if isinstance(node, ast.Name) and node.id in module.structs:
        return Definition(module, node.id)
    path = dotted(node, module.names)
    found = module.library.find(path) if path else None
    return found if found is not None and found.name in found.module.structs else None


def struct_type(struct: Definition, around: tuple[str, ...] = ()) -> Struct:
    """The type a class declares; `around` are the structs that it is being read for a field of.

    Raises CompileError, placed in the class, for what no struct can be.
    """
    module, node = struct.module, struct.module.structs[struct.name]
    name = f"{module.source.module}.{struct.name}"
    with module.span(node):
        if name in around:
            raise _contains_itself(around, name)
        _check_head(node)
        fields: dict[str, Element] = {}
        for statement in _fields(module, node):
            with module.span(statement):
                field = _name(statement)
                if field in fields:
                    raise CompileError(f"`{struct.name}` has two fields `{field}`", help="rename one of them")
                fields[field] = _field_type(statement.annotation, struct, (*around, name))
        if not fields:
            raise CompileError(f"`{struct.name}` has no fields", help="write one a line: `x: f32`")
    return Struct(name, tuple(fields.items()))


def field_defaults(struct: Definition) -> dict[str, ast.expr]:
    """What fields are where a construction does not say."""
    written = _fields(struct.module, struct.module.structs[struct.name])
    return {_name(field): field.value for field in written if field.value is not None}


def _contains_itself(around: tuple[str, ...], name: str) -> CompileError:
    path = [part.rpartition(".")[2] for part in (*around[around.index(name) :], name)]
    through = "" if len(path) == 2 else f": {' → '.join(path)}"
    return CompileError(
        f"`{path[0]}` contains itself{through}",
        help="a struct holds its fields by value: keep the index of the other element, `next: i32`",
    )


def _check_head(node: ast.ClassDef) -> None:
    if node.bases or node.keywords:
        raise CompileError(f"`{node.name}` inherits", help="write its fields out, or give it a field of that struct")
    if len(node.decorator_list) > 1 or isinstance(node.decorator_list[0], ast.Call):
        raise CompileError(f"`{node.name}` is marked by more than `@gpu.struct`", help="write `@gpu.struct` alone")


def _fields(module: KernelModule, node: ast.ClassDef) -> Iterator[ast.AnnAssign]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement
        elif not _says_nothing(statement):
            with module.span(statement):
                raise _no_field(statement)


def _says_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _no_field(node: ast.stmt) -> CompileError:
    if isinstance(node, ast.FunctionDef):
        return CompileError(f"a struct has fields only, `{node.name}` is a method", help=_METHOD)
    if isinstance(node, ast.Assign):
        return CompileError("a field without a type", help=f"write `{ast.unparse(node.targets[0])}: f32 = …`")
    return CompileError("a struct has fields only", help="write one a line: `x: f32`")


def _name(field: ast.AnnAssign) -> str:
    assert isinstance(field.target, ast.Name)
    if field.target.id in _OF_ARRAYS:
        raise CompileError(f"a field cannot be called `{field.target.id}`: that is what arrays have", help="rename it")
    return field.target.id


def _field_type(node: ast.expr, struct: Definition, around: tuple[str, ...]) -> Element:
    module = struct.module
    with module.span(node):
        named = quoted(node)
        text = ast.unparse(named)
        scalar = SCALARS.get(dotted(named, module.names).removeprefix("gpu."))
        if scalar is not None or text == "bool":
            return scalar or bool_
        other = struct_named(named, module)
        if other is None:
            raise _no_field_type(text)
        if other.module.source == module.source and _is_below(other.name, struct):
            raise CompileError(f"`{text}` is defined further down", help=f"move it above `{struct.name}`")
    return struct_type(other, around)


def _is_below(name: str, struct: Definition) -> bool:
    structs = struct.module.structs
    return structs[name].lineno > structs[struct.name].lineno


def _no_field_type(text: str) -> CompileError:
    widths = {"int": "i32 or i64", "float": "f32 or f64"}
    if text in widths:
        return CompileError(f"`{text}` has no fixed width on a GPU", help=f"write {widths[text]}")
    if "Slice" in text:
        return CompileError("a struct holds no arrays", help="pass the array as a parameter of the kernel, or an index")
    return CompileError(
        f"`{text}` is nothing a struct can hold", help="a field is a scalar (f32, i32, …), bool, or another @gpu.struct"
    )


def quoted(node: ast.expr) -> ast.expr:
    """An annotation out of its quotes, where it has them."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return node
    try:
        inner = ast.parse(node.value, mode="eval").body
    except SyntaxError:
        raise CompileError(f"{node.value!r} is no type") from None
    for part in ast.walk(inner):
        ast.copy_location(part, node)
    return inner
