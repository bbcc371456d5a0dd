"""What a function declares: its parameters, what they default to, its results.

In: a function's syntax and the module it stands in. Out: a `Signature`, or all that a kernel function cannot declare.
A type variable is bound by giving its name a meaning in a copy of the module: annotations and body then read it as the
type it is in this instance.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from oxide_build.errors import Collector, CompileError
from oxide_build.ir.types import Element, Scalar
from oxide_build.pipeline.frontend.annotations import element_type, scalar_type, static_type
from oxide_build.pipeline.frontend.constants import TYPE_PATHS, Folded, fold, typed_constant
from oxide_build.pipeline.frontend.library import Definition
from oxide_build.pipeline.frontend.operands import Constant, StaticType, Witness, describe_type
from oxide_build.pipeline.frontend.rounding import real
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.frontend.syntax import FunctionSyntax, KernelModule


@dataclass(frozen=True)
class ConstType:
    """A compile-time parameter: what it holds. `int`, `float` and `bool` are Python's, without a width."""

    kind: Literal["int", "float", "bool", "function"] | Scalar

    def __str__(self) -> str:
        return f"a constant {self.kind}" if self.kind != "function" else "a function"

    def of(self, constant: Constant) -> Constant | None:
        """A constant as this parameter takes it; None where it does not fit."""
        value, flag = constant.value, isinstance(constant.value, bool)
        if isinstance(self.kind, Scalar):
            fits = flag == (self.kind.kind == "bool") and (self.kind.is_float or not isinstance(value, float))
            return typed_constant(constant, self.kind) if fits else None
        if self.kind == "float":
            return None if flag else Constant(real(value))
        wanted = {"int": int, "bool": bool}.get(self.kind)
        return Constant(value) if type(value) is wanted else None


Declared: TypeAlias = "StaticType | ConstType"
Given: TypeAlias = "StaticType | Constant | Definition"
"""What a parameter is in one instance of a device function: its type, or the constant or function it stands for."""

_CONST_KINDS: Mapping[str, Literal["int", "float", "bool"]] = {"int": "int", "float": "float", "bool": "bool"}
_FUNCTIONS = ("typing.Callable", "collections.abc.Callable")


def describe_declared(type: Declared) -> str:
    """A parameter's type in the author's words."""
    return str(type) if isinstance(type, ConstType) else describe_type(type)


@dataclass(frozen=True)
class Signature:
    """What a function declares: parameters in order, results, and the constants parameters default to."""

    parameters: dict[str, Declared]
    results: tuple[Element, ...]
    defaults: dict[str, Folded]


def signature(module: KernelModule, syntax: FunctionSyntax) -> Signature:
    """Read a function's annotations; raises CompileErrors with all that a kernel function cannot declare."""
    errors = Collector()
    _refuse_exotic(module, syntax, errors)
    parameters: dict[str, Declared] = {}
    for argument in syntax.node.args.args:
        with errors.collect(), module.span(argument):
            parameters[argument.arg] = _parameter_type(module, syntax, argument)
    defaults = _defaults(module, syntax, errors)
    results: tuple[Element, ...] = ()
    with errors.collect(), module.span(syntax.node):
        results = _results(module, syntax)
    errors.raise_if_any()
    return Signature(parameters, results, defaults)


def _parameter_type(module: KernelModule, syntax: FunctionSyntax, argument: ast.arg) -> Declared:
    name = argument.arg
    if argument.annotation is None:
        raise CompileError(f"parameter `{name}` has no type", help=f"write `{name}: f32` or `{name}: Slice[f32]`")
    type = const_type(argument.annotation, module) or static_type(argument.annotation, module)
    if syntax.kind == "kernel" and isinstance(type, Witness):
        raise CompileError("a kernel is not given the thread's own index", help="compute it: `i = gpu.index_1d()`")
    return type


def const_type(node: ast.expr, module: KernelModule) -> ConstType | None:
    """`gpu.Const[…]`; None for other annotations."""
    if not isinstance(node, ast.Subscript) or dotted(node.value, module.names) != "gpu.Const":
        return None
    held = node.slice.value if isinstance(node.slice, ast.Subscript) else node.slice
    path, text = dotted(held, module.names), ast.unparse(held)
    if path in _FUNCTIONS:
        return ConstType("function")
    if text in _CONST_KINDS:
        return ConstType(_CONST_KINDS[text])
    if path in TYPE_PATHS:
        return ConstType(TYPE_PATHS[path])
    raise CompileError(
        f"`{text}` is nothing a `gpu.Const` parameter can be",
        help="write gpu.Const[int], [float], [bool], a scalar type, or [Callable[…, f32]] for a function",
    )


def _refuse_exotic(module: KernelModule, syntax: FunctionSyntax, errors: Collector) -> None:
    args = syntax.node.args
    other = "keyword-only or positional-only parameters"
    exotic = [(args.vararg, "`*args`"), (args.kwarg, "`**kwargs`")]
    exotic += [(argument, other) for argument in (*args.kwonlyargs, *args.posonlyargs)]
    for argument, what in exotic:
        if argument is not None:
            with errors.collect(), module.span(argument):
                raise CompileError(f"{what} in a kernel function", help="list every parameter by name, with its type")
    defaults = default_nodes(syntax) if syntax.kind == "kernel" else []
    for argument, default in defaults:
        with errors.collect(), module.span(default):
            if argument.annotation is None or const_type(argument.annotation, module) is None:
                raise CompileError(
                    "a default argument of a kernel",
                    help="pass the value at each launch; only a `gpu.Const` parameter has a default",
                )


def default_nodes(syntax: FunctionSyntax) -> list[tuple[ast.arg, ast.expr]]:
    """The parameters that have a default, with it."""
    args = syntax.node.args
    places = [*args.posonlyargs, *args.args]
    return list(zip(places[len(places) - len(args.defaults) :], args.defaults, strict=True))


def _defaults(module: KernelModule, syntax: FunctionSyntax, errors: Collector) -> dict[str, Folded]:
    found = dict[str, Folded]()
    for argument, node in default_nodes(syntax):
        with errors.collect(), module.span(node):
            folded = fold(node, module)
            if folded is None and syntax.kind == "device":
                raise CompileError("a default argument is a constant", help="write a number or a module-level constant")
            if folded is not None:
                found[argument.arg] = folded
    return found


def _results(module: KernelModule, syntax: FunctionSyntax) -> tuple[Element, ...]:
    annotation = syntax.node.returns
    if annotation is None:
        if syntax.kind == "kernel":
            return ()
        raise CompileError(
            f"`{syntax.name}` does not declare what it returns",
            help=f"write `def {syntax.name}(…) -> f32:` (or `-> None`, or `-> tuple[f32, f32]`)",
        )
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return ()
    with module.span(annotation):
        if syntax.kind == "kernel":
            raise CompileError("a kernel returns nothing", help="write `-> None` and give it an array for its results")
        if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) in ("tuple", "Tuple"):
            items = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
            return tuple(element_type(item, module) for item in items)
        return (element_type(annotation, module),)


def type_variables(module: KernelModule, syntax: FunctionSyntax) -> dict[str, tuple[Scalar, ...]]:
    """The type variables a function's annotations use, each with the types it may be, in order of appearance."""
    annotations = [argument.annotation for argument in syntax.node.args.args] + [syntax.node.returns]
    names = [part for node in annotations if node is not None for part in ast.walk(node) if isinstance(part, ast.Name)]
    found: dict[str, tuple[Scalar, ...]] = {}
    for name in names:
        definition = _type_variable(name, module)
        if definition is not None:
            found[name.id] = _constraints(*definition)
    return found


def _type_variable(name: ast.Name, module: KernelModule) -> tuple[ast.Call, KernelModule] | None:
    path = dotted(name, module.names)
    if path in TYPE_PATHS:
        return None
    found = module.library.find(path) if path else Definition(module, name.id)
    value = None if found is None else found.module.constants.get(found.name)
    if found is None or not isinstance(value, ast.Call):
        return None
    return (value, found.module) if dotted(value.func, found.module.names) == "typing.TypeVar" else None


def _constraints(node: ast.Call, module: KernelModule) -> tuple[Scalar, ...]:
    with module.span(node):
        types = tuple(scalar_type(argument, module) for argument in node.args[1:])
        if len(types) < 2 or any(type.kind == "bool" for type in types):
            raise CompileError(
                "a type variable lists the number types it may be", help='write T = TypeVar("T", f32, f64)'
            )
        return types


def bind_types(module: KernelModule, types: Mapping[str, Scalar]) -> KernelModule:
    """The module as one instance of a generic function sees it: each type variable is a name of its type."""
    if not types:
        return module
    return replace(module, names={**module.names, **{name: f"gpu.{type}" for name, type in types.items()}})
