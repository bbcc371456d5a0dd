"""Names, literals, tuples and attributes to operands."""

from __future__ import annotations

import ast
import difflib

from oxide_build import ir
from oxide_build.dialects import mir, vocabulary
from oxide_build.errors import CompileError
from oxide_build.ir.types import View
from oxide_build.pipeline.frontend.builder import (
    EXPRESSIONS,
    INTRINSICS,
    FunctionBuilder,
    Poison,
    PoisonedError,
    Variable,
    translates,
)
from oxide_build.pipeline.frontend.constants import (
    MATH_CONSTANTS,
    Folded,
    fold,
)
from oxide_build.pipeline.frontend.elements import extent, view_type
from oxide_build.pipeline.frontend.library import Definition, unknown_import
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
    OwnIndex,
    Witness,
    describe,
)
from oxide_build.pipeline.frontend.outside import refuse_builtin
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.frontend.structs import field, struct_of
from oxide_build.pipeline.frontend.threads import coordinate

BUILTINS = ("abs", "bool", "divmod", "len", "max", "min", "pow", "print", "range", "round")


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
    if isinstance(binding, Definition):
        raise CompileError(f"`{node.id}` is a function", help=f"call it: `{node.id}(…)`")
    if binding is not None:
        return _operand(binding) if isinstance(binding, tuple) else binding
    folded = fold(node, f.module)
    if folded is not None:
        return _operand(folded)
    raise unknown_name(f, node.id)


def _operand(folded: Folded) -> Operand:
    return tuple(map(_operand, folded)) if isinstance(folded, tuple) else folded


def unknown_name(f: FunctionBuilder, name: str) -> CompileError:
    """The error for a name that means nothing here: what it is on the host, or the nearest that exists."""
    if name in f.unrolled_names:
        return CompileError(
            f"`{name}` has a value only inside its unrolled loop", help="assign it to another name there"
        )
    unknown = unknown_import(f.module.names.get(name, ""), name, f.module)
    if unknown is not None:
        return unknown
    if name in f.module.functions:
        return CompileError(f"`{name}` is a function", help=f"call it: `{name}(…)`")
    if name in f.module.structs:
        return CompileError(f"`{name}` is a struct's type", help=f"make a value of it: `{name}(…)`")
    if name in f.module.constants:
        return CompileError(
            f"`{name}` is not a constant the compiler can read",
            help="kernels are compiled without running the module: use numbers, other constants and arithmetic",
        )
    members = [known for known in f.module.constants if known.startswith(f"{name}.")]
    if members:
        return CompileError(f"`{name}` is an enum", help=f"write one of its members: {', '.join(members)}")
    if name in f.module.host_names:
        return CompileError(
            f"`{name}` exists only on the host",
            help="pass it as a parameter, or make it a module-level constant assigned once",
        )
    if f.module.names.get(name) or name in BUILTINS:
        return CompileError(f"`{name}` is no value", help="write what you want of it, such as a call or an attribute")
    builtin = refuse_builtin(name)
    if builtin is not None:
        return builtin
    known = [*f.names, *f.module.constants, *f.module.functions, *f.module.structs, *f.module.names, *BUILTINS]
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
    if path == "gpu.arch":
        return f.value(mir.arch())
    register, _, axis = path.removeprefix("gpu.").partition(".")
    if path.startswith("gpu.") and register in vocabulary.COORDINATES:
        if axis not in vocabulary.AXES:
            raise CompileError(f"`gpu.{register}` has the parts x, y and z", help=f"write gpu.{register}.x")
        return coordinate(f, register, axis)
    folded = None if local else fold(node, f.module)
    if folded is not None:
        return _operand(folded)
    unknown = None if local else unknown_import(path, ast.unparse(node), f.module)
    if unknown is not None:
        raise unknown
    if path and path not in ("gpu", "math"):
        raise CompileError(f"`{ast.unparse(node)}` is no value of the kernel language", help=_nearest_path(path))
    if node.attr == "shape":
        view = f.view(node.value)
        return tuple(extent(f, view, dimension) for dimension in range(view_type(view).rank))
    if node.attr == "dtype" and isinstance(f.view(node.value).type, View):
        text = ast.unparse(node)
        raise CompileError(
            f"`{text}` is a type", help=f"call it, `{text}(0)`, or pass it: gpu.shared_array(64, {text})"
        )
    if node.attr == "unchecked" and isinstance(f.view(node.value).type, View):
        raise CompileError("`.unchecked` is indexed at once", help=f"write {ast.unparse(node)}[i]")
    if not local and isinstance(node.value, ast.Name):
        raise _unknown_member(f, node) or unknown_name(f, node.value.id)
    operand = f.expression(node.value)
    if struct_of(operand) is not None:
        return field(f, operand, node.attr)
    is_array = isinstance(operand, ir.Value) and isinstance(operand.type, View)
    has = "an array has `.shape` and `.unchecked`" if is_array else "it has none"
    raise CompileError(f"{describe(operand)} has no attribute `{node.attr}`", help=has)


def _unknown_member(f: FunctionBuilder, node: ast.Attribute) -> CompileError | None:
    """The error for a member that an enum of this module lacks; None where the name is no enum."""
    members = [name for name in f.module.constants if name.startswith(f"{ast.unparse(node.value)}.")]
    text = ast.unparse(node)
    near = difflib.get_close_matches(text, members, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"its members are {', '.join(members)}"
    return CompileError(f"there is no `{text}` among the constants of its enum", help=hint) if members else None


def _is_local(f: FunctionBuilder, node: ast.expr) -> bool:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, ast.Name) and node.id in f.names


def _nearest_path(path: str) -> str:
    known = [*INTRINSICS, *MATH_CONSTANTS, *(f"gpu.{r}.{a}" for r in vocabulary.COORDINATES for a in vocabulary.AXES)]
    if path in INTRINSICS:
        return f"it is a function: call it, `{path}(…)`"
    near = difflib.get_close_matches(path, known, n=1)
    return f"did you mean `{near[0]}`?" if near else "see the language reference for what kernels can use"
