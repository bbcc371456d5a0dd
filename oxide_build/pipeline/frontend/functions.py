"""Functions to `mir`: bodies, and one instance of a device function a combination of types and constants."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import count

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, Struct, Type, View
from oxide_build.pipeline.frontend.assignment import unassigned_reads
from oxide_build.pipeline.frontend.builder import (
    FunctionBuilder,
    InstanceKey,
    ModuleBuilder,
    PoisonedError,
    Variable,
)
from oxide_build.pipeline.frontend.constants import check_struct
from oxide_build.pipeline.frontend.contracts import is_require, require
from oxide_build.pipeline.frontend.launches import LaunchOptions, launch_options
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
from oxide_build.pipeline.frontend.variants import Variant, Variants, carriers, variants


def translate(kernels: KernelModule) -> ir.Module:
    """The `mir` stage: every kernel and the device functions they call.

    Raises CompileErrors with every mistake, those in device functions nobody calls included.
    """
    program = ModuleBuilder(kernels, ir.Module(kernels.source.module))
    program.errors.errors.extend(kernels.mistakes)
    for struct in kernels.structs:
        with program.errors.collect():
            check_struct(Definition(kernels, struct))
    program.symbols.update(kernels.functions)
    for syntax in kernels.functions.values():
        with program.errors.collect(), kernels.span(syntax.node):
            if syntax.kind == "kernel":
                translate_kernel(program, syntax)
    program.overrides = ()
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
    """Translate every variant of one kernel, and what it calls, into the module."""
    found = variants(program.syntax, syntax, program.symbols)
    mistakes: list[tuple[Variant, CompileError]] = []
    errors = program.errors.errors
    for variant in found.all:
        before = len(errors)
        with program.errors.collect():
            _translate_variant(program, syntax, variant)
        mistakes += [(variant, error) for error in errors[before:]]
        del errors[before:]
    errors.extend(_merged(program.syntax, syntax, found, mistakes))
    if found.generic:
        declared = program.module.attributes.get("generics", ())
        program.module.attributes["generics"] = (*declared, _declaration(syntax, found))


def _merged(
    module: KernelModule, syntax: FunctionSyntax, found: Variants, mistakes: list[tuple[Variant, CompileError]]
) -> Iterator[CompileError]:
    """Each mistake once; one in the kernel's own text that not all variants make says which do."""
    same: dict[tuple[object, str], list[tuple[Variant, CompileError]]] = {}
    for variant, error in mistakes:
        same.setdefault((error.span, error.message), []).append((variant, error))
    first = min([syntax.node.lineno, *(decorator.lineno for decorator in syntax.node.decorator_list)])
    lines = range(first, (syntax.node.end_lineno or syntax.node.lineno) + 1)
    for group in same.values():
        error, count = group[0][1], len({variant.symbol for variant, _ in group})
        own = error.span is not None and error.span.source == module.source and error.span.line in lines
        if count < len(found.all) and own and not isinstance(error, PoisonedError):
            error = CompileError(f"{error.message}, with {_shared_words(group)}", help=error.help, span=error.span)
        yield error


def _shared_words(group: list[tuple[Variant, CompileError]]) -> str:
    """What the variants that make a mistake have in common; the first one whole where that is nothing."""
    first, *others = [variant.words for variant, _ in group]
    shared = {name: word for name, word in first.items() if all(other[name] == word for other in others)}
    return ", ".join(f"{name} = {word}" for name, word in (shared or first).items())


def _declaration(syntax: FunctionSyntax, found: Variants) -> tuple[object, ...]:
    """A generic kernel as `description` reads it: name, parameters, types, constants, what each type follows from."""
    arguments = syntax.node.args.args
    parameters = tuple((a.arg, "" if a.annotation is None else ast.unparse(a.annotation)) for a in arguments)
    types = tuple((name, tuple(map(str, listed))) for name, listed in found.types.items())
    constants = tuple((n, str(c.type.kind), c.texts, c.default) for n, c in found.constants.items())
    carried = tuple(pair for pair in carriers(syntax, found.constants).items() if pair[1] in found.types)
    return (syntax.name, parameters, types, constants, carried)


def _translate_variant(program: ModuleBuilder, syntax: FunctionSyntax, variant: Variant) -> None:
    module = bind_types(program.syntax, variant.types)
    declared = signature(module, syntax)
    given: dict[str, Given] = {
        name: _held(type, variant.constants[name]) if isinstance(type, ConstType) else type
        for name, type in declared.parameters.items()
    }
    options = LaunchOptions(None, None, None, None, ())
    with program.errors.collect():
        options = launch_options(module, syntax.options, variant.constants)
    program.overrides = options.overrides
    f = _begin(program, module, syntax, variant.symbol, given, declared)
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
    f.function.attributes = {
        "index_dims": f.index_dims,
        "block": options.block,
        "contracts": tuple(contracts),
        **_optional_attributes(syntax, variant, options),
    }


def _held(type: ConstType, value: Constant | Definition) -> Constant | Definition:
    """A listed value as this variant has it: one of a type variable's type is of another in each."""
    return (type.of(value) or value) if isinstance(value, Constant) else value


def _optional_attributes(syntax: FunctionSyntax, variant: Variant, options: LaunchOptions) -> dict[str, ir.Attribute]:
    """What only some kernels have."""
    found = {
        "kernel": syntax.name if variant.texts else None,
        "variant": tuple(variant.texts.items()),
        "unit": variant.unit,
        "max_threads": options.max_threads,
        "min_blocks": options.min_blocks,
        "cluster": options.cluster,
        "overrides": options.overrides,
    }
    return {name: value for name, value in found.items() if value}


_MOST_NESTED = 16
"""How often one device function may be in the middle of its own translation, for other types and constants."""


def instance(
    program: ModuleBuilder, module: KernelModule, syntax: FunctionSyntax, given: Mapping[str, Given]
) -> FunctionBuilder:
    """The device function for these parameters, translated at its first call; `module` is where it stands.

    Raises CompileError when the call is recursive, PoisonedError when its body has mistakes.
    """
    key = (module.source.module, syntax.name, program.overrides, *map(_key, given.values()))
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
    inline: dict[str, ir.Attribute] = {} if syntax.inline else {"inline": False}
    overrides: dict[str, ir.Attribute] = {"overrides": program.overrides} if program.overrides else {}
    f.function.attributes = {**inline, **overrides}
    f.statements(syntax.node.body)
    _end(f)


def _symbol(program: ModuleBuilder, name: str) -> str:
    """A name no other function of the image has: `scale`, `scale.1`, …"""
    taken = {f.function.name for f in program.instances.values()}
    taken.update(known for known, syntax in program.syntax.functions.items() if syntax.kind == "kernel")
    taken.update(program.symbols - program.syntax.functions.keys())
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
    """A view is its own binding; a scalar or struct gets a slot, since Python lets a function assign its parameters."""
    name = node.arg
    ir_type: Type = type.scalar if isinstance(type, Witness) else type
    value = f.block.add_argument(ir_type, name)
    if isinstance(type, View):
        f.names[name] = value
        return
    assert isinstance(type, (Scalar, Struct, Witness))
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
    return [f.zero(type) for type in f.function.results if isinstance(type, (Scalar, Struct))]
