"""What pure operations compute, in NumPy: a table from each one's definition to its function.

In: an operation. Out: a function from operand arrays to the result array. Its own room
because this table, and nothing else, is the simulator's reading of mir's arithmetic.

Operands of one operation have one dtype, so NumPy promotes nothing; where a constant of
ours takes part it is made of that dtype. NumPy's warnings (overflow, division, invalid)
are off while a kernel runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.ir.types import Scalar, Struct, Type, bf16
from oxide_build.simulator import bfloat
from oxide_build.simulator.functions import BITS, MATH, Compute, fma_to_odd
from oxide_build.simulator.threads import Array

Reading: TypeAlias = Callable[[ir.Op], Compute]

_DTYPES: Mapping[str, np.dtype[Any]] = {
    "bool": np.dtype(np.bool_),
    **{f"i{bits}": np.dtype(f"i{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"u{bits}": np.dtype(f"u{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"f{bits}": np.dtype(f"f{bits // 8}") for bits in (16, 32, 64)},
    "bf16": np.dtype("f4"),
}


def dtype_named(name: str) -> np.dtype[Any]:
    """The NumPy dtype that holds a value of the scalar type called `name`."""
    return _DTYPES[name]


def dtype_of(type: Type) -> np.dtype[Any]:
    """The dtype that holds a value of `type`; views and pointers are numbers (see `memory`).

    A struct is as it is in memory, laid out as C lays it out.
    """
    if isinstance(type, Struct):
        return np.dtype([(name, stored_dtype(field)) for name, field in type.fields], align=True)
    return dtype_named(type.name) if isinstance(type, Scalar) else np.dtype(np.int64)


def stored_dtype(type: Type) -> np.dtype[Any]:
    """The dtype of memory that holds values of `type`."""
    return np.dtype(np.uint16) if type == bf16 else dtype_of(type)


def _always(compute: Compute) -> Reading:
    return lambda op: compute


def _constant(op: ir.Op) -> Compute:
    with np.errstate(over="ignore"):  # a literal beyond the type is infinite
        value: Array = np.asarray(op.attributes["value"], dtype_of(op.result.type))[()]
    return lambda: value


def _minimum(a: Array, b: Array) -> Array:
    """NumPy's fmin leaves open which of two zeros it gives."""
    return np.where(a == b, np.where(np.signbit(a), a, b), np.fmin(a, b)) if a.dtype.kind == "f" else np.minimum(a, b)


def _maximum(a: Array, b: Array) -> Array:
    return np.where(a == b, np.where(np.signbit(a), b, a), np.fmax(a, b)) if a.dtype.kind == "f" else np.maximum(a, b)


def _select(condition: Array, yes: Array, no: Array) -> Array:
    if condition.ndim == 0:
        return yes if condition else no
    return np.where(condition, yes, no)


def _cast(op: ir.Op) -> Compute:
    source, target = op.operands[0].type, op.attributes["type"]
    if target.kind == "bool":
        return lambda value: np.not_equal(value, value.dtype.type(0))
    if isinstance(source, Scalar) and source.is_float and target.is_integer:
        return lambda value: _saturate(value, target)
    dtype = dtype_of(target)
    return lambda value: value.astype(dtype)


def _saturate(value: Array, target: Scalar) -> Array:
    # Both limits are powers of two or 0, hence exact in every float type (or infinite in f16).
    low, high = value.dtype.type(target.minimum), value.dtype.type(float(target.maximum + 1))
    integer = dtype_of(target).type
    below, above = value < low, value >= high
    inside = np.where(below | above | np.isnan(value), value.dtype.type(0), value).astype(integer)
    saturated: Array = np.select([below, above], [integer(target.minimum), integer(target.maximum)], inside)[()]
    return saturated


_PREDICATES: Mapping[str, Compute] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def _math(op: ir.Op) -> Compute:
    fused = op.attributes["function"] == "fma" and op.result.type == bf16
    return fma_to_odd if fused else MATH[op.attributes["function"]]


def _bitcast(op: ir.Op) -> Compute:
    source, target = op.operands[0].type, op.attributes["type"]
    if source == target:
        return lambda value: value
    if source == bf16:
        return lambda value: bfloat.encode(value).view(dtype_of(target))
    if target == bf16:
        return lambda value: bfloat.decode(value.view(np.uint16))
    return lambda value: value.view(dtype_of(target))


def _struct(op: ir.Op) -> Compute:
    dtype, fields = dtype_of(op.result.type), op.attributes["type"].fields

    def compute(*values: Array) -> Array:
        made = np.zeros(np.broadcast_shapes(*(value.shape for value in values)), dtype)
        for (name, type), value in zip(fields, values, strict=True):
            made[name] = encoded(type, value)
        found: Array = made[()]
        return found

    return compute


def _field(op: ir.Op) -> Compute:
    name, type = op.attributes["field"], op.result.type
    return lambda struct: bfloat.decode(struct[name]) if type == bf16 else struct[name].copy()


def _with_field(op: ir.Op) -> Compute:
    name, type = op.attributes["field"], op.operands[1].type

    def compute(struct: Array, value: Array) -> Array:
        changed = np.empty(np.broadcast_shapes(struct.shape, value.shape), struct.dtype)
        changed[...] = struct
        changed[name] = encoded(type, value)
        found: Array = changed[()]
        return found

    return compute


def encoded(type: Type, value: Array) -> Array:
    """A value as memory holds it."""
    return bfloat.encode(value) if type == bf16 else value


PURE: Mapping[ir.OpDefinition, Reading] = {
    mir.constant: _constant,
    mir.cast: _cast,
    mir.bitcast: _bitcast,
    mir.select: _always(_select),
    mir.add: _always(np.add),
    mir.sub: _always(np.subtract),
    mir.mul: _always(np.multiply),
    mir.div: _always(np.divide),
    mir.floordiv: _always(np.floor_divide),
    mir.mod: _always(np.remainder),
    mir.neg: _always(np.negative),
    mir.abs_: _always(np.absolute),
    mir.min_: _always(_minimum),
    mir.max_: _always(_maximum),
    mir.and_: _always(np.bitwise_and),
    mir.or_: _always(np.bitwise_or),
    mir.xor: _always(np.bitwise_xor),
    mir.not_: _always(np.invert),
    # NumPy's shifts count the amount as unsigned and give 0 (or the sign) from the width on, as mir's do.
    mir.shl: _always(np.left_shift),
    mir.shr: _always(np.right_shift),
    mir.cmp: lambda op: _PREDICATES[op.attributes["predicate"]],
    mir.struct: _struct,
    mir.field: _field,
    mir.with_field: _with_field,
    mir.math: _math,
    mir.bits: lambda op: BITS[op.attributes["function"]],
}
"""How to compute each operation that depends on its operands only."""


def compute_of(op: ir.Op) -> Compute:
    """How to compute a pure operation; a bf16 it gives is rounded to one."""
    compute = PURE[op.definition](op)
    if not op.results or op.result.type != bf16:
        return compute
    return lambda *operands: bfloat.nearest(compute(*operands))
