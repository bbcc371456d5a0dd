"""Annotations of parameters and locals to static types."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from oxide_build.errors import CompileError
from oxide_build.ir.types import Access, Element, Scalar, Struct, View, bool_
from oxide_build.pipeline.frontend.constants import TYPE_PATHS
from oxide_build.pipeline.frontend.operands import WITNESS_NAMES, StaticType, Witness
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.frontend.struct_types import quoted, struct_named, struct_type
from oxide_build.pipeline.frontend.syntax import KernelModule

_VIEWS: Mapping[str, tuple[str, int]] = {
    f"gpu.{name}{'' if rank == 1 else f'{rank}D'}": (access, rank)
    for name, access, most in (("Slice", "read", 4), ("DisjointSlice", "disjoint", 3), ("MutSlice", "mut", 4))
    for rank in range(1, most + 1)
}
_WITNESSES: Mapping[str, Witness] = {f"gpu.{name}": witness for witness, name in WITNESS_NAMES.items()}
_PYTHON_TYPES: Mapping[str, str] = {"int": "i32 or i64", "float": "f32 or f64", "complex": "two floats"}
_KNOWN = "scalars (f32, i32, …), bool, structs, Slice[T], DisjointSlice[T], MutSlice[T] and their 2D, 3D, … forms"


def static_type(node: ast.expr, module: KernelModule) -> StaticType:
    """The type an annotation means; raises CompileError placed at the annotation."""
    with module.span(node):
        node = quoted(node)
        if isinstance(node, ast.Subscript):
            return _view(node, module)
        return _plain(node, module)


def scalar_type(node: ast.expr, module: KernelModule) -> Scalar:
    """The scalar type an expression names; raises CompileError for anything else."""
    with module.span(node):
        type = static_type(node, module)
        if not isinstance(type, Scalar):
            raise CompileError(f"`{ast.unparse(node)}` is no scalar type", help="write f32, i32, …")
        return type


def element_type(node: ast.expr, module: KernelModule) -> Element:
    """The scalar or struct an expression names; raises CompileError for anything else."""
    with module.span(node):
        type = static_type(node, module)
        if not isinstance(type, (Scalar, Struct)):
            raise CompileError(f"`{ast.unparse(node)}` is no scalar and no struct", help="write f32, i32, …")
        return type


def _plain(node: ast.expr, module: KernelModule) -> StaticType:
    text = ast.unparse(node)
    path = dotted(node, module.names)
    if path in TYPE_PATHS:
        return TYPE_PATHS[path]
    if path in _WITNESSES:
        return _WITNESSES[path]
    if path in _VIEWS:
        raise CompileError(f"`{text}` needs its element type", help=f"write {text}[f32]")
    if text == "bool":
        return bool_
    struct = struct_named(node, module)
    if struct is not None:
        return struct_type(struct)
    if text in module.host_names:
        raise CompileError(f"`{text}` exists only on the host", help="mark a class of fields with `@gpu.struct`")
    if text in _PYTHON_TYPES:
        raise CompileError(f"`{text}` has no fixed width on a GPU", help=f"write {_PYTHON_TYPES[text]}")
    raise CompileError(f"`{text}` is no type of the kernel language", help=f"use one of: {_KNOWN}")


def _view(node: ast.Subscript, module: KernelModule) -> View:
    path = dotted(node.value, module.names)
    if path == "gpu.Wide":
        inner = static_type(node.slice, module)
        if not isinstance(inner, View):
            raise CompileError(f"`{ast.unparse(node)}`: only views are wide", help="write gpu.Wide[Slice[f32]]")
        return replace(inner, wide=True)
    if path not in _VIEWS:
        raise CompileError(f"`{ast.unparse(node)}` is no type of the kernel language", help=f"use one of: {_KNOWN}")
    access, rank = _VIEWS[path]
    if isinstance(node.slice, ast.Tuple):
        name = ast.unparse(node.value)
        example = f"{name.rstrip('234D')}2D[f32]"
        raise CompileError(f"`{name}` takes one element type", help=f"the rank is in the name: {example}")
    element = element_type(node.slice, module)
    return View(element, (None,) * rank, cast(Access, access))
