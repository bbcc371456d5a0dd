"""Calls: conversions, builtins, math, the intrinsics of `gpu`, and device functions."""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Callable, Mapping

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, View, bool_, f32, f64, i32, i64, u32, u64
from oxide_build.pipeline.frontend.annotations import scalar_type as annotated_scalar
from oxide_build.pipeline.frontend.builder import EXPRESSIONS, INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.constants import TYPE_PATHS, fold, typed_constant
from oxide_build.pipeline.frontend.conversions import (
    cast,
    coerce,
    is_weak,
    materialise,
    pass_argument,
    scalar,
    scalar_type,
    unify,
)
from oxide_build.pipeline.frontend.expressions import (
    BUILTINS,
    checked_element,
    extent,
    stored_type,
    unknown_name,
)
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
    OwnIndex,
    StaticType,
    Witness,
    describe,
    describe_type,
)
from oxide_build.pipeline.frontend.scope import dotted

_ATOMIC_TYPES = (i32, u32, i64, u64, f32, f64)
_MOST_SHARED_BYTES = 48 * 1024


@translates(EXPRESSIONS, ast.Call)
def call(f: FunctionBuilder, node: ast.Call) -> Operand:
    """A call, by what its function's name means."""
    path = _callee(f, node.func)
    if path in INTRINSICS:
        operand: Operand = INTRINSICS[path](f, node)
        return operand
    if path in TYPE_PATHS:
        return convert(f, node, TYPE_PATHS[path])
    if path in f.module.functions:
        return call_function(f, node, path)
    raise _unknown_call(f, node, path)


def _callee(f: FunctionBuilder, node: ast.expr) -> str:
    """The canonical path of what is called; a builtin or a function of this module is its own path."""
    if isinstance(node, ast.Name) and node.id not in f.names:
        own = node.id in f.module.functions or (node.id in BUILTINS and node.id not in f.module.names)
        return node.id if own else dotted(node, f.module.names)
    return "" if isinstance(node, ast.Name) else dotted(node, f.module.names)


def _unknown_call(f: FunctionBuilder, node: ast.Call, path: str) -> CompileError:
    text = ast.unparse(node.func)
    if path.startswith("math."):
        known = ", ".join(sorted(name.removeprefix("math.") for name in INTRINSICS if name.startswith("math.")))
        return CompileError(f"`{text}` is not available in kernels", help=f"math has: {known}")
    if path.startswith("gpu."):
        near = difflib.get_close_matches(path, INTRINSICS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else "see the language reference for what `gpu` has"
        return CompileError(f"`{text}` is no function of `gpu`", help=hint)
    if text in ("int", "float"):
        return CompileError(
            f"`{text}` has no fixed width on a GPU", help="write i32(…)" if text == "int" else "write f32(…)"
        )
    if text == "print":
        return CompileError("`print` is not available in kernels", help="write values to a MutSlice and look at them")
    if text in f.module.host_names:
        return CompileError(f"`{text}` is a host function", help="decorate it with `@gpu.device` to call it here")
    if isinstance(node.func, ast.Name) and node.func.id not in f.names and not path:
        return unknown_name(f, node.func.id)
    return CompileError(
        f"`{text}` cannot be called in a kernel", help="call functions of `gpu`, `math`, or `@gpu.device` ones"
    )


def arguments(node: ast.Call, *names: str, optional: Mapping[str, object] | None = None) -> list[ast.expr]:
    """The positional and named arguments of an intrinsic in declared order; CompileError where they do not match.

    `optional` maps keyword-only options to the one value they may have for now.
    """
    options = optional or {}
    given: dict[str, ast.expr] = dict(zip(names, node.args, strict=False))
    wrong = len(node.args) > len(names)
    for keyword in node.keywords:
        if keyword.arg is not None and keyword.arg in options:
            _check_option(keyword, options[keyword.arg])
        elif keyword.arg in names and keyword.arg not in given:
            given[keyword.arg] = keyword.value
        else:
            wrong = True
    if wrong or len(given) != len(names):
        text = ast.unparse(node.func)
        raise CompileError(
            f"`{text}` takes {len(names)} argument{'' if len(names) == 1 else 's'}",
            help=f"write `{text}({', '.join(names)})`",
        )
    return [given[name] for name in names]


def _check_option(keyword: ast.keyword, only: object) -> None:
    if not isinstance(keyword.value, ast.Constant) or keyword.value.value != only:
        raise CompileError(f"`{keyword.arg}` can only be {only!r} for now", help=f"leave `{keyword.arg}` out")


# conversions and builtins


def convert(f: FunctionBuilder, node: ast.Call, type: Scalar) -> Operand:
    """`f32(x)`: an explicit conversion."""
    (argument,) = arguments(node, "value")
    operand = f.expression(argument)
    if isinstance(operand, Constant):
        return typed_constant(operand, type)
    return cast(f, scalar(f, operand), type)


@translates(INTRINSICS, "bool")
def convert_to_bool(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`bool(x)`."""
    return convert(f, node, bool_)


@translates(INTRINSICS, "len")
def length(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`len(x)`: the first extent."""
    (argument,) = arguments(node, "x")
    return extent(f, f.view(argument), 0)


@translates(INTRINSICS, "abs")
def absolute(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`abs(x)`."""
    (argument,) = arguments(node, "x")
    return _absolute(f, f.expression(argument))


@translates(INTRINSICS, "math.fabs", "gpu.math.fabs")
def float_absolute(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`math.fabs(x)`."""
    (argument,) = arguments(node, "x")
    return _absolute(f, _float(f, argument))


def _absolute(f: FunctionBuilder, operand: Operand) -> Operand:
    if isinstance(operand, Constant) and is_weak(operand):
        return Constant(abs(operand.value))
    value = scalar(f, operand)
    if value.type == bool_:
        raise CompileError("`abs` of a bool", help="convert it: i32(…)")
    return value if scalar_type(value).kind == "uint" else f.value(mir.abs_(value))


@translates(INTRINSICS, "min", "max")
def extreme(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`min(a, b, …)` and `max(a, b, …)`."""
    name = ast.unparse(node.func)
    if len(node.args) < 2 or node.keywords:
        raise CompileError(f"`{name}` takes two or more values", help=f"write `{name}(a, b)`")
    first, *rest = (f.expression(argument) for argument in node.args)
    definition = mir.min_ if name == "min" else mir.max_
    for operand in rest:
        first = _extreme(f, definition, name, first, operand)
    return first


def _extreme(f: FunctionBuilder, definition: ir.OpDefinition, name: str, left: Operand, right: Operand) -> Operand:
    if isinstance(left, Constant) and isinstance(right, Constant) and is_weak(left) and is_weak(right):
        return Constant((min if name == "min" else max)(left.value, right.value))
    a, b = unify(f, left, right, name)
    if a.type == bool_:
        raise CompileError(f"`{name}` of bools", help="write `and` or `or`")
    return f.value(definition(a, b))


@translates(INTRINSICS, "range", "gpu.grid_stride")
def only_in_for(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Ranges are no values."""
    text = ast.unparse(node)
    raise CompileError(f"`{ast.unparse(node.func)}` stands only in a `for` statement", help=f"write `for i in {text}:`")


# math


def _float(f: FunctionBuilder, node: ast.expr) -> Operand:
    """An expression as an operand of a math function: a weak literal, or an f32 or f64."""
    operand = f.expression(node)
    if isinstance(operand, Constant) and is_weak(operand) and not isinstance(operand.value, bool):
        return Constant(float(operand.value))
    with f.at(node):
        value = scalar(f, operand)
        if value.type not in (f32, f64):
            raise CompileError(
                f"math functions take f32 or f64, this is {describe(operand)}", help="convert it: f32(…)"
            )
        return value


def _math_rule(function: str, host: Callable[..., float] | None) -> None:
    names = ("x", "y")[: mir.MATH_FUNCTIONS[function]]
    paths = [f"gpu.math.{function}"] + ([f"math.{function}"] if host is not None else [])

    @translates(INTRINSICS, *paths)
    def rule(f: FunctionBuilder, node: ast.Call) -> Operand:
        operands = [_float(f, argument) for argument in arguments(node, *names)]
        if host is not None and all(isinstance(operand, Constant) for operand in operands):
            return _fold_math(host, operands)
        if len(operands) == 2:
            return f.value(mir.math(*unify(f, operands[0], operands[1], function), function=function))
        return f.value(mir.math(materialise(f, operands[0]), function=function))


def _fold_math(host: Callable[..., float], operands: list[Operand]) -> Constant:
    try:
        return Constant(host(*(operand.value for operand in operands if isinstance(operand, Constant))))
    except (ValueError, OverflowError) as error:
        raise CompileError(f"this cannot be computed: {error}") from None


for _name in ("sqrt", "exp", "log", "sin", "cos", "pow"):
    _math_rule(_name, getattr(math, _name))
for _name in ("floor", "ceil"):  # math.floor gives an int on the host, so only gpu.math's, which keeps the type
    _math_rule(_name, None)


@translates(INTRINSICS, "math.floor", "math.ceil")
def host_rounding(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`math.floor` gives an int in Python; which width is for the author to say."""
    name = dotted(node.func, f.module.names).removeprefix("math.")
    raise CompileError(
        f"`math.{name}` gives an int in Python, which has no fixed width on a GPU",
        help=f"write `gpu.math.{name}(x)`, which gives x's own type, or `i32(gpu.math.{name}(x))`",
    )


# threads


@translates(INTRINSICS, "gpu.index_1d")
def index_1d(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The thread's own index in a 1-D launch."""
    arguments(node)
    f.use_index(1)
    return OwnIndex(global_index(f, "x"), Witness(1, 0))


@translates(INTRINSICS, "gpu.index_2d")
def index_2d(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The thread's own (row, column) in a 2-D launch: row along y, column along x."""
    arguments(node)
    f.use_index(2)
    return (OwnIndex(global_index(f, "y"), Witness(2, 1)), OwnIndex(global_index(f, "x"), Witness(2, 0)))


def coordinate(f: FunctionBuilder, register: str, axis: str) -> ir.Value:
    """One of the hardware's thread coordinates."""
    return f.value(mir.coordinate(register=register, axis=axis))


def global_index(f: FunctionBuilder, axis: str) -> ir.Value:
    """The thread's number in the whole grid along one axis; the launch keeps it within i32."""
    size = coordinate(f, "block_dim", axis)
    start = f.value(mir.mul(coordinate(f, "block_idx", axis), size))
    return f.value(mir.add(start, coordinate(f, "thread_idx", axis)))


@translates(INTRINSICS, "gpu.sync_threads")
def sync_threads(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The block's barrier."""
    arguments(node)
    f.emit(mir.sync_threads())
    return ()


# memory


@translates(INTRINSICS, "gpu.shared_array")
def shared_array(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Memory shared by the block, of a shape known at compile time."""
    shape_node, type_node = arguments(node, "shape", "dtype")
    shape = _shape(f, shape_node)
    element = annotated_scalar(type_node, f.module)
    size = element.size * math.prod(shape)
    if size > _MOST_SHARED_BYTES:
        raise CompileError(
            f"{size} bytes of shared memory; a block has {_MOST_SHARED_BYTES}", help="make the shape smaller"
        )
    symbol = f"{f.function.name}.shared{sum(op.definition is mir.shared_array for op in f.slots)}"
    op = mir.shared_array(symbol=symbol, type=View(element, shape, "mut", "shared"), span=f.span)
    f.slots.append(op)
    return op.result


def _shape(f: FunctionBuilder, node: ast.expr) -> tuple[int, ...]:
    """A positive literal or a tuple of one or two of them; names of locals are not constants."""
    with f.at(node):
        local = any(isinstance(part, ast.Name) and part.id in f.names for part in ast.walk(node))
        folded = None if local else fold(node, f.module)
        items = folded if isinstance(folded, tuple) else (folded,)
        values = [item.value for item in items if isinstance(item, Constant) and type(item.value) is int]
        if len(values) != len(items) or not 1 <= len(values) <= 2 or min(values) < 1:
            raise CompileError(
                "a shape is one or two positive integers known at compile time",
                help="write numbers or module-level constants: gpu.shared_array((32, 33), f32)",
            )
        return tuple(values)


@translates(INTRINSICS, "gpu.atomic_add")
def atomic_add(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Add to an element as one step, giving the old value; relaxed, at device scope."""
    array, index, value = arguments(node, "view", "index", "value", optional={"order": "relaxed", "scope": "device"})
    view = f.view(array)
    assert isinstance(view.type, View)
    if view.type.access != "mut":
        with f.at(array):
            raise CompileError(
                f"`{ast.unparse(array)}` is a {describe_type(view.type)}; atomics are for memory that threads share",
                help="declare it MutSlice",
            )
    if view.type.element not in _ATOMIC_TYPES:
        raise CompileError(
            f"no atomic add for {view.type.element}", help=f"there is one for {', '.join(map(str, _ATOMIC_TYPES))}"
        )
    indices = index.elts if isinstance(index, ast.Tuple) else [index]
    pointer = checked_element(f, view, [(n, f.expression(n)) for n in indices])
    amount = coerce(f, f.expression(value), stored_type(pointer), "the amount added")
    return f.value(mir.atomic(pointer, amount, operation="add", order="relaxed", scope="device"))


@translates(INTRINSICS, "gpu.require")
def misplaced_require(f: FunctionBuilder, node: ast.Call) -> Operand:
    """A contract anywhere but at the top of a kernel."""
    raise CompileError(
        "`gpu.require` stands at the top of a kernel, before its other statements",
        help="move it up; for a condition inside the kernel write `assert`",
    )


# device functions


def call_function(f: FunctionBuilder, node: ast.Call, name: str) -> Operand:
    """Call a `@gpu.device` function, translated once for each combination of argument types."""
    from oxide_build.pipeline.frontend.functions import instance, signature

    syntax = f.module.functions[name]
    if syntax.kind == "kernel":
        raise CompileError(
            f"`{name}` is a kernel, which only the host launches", help="decorate it with `@gpu.device` to call it here"
        )
    declared = signature(f.program, syntax)
    names = list(declared.parameters)
    nodes = arguments(node, *names)
    operands = [f.expression(argument) for argument in nodes]
    values = []
    for key, argument, operand in zip(names, nodes, operands, strict=True):
        with f.at(argument):
            values.append(pass_argument(f, operand, declared.parameters[key], f"parameter `{key}` of `{name}`"))
    callee = instance(f.program, syntax, _instance_types(list(declared.parameters.values()), values))
    if callee.index_dims:
        f.use_index(callee.index_dims)
    op = f.emit(mir.call(*values, callee=callee.function.name, results=callee.function.results))
    return op.results[0] if len(op.results) == 1 else tuple(op.results)


def _instance_types(declared: list[StaticType], values: list[ir.Value]) -> tuple[StaticType, ...]:
    """Views bring their own space and extents; everything else is as declared."""
    return tuple(v.type if isinstance(v.type, View) else d for d, v in zip(declared, values, strict=True))
