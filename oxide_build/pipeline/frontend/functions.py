"""Functions to `mir`: signatures, bodies, and one instance of a device function a combination of types."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import Collector, CompileError
from oxide_build.ir.types import Scalar, Type, View, i32
from oxide_build.pipeline.frontend.annotations import scalar_type, static_type
from oxide_build.pipeline.frontend.assignment import unassigned_reads
from oxide_build.pipeline.frontend.builder import FunctionBuilder, ModuleBuilder, PoisonedError, Variable
from oxide_build.pipeline.frontend.constants import fold
from oxide_build.pipeline.frontend.contracts import is_require, require
from oxide_build.pipeline.frontend.operands import Constant, StaticType, Witness
from oxide_build.pipeline.frontend.syntax import FunctionSyntax, KernelModule


@dataclass(frozen=True)
class Signature:
    """What a function declares: parameters in order, results."""

    parameters: dict[str, StaticType]
    results: tuple[Scalar, ...]


def translate(kernels: KernelModule) -> ir.Module:
    """The `mir` stage: every kernel and the device functions they call.

    Raises CompileErrors with every mistake, those in device functions nobody calls included.
    """
    program = ModuleBuilder(kernels, ir.Module(kernels.source.module))
    program.errors.errors.extend(kernels.mistakes)
    for syntax in kernels.functions.values():
        with program.errors.collect(), kernels.span(syntax.node):
            if syntax.kind == "kernel":
                translate_kernel(program, syntax)
    called = dict(program.module.functions)
    translated = {name for name, _ in program.instances}
    for syntax in kernels.functions.values():
        if syntax.kind == "device" and syntax.name not in translated:
            with program.errors.collect(), kernels.span(syntax.node):
                instance(program, syntax, tuple(signature(program, syntax).parameters.values()))
    _drop_repeated(program)
    program.errors.raise_if_any()
    program.module.functions = called
    return program.module


def _drop_repeated(program: ModuleBuilder) -> None:
    """A device function translated for several types makes its mistakes several times; poison made none."""
    unique = {(error.span, error.message): error for error in program.errors.errors}
    program.errors.errors[:] = [error for error in unique.values() if not isinstance(error, PoisonedError)]


def signature(program: ModuleBuilder, syntax: FunctionSyntax) -> Signature:
    """Read a function's annotations; raises CompileErrors with all that a kernel function cannot declare."""
    module, errors = program.syntax, Collector()
    _refuse_exotic(module, syntax.node, errors)
    parameters: dict[str, StaticType] = {}
    for argument in syntax.node.args.args:
        with errors.collect(), module.span(argument):
            parameters[argument.arg] = _parameter_type(module, syntax, argument)
    results: tuple[Scalar, ...] = ()
    with errors.collect(), module.span(syntax.node):
        results = _results(module, syntax)
    errors.raise_if_any()
    return Signature(parameters, results)


def _parameter_type(module: KernelModule, syntax: FunctionSyntax, argument: ast.arg) -> StaticType:
    name = argument.arg
    if argument.annotation is None:
        raise CompileError(f"parameter `{name}` has no type", help=f"write `{name}: f32` or `{name}: Slice[f32]`")
    type = static_type(argument.annotation, module)
    if syntax.kind == "kernel" and isinstance(type, Witness):
        raise CompileError("a kernel is not given the thread's own index", help="compute it: `i = gpu.index_1d()`")
    return type


def _refuse_exotic(module: KernelModule, node: ast.FunctionDef, errors: Collector) -> None:
    args = node.args
    other = "keyword-only or positional-only parameters"
    exotic = [(args.vararg, "`*args`"), (args.kwarg, "`**kwargs`")]
    exotic += [(argument, other) for argument in (*args.kwonlyargs, *args.posonlyargs)]
    for argument, what in exotic:
        if argument is not None:
            with errors.collect(), module.span(argument):
                raise CompileError(f"{what} in a kernel function", help="list every parameter by name, with its type")
    for default in args.defaults:
        with errors.collect(), module.span(default):
            raise CompileError("a default argument in a kernel function", help="pass the value at each call")


def _results(module: KernelModule, syntax: FunctionSyntax) -> tuple[Scalar, ...]:
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
            return tuple(scalar_type(item, module) for item in items)
        return (scalar_type(annotation, module),)


def translate_kernel(program: ModuleBuilder, syntax: FunctionSyntax) -> None:
    """Translate one kernel and what it calls into the module."""
    declared = signature(program, syntax)
    f = _begin(program, syntax, syntax.name, tuple(declared.parameters.values()), declared)
    contracts = []
    body = syntax.node.body
    start = 1 if ast.get_docstring(syntax.node, clean=False) is not None else 0
    while start < len(body) and is_require(f, body[start]):
        statement = body[start]
        assert isinstance(statement, ast.Expr)
        assert isinstance(statement.value, ast.Call)
        with f.recover(), f.at(statement):
            contracts.append(require(f, statement.value))
        start += 1
    f.statements(body[start:])
    _end(f)
    block = None
    with f.recover():
        block = _block(program.syntax, syntax.block)
    f.function.attributes = {"index_dims": f.index_dims, "block": block, "contracts": tuple(contracts)}


def _block(module: KernelModule, node: ast.expr | None) -> tuple[int, int, int] | None:
    """The block a kernel's decorator fixes, as (x, y, z): numbers or module constants."""
    if node is None:
        return None
    folded = fold(node, module)
    items = folded if isinstance(folded, tuple) else (folded,)
    sizes = [item.value for item in items if isinstance(item, Constant) and type(item.value) is int]
    if len(sizes) != len(items) or not 1 <= len(sizes) <= 3 or min(sizes) < 1 or math.prod(sizes) > 1024:
        with module.span(node):
            raise CompileError(
                "a block is one to three positive integers with a product of at most 1024",
                help="write `block=256` or `block=(16, 16)`, or module-level constants",
            )
    x, y, z = [*sizes, 1, 1][:3]
    return (x, y, z)


def instance(program: ModuleBuilder, syntax: FunctionSyntax, types: tuple[StaticType, ...]) -> FunctionBuilder:
    """The device function for these parameter types, translated at its first call.

    Raises CompileError when the call is recursive, PoisonedError when its body has mistakes.
    """
    key = (syntax.name, types)
    if key not in program.instances:
        _translate_device(program, syntax, types)
    f = program.instances[key]
    if not f.finished:
        raise CompileError(f"`{syntax.name}` calls itself", help="a GPU thread has no deep stack: write a loop")
    if f.failed:
        raise PoisonedError(f"`{syntax.name}` has mistakes of its own")
    return f


def _translate_device(program: ModuleBuilder, syntax: FunctionSyntax, types: tuple[StaticType, ...]) -> None:
    declared = signature(program, syntax)
    number = sum(name == syntax.name for name, _ in program.instances)
    f = _begin(program, syntax, f"{syntax.name}.{number}" if number else syntax.name, types, declared)
    program.instances[(syntax.name, types)] = f
    f.statements(syntax.node.body)
    _end(f)


def _begin(
    program: ModuleBuilder, syntax: FunctionSyntax, name: str, types: tuple[StaticType, ...], declared: Signature
) -> FunctionBuilder:
    function = ir.Function(name, syntax.kind, declared.results, span=program.syntax.span(syntax.node))
    f = FunctionBuilder(program, syntax, function)
    for argument, type in zip(syntax.node.args.args, types, strict=True):
        _bind_parameter(f, argument, type)
    return f


def _bind_parameter(f: FunctionBuilder, node: ast.arg, type: StaticType) -> None:
    """A view is its own binding; a scalar gets a slot, since Python lets a function assign its parameters."""
    name = node.arg
    ir_type: Type = i32 if isinstance(type, Witness) else type
    value = f.block.add_argument(ir_type, name)
    if isinstance(type, View):
        f.names[name] = value
        return
    assert isinstance(type, (Scalar, Witness))
    with f.at(node):
        variable = Variable(f.slot(ir_type, name), type, node.lineno)
        f.emit(mir.store(value, variable.slot))
    f.names[name] = variable


def _end(f: FunctionBuilder) -> None:
    """Close the last block; a device function must have returned on every path."""
    last = f.block
    if last.terminator is None:
        f.emit(mir.return_(*_placeholders(f)))
    f.finish()
    if f.function.results and last in f.function.blocks and not f.failed:
        f.program.errors.errors.append(
            CompileError(
                f"`{f.syntax.name}` can end without returning {', '.join(map(str, f.function.results))}",
                help="end every path with a `return`",
                span=f.module.span(f.syntax.node),
            )
        )
        f.failed = True
    if not f.failed:
        f.program.errors.errors.extend(unassigned_reads(f.function))
    f.program.module.functions[f.function.name] = f.function


def _placeholders(f: FunctionBuilder) -> list[ir.Value]:
    return [f.constant(0, type) for type in f.function.results if isinstance(type, Scalar)]
