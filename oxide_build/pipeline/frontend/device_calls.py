"""Calls of device functions: which function, which arguments, which instance of it.

In: a call of a `@gpu.device` function of this or another module, or of a parameter that stands for one. Out: its
results. Arguments are matched as Python does; types and constants they bring choose the instance.
"""

from __future__ import annotations

import ast

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError, CompileErrors
from oxide_build.ir.types import Scalar, View
from oxide_build.pipeline.frontend.builder import FunctionBuilder, PoisonedError
from oxide_build.pipeline.frontend.constants import Folded
from oxide_build.pipeline.frontend.conversions import is_weak, pass_argument
from oxide_build.pipeline.frontend.functions import instance
from oxide_build.pipeline.frontend.library import Definition, function_of
from oxide_build.pipeline.frontend.named_arguments import match_arguments
from oxide_build.pipeline.frontend.operands import Constant, Operand, OwnIndex, describe
from oxide_build.pipeline.frontend.signatures import (
    ConstType,
    Given,
    Signature,
    bind_types,
    signature,
    type_variables,
)
from oxide_build.pipeline.frontend.syntax import FunctionSyntax, KernelModule


def function_named(f: FunctionBuilder, node: ast.expr) -> Definition | None:
    """The kernel or device function an expression names: a parameter, one of this module, one imported."""
    if isinstance(node, ast.Name) and node.id in f.names:
        binding = f.names[node.id]
        return binding if isinstance(binding, Definition) else None
    return function_of(f.module, node)


def call_function(f: FunctionBuilder, node: ast.Call, function: Definition) -> Operand:
    """Call a device function, translated once for each combination of argument types and constants."""
    syntax = _callable(function)
    nodes = _matched(node, syntax)
    try:
        module, operands = _bind(f, function.module, syntax, nodes)
        declared = signature(module, syntax)
    except CompileErrors as report:
        f.program.errors.errors.extend(error for error in report.errors if isinstance(error, CompileError))
        raise PoisonedError(f"`{syntax.name}` has mistakes of its own") from None
    given: dict[str, Given] = {}
    values: list[ir.Value] = []
    for name, type in declared.parameters.items():
        place = nodes.get(name, node)
        what = f"parameter `{name}` of `{syntax.name}`"
        with f.at(place):
            if isinstance(type, ConstType):
                given[name] = _constant(f, nodes.get(name), declared, name, what)
                continue
            operand = operands[name] if name in operands else _operand(declared.defaults[name])
            value = pass_argument(f, operand, type, what)
            given[name] = value.type if isinstance(value.type, View) else type
            values.append(value)
    callee = instance(f.program, module, syntax, given)
    if callee.index_dims:
        f.use_index(callee.index_dims)
    op = f.emit(mir.call(*values, callee=callee.function.name, results=callee.function.results))
    return op.results[0] if len(op.results) == 1 else tuple(op.results)


def _callable(function: Definition) -> FunctionSyntax:
    syntax = function.function
    assert syntax is not None
    if syntax.kind == "kernel":
        raise CompileError(
            f"`{syntax.name}` is a kernel, which only the host launches",
            help="decorate it with `@gpu.device` to call it here",
        )
    return syntax


def _matched(node: ast.Call, syntax: FunctionSyntax) -> dict[str, ast.expr]:
    """The arguments of a call by parameter; what has a default may be missing."""
    names = [argument.arg for argument in syntax.node.args.args]
    return match_arguments(node, names, names[len(names) - len(syntax.node.args.defaults) :])


def _bind(
    f: FunctionBuilder, module: KernelModule, syntax: FunctionSyntax, nodes: dict[str, ast.expr]
) -> tuple[KernelModule, dict[str, Operand]]:
    """The arguments that are values, and the function's module with its type variables bound to their types."""
    variables = type_variables(module, syntax)
    first = bind_types(module, {name: types[0] for name, types in variables.items()})
    declared = signature(first, syntax)
    constant = {name for name, type in declared.parameters.items() if isinstance(type, ConstType)}
    operands = {name: f.expression(node) for name, node in nodes.items() if name not in constant}
    found: dict[str, Scalar] = {}
    for weak in (False, True):
        for argument in syntax.node.args.args:
            operand = operands.get(argument.arg, _default(declared, argument.arg))
            deduced = None if operand is None or is_weak(operand) != weak else _deduced(argument.annotation, operand)
            if deduced is not None and deduced[0] in variables:
                found.setdefault(*deduced)
    for name, types in variables.items():
        _check_listed(syntax, name, types, found.get(name))
    return bind_types(module, found), operands


def _default(declared: Signature, name: str) -> Operand | None:
    return _operand(declared.defaults[name]) if name in declared.defaults else None


def _deduced(annotation: ast.expr | None, operand: Operand) -> tuple[str, Scalar] | None:
    """The type variable an annotation is made of, and the type the operand makes it."""
    if isinstance(annotation, ast.Name):
        if isinstance(operand, Constant):
            return annotation.id, operand.alone
        type = operand.witness.scalar if isinstance(operand, OwnIndex) else getattr(operand, "type", None)
        return (annotation.id, type) if isinstance(type, Scalar) else None
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Name):
        view = operand.type if isinstance(operand, ir.Value) else None
        element = view.element if isinstance(view, View) else None
        return (annotation.slice.id, element) if isinstance(element, Scalar) else None
    return None


def _check_listed(syntax: FunctionSyntax, name: str, types: tuple[Scalar, ...], found: Scalar | None) -> None:
    listed = " or ".join(map(str, types))
    if found is None:
        raise CompileError(
            f"nothing in this call says what `{name}` of `{syntax.name}` is",
            help=f"give a parameter annotated with `{name}` a value of {listed}",
        )
    if found not in types:
        raise CompileError(
            f"`{name}` of `{syntax.name}` is {listed}, this call makes it {found}",
            help=f"convert the arguments, or add {found} to the TypeVar",
        )


def _constant(
    f: FunctionBuilder, node: ast.expr | None, declared: Signature, name: str, what: str
) -> Constant | Definition:
    """What a `gpu.Const` parameter stands for in this call."""
    type = declared.parameters[name]
    assert isinstance(type, ConstType)
    if type.kind == "function":
        return _function(f, node, what)
    folded: Folded | None = declared.defaults.get(name) if node is None else f.known(node)
    if folded is None:
        raise CompileError(
            f"{what} is known at compile time, this value only on the GPU",
            help="pass a number, a module-level constant, or the variable of gpu.static_range",
        )
    constant = type.of(folded) if isinstance(folded, Constant) else None
    if constant is None:
        raise CompileError(f"{what} is {type}, this is {describe(_operand(folded))}")
    return constant


def _function(f: FunctionBuilder, node: ast.expr | None, what: str) -> Definition:
    found = None if node is None else function_named(f, node)
    if found is None:
        raise CompileError(f"{what} is a function", help="pass the name of a `@gpu.device` function")
    _callable(found)
    return found


def _operand(folded: Folded) -> Operand:
    return tuple(map(_operand, folded)) if isinstance(folded, tuple) else folded
