"""The variants of kernels: one for each combination of the types and constants that a kernel lists.

In: a module's kernels as written. Out: the `Variants` of each, in order; a kernel without type variables and
`gpu.Const` parameters has one. Its own room because the build's plan asks for them where nothing is compiled.
"""

from __future__ import annotations

import ast
import difflib
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod

from oxide_build.errors import Collector, CompileError, CompileErrors, SourceFile
from oxide_build.ir.types import Scalar
from oxide_build.pipeline.frontend.constants import fold
from oxide_build.pipeline.frontend.launches import overrides
from oxide_build.pipeline.frontend.library import Definition, Resolve, function_of, nowhere, parse
from oxide_build.pipeline.frontend.operands import Constant
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.frontend.signatures import (
    ConstType,
    bind_types,
    const_type,
    default_nodes,
    type_variables,
)
from oxide_build.pipeline.frontend.syntax import FunctionSyntax, KernelModule

MOST_VARIANTS = 256
"""The most variants of one kernel: each is compiled for each target."""

_FOREIGN = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True)
class Listed:
    """A `gpu.Const` parameter: what it holds, the values it may have, and their texts as the manifest has them."""

    type: ConstType
    values: tuple[Constant | Definition, ...]
    texts: tuple[str, ...]
    default: str


@dataclass(frozen=True)
class Variant:
    """One combination: what each type variable and each `gpu.Const` parameter is, and the name of its entry.

    `unit` is the part of the module's images it lies in: "" with the module's ordinary kernels.
    """

    symbol: str
    unit: str = ""
    types: Mapping[str, Scalar] = field(default_factory=dict)
    constants: Mapping[str, Constant | Definition] = field(default_factory=dict)

    @property
    def words(self) -> dict[str, str]:
        """What reports and the entry's name call it, by parameter."""
        types = {name: str(type) for name, type in self.types.items()}
        return {**types, **{name: _word(value) for name, value in self.constants.items()}}

    @property
    def texts(self) -> dict[str, str]:
        """What the manifest calls it, by parameter."""
        types = {name: str(type) for name, type in self.types.items()}
        return {**types, **{name: _text(value) for name, value in self.constants.items()}}


@dataclass(frozen=True)
class Variants:
    """A kernel's variants, and what they differ in."""

    types: Mapping[str, tuple[Scalar, ...]]
    constants: Mapping[str, Listed]
    all: tuple[Variant, ...]

    @property
    def generic(self) -> bool:
        """Whether a launch has anything to choose."""
        return bool(self.types or self.constants)


def image_units(source: SourceFile, resolve: Resolve = nowhere) -> tuple[str, ...]:
    """The units of a module's images, known without compiling; a module with mistakes has the ordinary one."""
    try:
        module = parse(source, resolve)
        taken: set[str] = set(module.functions)
        kernels = [syntax for syntax in module.functions.values() if syntax.kind == "kernel"]
        units = [variant.unit for syntax in kernels for variant in variants(module, syntax, taken).all]
    except (CompileError, CompileErrors):
        return ("",)
    return tuple(dict.fromkeys(units)) or ("",)


def variants(module: KernelModule, syntax: FunctionSyntax, taken: set[str]) -> Variants:
    """Every variant of a kernel; `taken` are the names that entries of the module have, and gets theirs.

    Raises CompileError and CompileErrors for what is listed wrongly, and for more variants than `MOST_VARIANTS`.
    """
    types = type_variables(module, syntax)
    first = bind_types(module, {name: listed[0] for name, listed in types.items()})
    declared = _const_parameters(first, syntax)
    constants = _listed(first, syntax, declared)
    own_unit = any(name == "fast_math" for name, _ in overrides(module, syntax.options))
    if not types and not constants:
        return Variants({}, {}, (Variant(syntax.name, syntax.name if own_unit else ""),))
    _check_decided(syntax, types, constants)
    _check_count(module, syntax, types, constants)
    return Variants(types, constants, tuple(_product(syntax, types, constants, taken)))


def _const_parameters(module: KernelModule, syntax: FunctionSyntax) -> dict[str, ConstType]:
    found: dict[str, ConstType] = {}
    for argument in syntax.node.args.args:
        if argument.annotation is not None:
            with module.span(argument):
                type = const_type(argument.annotation, module)
            if type is not None:
                found[argument.arg] = type
    return found


def _listed(module: KernelModule, syntax: FunctionSyntax, declared: Mapping[str, ConstType]) -> dict[str, Listed]:
    """The values of every compile-time parameter, in declared order."""
    nodes = _value_nodes(module, syntax, declared)
    defaults = {argument.arg: node for argument, node in default_nodes(syntax)}
    arguments = {argument.arg: argument for argument in syntax.node.args.args}
    found: dict[str, Listed] = {}
    errors = Collector()
    for name, type in declared.items():
        with errors.collect(), module.span(arguments[name]):
            if name not in nodes:
                raise CompileError(
                    f"nothing says which values `{name}` may have",
                    help=f"list them, one variant is compiled for each: {_example(name, type)}",
                )
            found[name] = _values(module, name, type, nodes[name], defaults.get(name))
    errors.raise_if_any()
    return found


def _example(name: str, type: ConstType) -> str:
    values = {"function": "(add, larger)", "bool": "(False, True)", "float": "(0.5, 1.0)"}.get(
        str(type.kind), "(64, 128)"
    )
    return f'@gpu.kernel(values={{"{name}": {values}}})'


def _value_nodes(
    module: KernelModule, syntax: FunctionSyntax, declared: Mapping[str, ConstType]
) -> dict[str, ast.expr]:
    node = syntax.options.get("values")
    if node is None:
        return {}
    with module.span(node):
        if not isinstance(node, ast.Dict):
            raise CompileError("`values` is a dictionary, written out", help='write values={"BLOCK": (64, 128)}')
    found: dict[str, ast.expr] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        with module.span(node if key is None else key):
            name = key.value if isinstance(key, ast.Constant) else None
            if not isinstance(name, str):
                raise CompileError("a key of `values` is a parameter's name", help='write values={"BLOCK": (64, 128)}')
            if name not in declared:
                raise _unknown_parameter(syntax, declared, name)
            if name in found:
                raise CompileError(f"`values` lists {name!r} twice", help="list all its values once")
        found[name] = value
    return found


def _unknown_parameter(syntax: FunctionSyntax, declared: Mapping[str, ConstType], name: str) -> CompileError:
    if name in (argument.arg for argument in syntax.node.args.args):
        return CompileError(f"`{name}` is no compile-time parameter", help=f"declare it `{name}: gpu.Const[int]`")
    near = difflib.get_close_matches(name, declared, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"add `{name}: gpu.Const[int]` to its parameters"
    return CompileError(f"`{syntax.name}` has no parameter {name!r}", help=hint)


def _values(module: KernelModule, name: str, type: ConstType, node: ast.expr, default: ast.expr | None) -> Listed:
    home, items = _items(module, name, node)
    values = tuple(_value(home, name, type, item) for item in items)
    texts = tuple(map(_text, values))
    for item, text, number in zip(items, texts, itertools.count(), strict=False):
        if text in texts[:number]:
            with home.span(item):
                raise CompileError(f"`{name}` lists {text} twice", help="remove one")
    if default is None:
        return Listed(type, values, texts, texts[0])
    chosen = _text(_value(module, name, type, default))
    if chosen not in texts:
        with module.span(default):
            raise CompileError(
                f"the default of `{name}` is none of its values", help=f"the values are: {', '.join(texts)}"
            )
    return Listed(type, values, texts, chosen)


def _items(module: KernelModule, name: str, node: ast.expr) -> tuple[KernelModule, list[ast.expr]]:
    """The values as written, and where: a tuple or list in place, or a module-level constant that is one."""
    home, written = module, node
    path = dotted(node, module.names)
    found = module.library.find(path) if path else None
    if found is not None:
        home, written = found.module, found.module.constants.get(found.name, node)
    elif isinstance(node, ast.Name):
        written = module.constants.get(node.id, node)
    if not isinstance(written, (ast.Tuple, ast.List)) or not written.elts:
        with module.span(node):
            raise CompileError(
                f"the values of `{name}` are a tuple of at least one", help=f'write values={{"{name}": (64, 128)}}'
            )
    return home, written.elts


def _value(module: KernelModule, name: str, type: ConstType, node: ast.expr) -> Constant | Definition:
    with module.span(node):
        if type.kind == "function":
            found = function_of(module, node)
            if found is None or found.function is None or found.function.kind != "device":
                raise CompileError(
                    f"`{name}` is a function, `{ast.unparse(node)}` is no `@gpu.device` function",
                    help="name device functions of this module, or imported ones",
                )
            return found
        folded = fold(node, module)
        constant = type.of(folded) if isinstance(folded, Constant) else None
        if constant is None:
            raise CompileError(
                f"`{name}` is {type}, `{ast.unparse(node)}` is none",
                help="write a number, a bool, a member of an IntEnum or a module-level constant",
            )
        return constant


def _text(value: Constant | Definition) -> str:
    """A value as the manifest has it, which tells all values of one parameter apart."""
    if isinstance(value, Definition):
        return f"{value.module.source.module}.{value.name}"
    return repr(value.value)


def _word(value: Constant | Definition) -> str:
    return value.name if isinstance(value, Definition) else repr(value.value)


def _check_decided(
    syntax: FunctionSyntax, types: Mapping[str, tuple[Scalar, ...]], constants: Mapping[str, Listed]
) -> None:
    """Each type variable must follow from an argument of the launch."""
    decided = carriers(syntax, constants).values()
    for name in types:
        if name not in decided:
            raise CompileError(
                f"no argument of a launch says what `{name}` is",
                help=f"give `{syntax.name}` a parameter `x: Slice[{name}]` or `a: {name}`",
            )


def carriers(syntax: FunctionSyntax, constants: Mapping[str, Listed]) -> dict[str, str]:
    """The parameters made of one name, with that name: arrays and numbers whose type a launch shows."""
    arguments = (argument for argument in syntax.node.args.args if argument.arg not in constants)
    return {argument.arg: _type_variable(argument.annotation) for argument in arguments}


def _type_variable(annotation: ast.expr | None) -> str:
    """The name that stands for the type in `T` or `Slice[T]`; empty where there is none."""
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.slice
    return annotation.id if isinstance(annotation, ast.Name) else ""


def _check_count(
    module: KernelModule,
    syntax: FunctionSyntax,
    types: Mapping[str, tuple[Scalar, ...]],
    constants: Mapping[str, Listed],
) -> None:
    counts = {**{name: len(all) for name, all in types.items()}, **{n: len(c.values) for n, c in constants.items()}}
    count = prod(counts.values())
    if count > MOST_VARIANTS:
        factors = " x ".join(f"{number} of `{name}`" for name, number in counts.items())
        raise CompileError(
            f"`{syntax.name}` has {count} variants ({factors}), the most is {MOST_VARIANTS}",
            help="list fewer values, or pass what need not be known at compile time as an ordinary parameter",
        )


def _product(
    syntax: FunctionSyntax,
    types: Mapping[str, tuple[Scalar, ...]],
    constants: Mapping[str, Listed],
    taken: set[str],
) -> Iterator[Variant]:
    choices = [[(name, type) for type in listed] for name, listed in types.items()]
    values = [[(name, value) for value in listed.values] for name, listed in constants.items()]
    for chosen_types, chosen in itertools.product(itertools.product(*choices), itertools.product(*values)):
        variant = Variant("", "", dict(chosen_types), dict(chosen))
        symbol = _symbol(syntax.name, list(variant.words.values()), taken)
        yield replace(variant, symbol=symbol, unit=symbol)


def _symbol(name: str, texts: list[str], taken: set[str]) -> str:
    """An entry's name, `total_f64_128`: PTX and every file system can tell it from all others."""
    words = [text.replace("-", "minus").replace(".", "p") for text in texts]
    plain = _FOREIGN.sub("_", "_".join([name, *words]))
    numbered = (f"{plain}_{number}" if number else plain for number in itertools.count())
    symbol = next(symbol for symbol in numbered if symbol.lower() not in {known.lower() for known in taken})
    taken.add(symbol)
    return symbol
