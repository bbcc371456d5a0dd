"""`x.dtype`: an array's element type where a type is written, so that a generic kernel need not name it.

In: an expression where a scalar type is wanted. Out: that type. Its own room because types are otherwise read from
annotations alone, without knowing what locals are.
"""

from __future__ import annotations

import ast

from oxide_build.errors import CompileError
from oxide_build.ir.types import Element, Scalar, View
from oxide_build.pipeline.frontend.annotations import element_type as named_element
from oxide_build.pipeline.frontend.annotations import scalar_type
from oxide_build.pipeline.frontend.builder import FunctionBuilder


def number_type(f: FunctionBuilder, node: ast.expr) -> Scalar:
    """The scalar type an expression names, `f32` or `x.dtype`; raises CompileError for anything else."""
    return array_dtype(f, node) or scalar_type(node, f.module)


def element_type(f: FunctionBuilder, node: ast.expr) -> Element:
    """The scalar or struct an expression names, `x.dtype` included; raises CompileError for anything else."""
    return array_dtype(f, node) or named_element(node, f.module)


def array_dtype(f: FunctionBuilder, node: ast.expr) -> Scalar | None:
    """The element type that `x.dtype` stands for; None for other expressions."""
    if not isinstance(node, ast.Attribute) or node.attr != "dtype":
        return None
    view = f.view(node.value)
    assert isinstance(view.type, View)
    with f.at(node):
        if not isinstance(view.type.element, Scalar):
            raise CompileError(f"the elements of `{ast.unparse(node.value)}` are no numbers", help="name their type")
        return view.type.element
