"""Atomics and fences to `mir`: which memory, which types, which orders and scopes."""

from __future__ import annotations

import ast
from functools import partial

from oxide_build import ir
from oxide_build.dialects import mir, vocabulary
from oxide_build.errors import CompileError
from oxide_build.ir.types import Struct, View
from oxide_build.pipeline.frontend.arguments import arguments, choice, split_options
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import coerce
from oxide_build.pipeline.frontend.elements import checked_element, indexed, stored_type
from oxide_build.pipeline.frontend.operands import Operand, describe_type

_OPERATIONS = {
    "gpu.atomic_add": "add",
    "gpu.atomic_sub": "sub",
    "gpu.atomic_min": "min",
    "gpu.atomic_max": "max",
    "gpu.atomic_and_": "and",
    "gpu.atomic_or_": "or",
    "gpu.atomic_xor": "xor",
    "gpu.atomic_exch": "exch",
    "gpu.atomic_inc": "inc",
    "gpu.atomic_dec": "dec",
}


def _combine(operation: str, f: FunctionBuilder, node: ast.Call) -> Operand:
    """Combine an element with a value as one step, giving the old value."""
    call, order, scope = _ordered(f, node, vocabulary.ORDERS)
    array, index, given = arguments(call, "view", "index", "value")
    pointer = _element(f, operation, array, index)
    value = _value(f, given, pointer, "the value")
    return f.value(mir.atomic(pointer, value, operation=operation, order=order, scope=scope))


for _path, _operation in _OPERATIONS.items():
    translates(INTRINSICS, _path)(partial(_combine, _operation))


@translates(INTRINSICS, "gpu.atomic_cas")
def atomic_cas(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Put a value where the expected one is found, giving the old value."""
    call, order, scope = _ordered(f, node, vocabulary.ORDERS)
    array, index, expected, given = arguments(call, "view", "index", "expected", "value")
    pointer = _element(f, "cas", array, index)
    values = _value(f, expected, pointer, "the value expected"), _value(f, given, pointer, "the value")
    return f.value(mir.atomic_cas(pointer, *values, order=order, scope=scope))


@translates(INTRINSICS, "gpu.atomic_load")
def atomic_load(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Read an element that other threads write at the same time."""
    call, order, scope = _ordered(f, node, vocabulary.LOAD_ORDERS)
    array, index = arguments(call, "view", "index")
    return f.value(mir.atomic_load(_element(f, "load", array, index), order=order, scope=scope))


@translates(INTRINSICS, "gpu.atomic_store")
def atomic_store(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Write an element that other threads read at the same time."""
    call, order, scope = _ordered(f, node, vocabulary.STORE_ORDERS)
    array, index, given = arguments(call, "view", "index", "value")
    pointer = _element(f, "store", array, index)
    f.emit(mir.atomic_store(_value(f, given, pointer, "the value"), pointer, order=order, scope=scope))
    return ()


@translates(INTRINSICS, "gpu.thread_fence")
def thread_fence(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Keep this thread's memory operations before and after it apart, for all threads of the scope."""
    call, options = split_options(node, "scope")
    if call.args and not options:
        (options["scope"],) = arguments(call, "scope")
    else:
        arguments(call)
    f.emit(mir.thread_fence(scope=choice(f, call, options, "scope", vocabulary.SCOPES, "device")))
    return ()


def _ordered(f: FunctionBuilder, node: ast.Call, orders: tuple[str, ...]) -> tuple[ast.Call, str, str]:
    """The call without `order` and `scope`, and these."""
    call, options = split_options(node, "order", "scope")
    order = choice(f, call, options, "order", orders, "relaxed")
    return call, order, choice(f, call, options, "scope", vocabulary.SCOPES, "device")


_OF_FIELDS = "; keep the field that threads share in an array of its own"


def _element(f: FunctionBuilder, operation: str, array: ast.expr, index: ast.expr) -> ir.Value:
    """A pointer to the element, which threads must share and the operation must exist for."""
    view, checked = indexed(f, array)
    assert isinstance(view.type, View)
    if view.type.access != "mut":
        with f.at(array):
            raise CompileError(
                f"`{ast.unparse(array)}` is a {describe_type(view.type)}; atomics are for memory that threads share",
                help="declare it MutSlice",
            )
    types = vocabulary.ATOMICS[operation]
    if view.type.element not in types:
        with f.at(array):
            hint = _OF_FIELDS if isinstance(view.type.element, Struct) else ""
            raise CompileError(
                f"there is no atomic {operation} for {describe_type(view.type.element)}",
                help=f"there is one for {', '.join(map(str, types))}{hint}",
            )
    indices = index.elts if isinstance(index, ast.Tuple) else [index]
    return checked_element(f, view, [(n, f.expression(n)) for n in indices], checked)


def _value(f: FunctionBuilder, node: ast.expr, pointer: ir.Value, what: str) -> ir.Value:
    operand = f.expression(node)
    with f.at(node):
        return coerce(f, operand, stored_type(pointer), what)
