"""Calls: what a called name means, explicit conversions."""

from __future__ import annotations

import ast
import difflib

from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, bool_
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import EXPRESSIONS, INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.constants import TYPE_PATHS, typed_constant
from oxide_build.pipeline.frontend.conversions import (
    cast,
    scalar,
)
from oxide_build.pipeline.frontend.device_calls import call_function, function_named
from oxide_build.pipeline.frontend.dtypes import array_dtype
from oxide_build.pipeline.frontend.library import unknown_import
from oxide_build.pipeline.frontend.mathematics import MATH_NAMES, unknown_math
from oxide_build.pipeline.frontend.names import BUILTINS, unknown_name
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
)
from oxide_build.pipeline.frontend.outside import known_elsewhere
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.frontend.struct_types import struct_named
from oxide_build.pipeline.frontend.structs import construct


@translates(EXPRESSIONS, ast.Call)
def call(f: FunctionBuilder, node: ast.Call) -> Operand:
    """A call, by what its function's name means."""
    path = _callee(f, node.func)
    if path in INTRINSICS:
        operand: Operand = INTRINSICS[path](f, node)
        return operand
    if path in TYPE_PATHS:
        return convert(f, node, TYPE_PATHS[path])
    struct = None if isinstance(node.func, ast.Name) and node.func.id in f.names else struct_named(node.func, f.module)
    if struct is not None:
        return construct(f, node, struct)
    element = array_dtype(f, node.func)
    if element is not None:
        return convert(f, node, element)
    function = function_named(f, node.func)
    if function is not None:
        return call_function(f, node, function)
    raise _unknown_call(f, node, path)


def _callee(f: FunctionBuilder, node: ast.expr) -> str:
    """The canonical path of what is called; a builtin is its own path, a function of this module has none."""
    if isinstance(node, ast.Name) and node.id not in f.names:
        if node.id in f.module.functions:
            return ""
        own = node.id in BUILTINS and node.id not in f.module.names
        return node.id if own else dotted(node, f.module.names)
    return "" if isinstance(node, ast.Name) else dotted(node, f.module.names)


def _unknown_call(f: FunctionBuilder, node: ast.Call, path: str) -> CompileError:
    text = ast.unparse(node.func)
    if path.startswith("math."):
        name = path.removeprefix("math.")
        return unknown_math(text, difflib.get_close_matches(name, MATH_NAMES, n=1))
    if path.startswith("gpu."):
        return _unknown_intrinsic(text, path.removeprefix("gpu."))
    if text in ("int", "float"):
        return CompileError(
            f"`{text}` has no fixed width on a GPU", help="write i32(…)" if text == "int" else "write f32(…)"
        )
    unknown = unknown_import(path, text, f.module)
    if unknown is not None:
        return unknown
    if text in f.module.host_names:
        return CompileError(f"`{text}` is a host function", help="decorate it with `@gpu.device` to call it here")
    if isinstance(node.func, ast.Name) and node.func.id not in f.names and not path:
        return unknown_name(f, node.func.id)
    if isinstance(node.func, ast.Attribute) and not path:
        instead = f"{node.func.attr}({ast.unparse(node.func.value)})"
        return CompileError(
            f"`{text}` is no method: values have none", help=f"write a `@gpu.device` function, `{instead}`"
        )
    return CompileError(
        f"`{text}` cannot be called in a kernel", help="call functions of `gpu`, `math`, or `@gpu.device` ones"
    )


def _unknown_intrinsic(text: str, name: str) -> CompileError:
    """The error for a function that `gpu` has not: what it is called here, or the nearest."""
    known = [path.removeprefix("gpu.") for path in INTRINSICS if path.startswith("gpu.")]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean `gpu.{near[0]}`?" if near else "see the language reference for what `gpu` has"
    here = known_elsewhere(name)
    return CompileError(f"`{text}` is no function of `gpu`", help=f"write `{here}`" if here else hint)


def convert(f: FunctionBuilder, node: ast.Call, type: Scalar) -> Operand:
    """`f32(x)`: an explicit conversion."""
    (argument,) = arguments(node, "value")
    operand = f.expression(argument)
    if isinstance(operand, Constant) and operand.type is None:
        return typed_constant(operand, type)
    return cast(f, scalar(f, operand), type)


@translates(INTRINSICS, "bool")
def convert_to_bool(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`bool(x)`."""
    return convert(f, node, bool_)


@translates(INTRINSICS, "range", "gpu.grid_stride")
def only_in_for(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Ranges are no values."""
    text = ast.unparse(node)
    raise CompileError(f"`{ast.unparse(node.func)}` stands only in a `for` statement", help=f"write `for i in {text}:`")
