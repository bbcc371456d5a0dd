"""Functions to `mir`: bodies, and one instance of a device function a combination of types and constants."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from itertools import count

from oxide_build import ir
from oxide_build.dialects import mir, vocabulary
from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, Type, View
from oxide_build.pipeline.frontend.assignment import unassigned_reads
from oxide_build.pipeline.frontend.builder import (
    FunctionBuilder,
    InstanceKey,
    ModuleBuilder,
    PoisonedError,
    Variable,
)
from oxide_build.pipeline.frontend.constants import fold
from oxide_build.pipeline.frontend.contracts import is_require, require
from oxide_build.pipeline.frontend.library import Definition
from oxide_build.pipeline.frontend.operands import Constant, StaticType, Witness
from oxide_build.pipeline.frontend.signatures import (
    ConstType,
    Given,
    Signature,
    bind_types,
    signature,
    type_variables,
)
from oxide_build.pipeline.frontend.syntax import FunctionSyntax, KernelModule


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
    translated = {name for home, name, *_ in program.instances if home == kernels.source.module}
    for syntax in kernels.functions.values():
        if syntax.kind == "device" and syntax.name not in translated:
            with program.errors.collect(), kernels.span(syntax.node):
                _check_uncalled(program, kernels, syntax)
    _drop_repeated(program)
    program.errors.raise_if_any()
    program.module.functions = called
    return program.module


def _check_uncalled(program: ModuleBuilder, module: KernelModule, syntax: FunctionSyntax) -> None:
    """Find the mistakes of a device function nobody calls; what callers give at compile time cannot be made up."""
    first = {name: types[0] for name, types in type_variables(module, syntax).items()}
    bound = bind_types(module, first)
    parameters = signature(bound, syntax).parameters
    types = {name: type for name, type in parameters.items() if not isinstance(type, ConstType)}
    if len(types) == len(parameters):
        instance(program, bound, syntax, types)


def _drop_repeated(program: ModuleBuilder) -> None:
    """A device function translated for several types makes its mistakes several times; poison made none."""
    unique = {(error.span, error.message): error for error in program.errors.errors}
    program.errors.errors[:] = [error for error in unique.values() if not isinstance(error, PoisonedError)]


def translate_kernel(program: ModuleBuilder, syntax: FunctionSyntax) -> None:
    """Translate one kernel and what it calls into the module."""
    module = program.syntax
    declared = signature(module, syntax)
    types = {name: type for name, type in declared.parameters.items() if not isinstance(type, ConstType)}
    f = _begin(program, module, syntax, syntax.name, types, declared)
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
    block = cluster = None
    with f.recover():
        block = _sizes(module, syntax.block, "block", 1024, "`block=256` or `block=(16, 16)`")
    with f.recover():
        most = vocabulary.MOST_BLOCKS_A_CLUSTER
        cluster = _sizes(module, syntax.cluster, "cluster", most, "`cluster=2` or `cluster=(2, 2)`")
    f.function.attributes = {
        "index_dims": f.index_dims,
        "block": block,
        "contracts": tuple(contracts),
        **({} if cluster is None else {"cluster": cluster}),
    }


def _sizes(
    module: KernelModule, node: ast.expr | None, what: str, most: int, example: str
) -> tuple[int, int, int] | None:
    """The block or cluster a kernel's decorator fixes, as (x, y, z): numbers or module constants."""
    if node is None:
        return None
    folded = fold(node, module)
    items = folded if isinstance(folded, tuple) else (folded,)
    sizes = [item.value for item in items if isinstance(item, Constant) and type(item.value) is int]
    if len(sizes) != len(items) or not 1 <= len(sizes) <= 3 or min(sizes) < 1 or math.prod(sizes) > most:
        with module.span(node):
            raise CompileError(
                f"a {what} is one to three positive integers with a product of at most {most}",
                help=f"write {example}, or module-level constants",
            )
    x, y, z = [*sizes, 1, 1][:3]
    return (x, y, z)


_MOST_NESTED = 16
"""How often one device function may be in the middle of its own translation, for other types and constants."""


def instance(
    program: ModuleBuilder, module: KernelModule, syntax: FunctionSyntax, given: Mapping[str, Given]
) -> FunctionBuilder:
    """The device function for these parameters, translated at its first call; `module` is where it stands.

    Raises CompileError when the call is recursive, PoisonedError when its body has mistakes.
    """
    key = (module.source.module, syntax.name, *map(_key, given.values()))
    open_keys = [other for other, f in program.instances.items() if not f.finished]
    if key in open_keys or sum(other[:2] == key[:2] for other in open_keys) >= _MOST_NESTED:
        raise _recursion([str(name) for _, name, *_ in open_keys], syntax.name)
    if key not in program.instances:
        _translate_device(program, module, syntax, given, key)
    f = program.instances[key]
    if f.failed:
        raise PoisonedError(f"`{syntax.name}` has mistakes of its own")
    return f


def _key(given: Given) -> object:
    """What tells instances apart; Python takes 0, 0.0, -0.0 and False for equal, an instance must not."""
    if isinstance(given, Definition):
        return given.module.source.module, given.name
    return (repr(given.value), given.type) if isinstance(given, Constant) else given


def _recursion(open_names: list[str], name: str) -> CompileError:
    help = "a GPU thread has no deep stack: write a loop"
    through = open_names[open_names.index(name) + 1 :]
    if not through or set(through) == {name}:
        return CompileError(f"`{name}` calls itself", help=help)
    return CompileError(f"`{name}` calls itself: {' → '.join([name, *through, name])}", help=help)


def _translate_device(
    program: ModuleBuilder, module: KernelModule, syntax: FunctionSyntax, given: Mapping[str, Given], key: InstanceKey
) -> None:
    declared = signature(module, syntax)
    program.errors.errors.extend(mistake for mistake in module.mistakes if module.source != program.syntax.source)
    f = _begin(program, module, syntax, _symbol(program, syntax.name), given, declared)
    program.instances[key] = f
    if not syntax.inline:
        f.function.attributes = {"inline": False}
    f.statements(syntax.node.body)
    _end(f)


def _symbol(program: ModuleBuilder, name: str) -> str:
    """A name no other function of the image has: `scale`, `scale.1`, …"""
    taken = {f.function.name for f in program.instances.values()}
    taken.update(known for known, syntax in program.syntax.functions.items() if syntax.kind == "kernel")
    numbered = (f"{name}.{number}" if number else name for number in count())
    return next(symbol for symbol in numbered if symbol not in taken)


def _begin(
    program: ModuleBuilder,
    module: KernelModule,
    syntax: FunctionSyntax,
    name: str,
    given: Mapping[str, Given],
    declared: Signature,
) -> FunctionBuilder:
    function = ir.Function(name, syntax.kind, declared.results, span=module.span(syntax.node))
    f = FunctionBuilder(program, module, syntax, function)
    for argument in syntax.node.args.args:
        known = given[argument.arg]
        if isinstance(known, (Constant, Definition)):
            f.names[argument.arg] = known
        else:
            _bind_parameter(f, argument, known)
    return f


def _bind_parameter(f: FunctionBuilder, node: ast.arg, type: StaticType) -> None:
    """A view is its own binding; a scalar gets a slot, since Python lets a function assign its parameters."""
    name = node.arg
    ir_type: Type = type.scalar if isinstance(type, Witness) else type
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
