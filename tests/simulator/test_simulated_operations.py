"""Every pure operation over every scalar type, on edge values, against plain Python."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from oxide_build import ir
from oxide_build.dialects import mir, vocabulary
from oxide_build.ir.types import SCALARS, Scalar
from oxide_build.simulator.operations import PURE, dtype_of

INTEGERS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
FLOATS = ("f32", "f64")
NUMBERS = INTEGERS + FLOATS
TYPES = ("bool", *NUMBERS)
INF, NAN = math.inf, math.nan
ORDERED = dict.fromkeys(NUMBERS, vocabulary.PREDICATES)
COMPARISONS = [(name, predicate) for name in TYPES for predicate in ORDERED.get(name, ("eq", "ne"))]


def edges(name: str) -> list[Any]:
    """Values of a type that are likely to go wrong."""
    type = SCALARS[name]
    if name == "bool":
        return [False, True]
    if type.is_float:
        large = 3.0e38 if name == "f32" else 1.5e308
        values = [0.0, -0.0, 1.0, -1.0, 0.1, -2.5, 7.75, 1e-40, 16777217.0, large, -large, INF, -INF, NAN]
        return [rounded(value, name) for value in values]
    values = [0, 1, 2, 3, 7, 8, 16, 31, 32, 63, 64, 100, type.maximum - 1, type.maximum, type.minimum, type.minimum + 1]
    return values + [-1, -2, -7, -33] * (type.kind == "int")


def rounded(value: float, name: str) -> float:
    """A double as the nearest float of the type; past its largest, infinity."""
    if name == "f64":
        return value
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(INF, value)


def wrapped(value: int, type: Scalar) -> int:
    """The value modulo the type's range."""
    return (value - type.minimum) % (1 << type.bits) + type.minimum


def divided(a: float, b: float) -> float:
    if b:
        return a / b
    return NAN if a == 0 or a != a else math.copysign(INF, a) * math.copysign(1, b)


def shifted_left(type: Scalar) -> Callable[[int, int], int]:
    return lambda a, b: a << amount if (amount := b % (1 << type.bits)) < type.bits else 0


def shifted_right(type: Scalar) -> Callable[[int, int], int]:
    return lambda a, b: a >> min(b % (1 << type.bits), type.bits)


def fmin(a: Any, b: Any) -> Any:
    return b if a != a else a if b != b else min(a, b)


def fmax(a: Any, b: Any) -> Any:
    return b if a != a else a if b != b else max(a, b)


def cases() -> list[Any]:
    """(operation, type, reference) for each operation of two operands of one type."""
    found = []
    for name in TYPES:
        type = SCALARS[name]
        references: dict[ir.OpDefinition, Callable[[Any, Any], Any]] = {
            mir.add: lambda a, b: a + b,
            mir.sub: lambda a, b: a - b,
            mir.mul: lambda a, b: a * b,
            mir.min_: fmin,
            mir.max_: fmax,
            mir.and_: lambda a, b: a & b,
            mir.or_: lambda a, b: a | b,
            mir.xor: lambda a, b: a ^ b,
            mir.div: divided,
            mir.shl: shifted_left(type),
            mir.shr: shifted_right(type),
        }
        for definition, reference in references.items():
            if takes(definition, type):
                found.append(pytest.param(definition, name, reference, id=f"{definition.name}-{name}"))
    return found


def takes(definition: ir.OpDefinition, type: Scalar) -> bool:
    try:
        definition.rule([type, type], {})
    except ir.RuleBroken:
        return False
    return True


def binary(
    launch: Any, operation: str, name: str, a: list[Any], b: list[Any], result: str = "", before: str = ""
) -> Any:
    """Run `operation` in a kernel, one pair of values a thread, after the lines `before`."""
    result = result or name
    out = np.zeros(len(a), dtype_of(SCALARS[result]))
    source = f"view<?x{name}, read, global>"
    launch(
        f"""kernel @k(%x: {source}, %y: {source}, %z: view<?x{result}, disjoint, global>) {{
^bb0:
  %i = mir.coordinate {{register = 'thread_idx', axis = 'x'}} : i32
  %p = mir.element %x, %i : ptr<{name}, global>
  %a = mir.load %p : {name}
  %q = mir.element %y, %i : ptr<{name}, global>
  %b = mir.load %q : {name}
  {before}
  %c = {operation} : {result}
  %r = mir.element %z, %i : ptr<{result}, global>
  mir.store %c, %r
  mir.return
}}""",
        1,
        len(a),
        np.array(a, dtype_of(SCALARS[name])),
        np.array(b, dtype_of(SCALARS[name])),
        out,
    )
    return out


def expect(found: Any, wanted: list[Any], name: str) -> None:
    np.testing.assert_array_equal(found, np.array(wanted, dtype_of(SCALARS[name])))


def expect_same_for_scalars(definition: ir.OpDefinition, found: Any, *operands: Any, **attributes: Any) -> None:
    """One value for all threads computes as an array of values does, in the same type."""
    op = ir.Op(definition, [], attributes)
    compute = PURE[definition](op)
    with np.errstate(all="ignore"):
        scalars = [compute(*values) for values in zip(*operands, strict=True)]
    assert {scalar.dtype for scalar in scalars} == {found.dtype}
    assert all(scalar.ndim == 0 for scalar in scalars)
    np.testing.assert_array_equal(np.array(scalars), found)


@pytest.mark.parametrize(("definition", "name", "reference"), cases())
def test_two_operands(launch: Any, definition: ir.OpDefinition, name: str, reference: Callable[..., Any]) -> None:
    type = SCALARS[name]
    a, b = map(list, zip(*product(edges(name), repeat=2), strict=True))
    found = binary(launch, f"{definition.name} %a, %b", name, a, b)
    exact = [reference(x, y) for x, y in zip(a, b, strict=True)]
    if type.is_integer:
        exact = [wrapped(value, type) for value in exact]
    if type.is_float:
        exact = [rounded(value, name) for value in exact]
    expect(found, exact, name)
    dtype = dtype_of(type).type
    expect_same_for_scalars(definition, found, list(map(dtype, a)), list(map(dtype, b)))


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("definition", [mir.floordiv, mir.mod], ids=lambda d: d.name)
def test_floor_division(launch: Any, definition: ir.OpDefinition, name: str) -> None:
    type = SCALARS[name]
    values = [0.0, -0.0, 1.0, -1.0, 0.25, -2.5, 7.75, 1000.5, -4096.125] if type.is_float else edges(name)
    pairs = [(x, y) for x, y in product(values, repeat=2) if y]
    a, b = map(list, zip(*pairs, strict=True))
    found = binary(launch, f"{definition.name} %a, %b", name, a, b)
    exact: list[Any] = [x // y if definition is mir.floordiv else x % y for x, y in pairs]
    expect(found, [wrapped(value, type) if type.is_integer else rounded(value, name) for value in exact], name)
    dtype = dtype_of(type).type
    expect_same_for_scalars(definition, found, list(map(dtype, a)), list(map(dtype, b)))


@pytest.mark.parametrize(("name", "predicate"), COMPARISONS)
def test_comparisons(launch: Any, predicate: str, name: str) -> None:
    a, b = map(list, zip(*product(edges(name), repeat=2), strict=True))
    found = binary(launch, f"mir.cmp %a, %b {{predicate = '{predicate}'}}", name, a, b, "bool")
    expect(found, [getattr(x, f"__{predicate}__")(y) for x, y in zip(a, b, strict=True)], "bool")


@pytest.mark.parametrize("name", TYPES)
def test_one_operand(launch: Any, name: str) -> None:
    type, values = SCALARS[name], edges(name)
    if name != "bool":
        found = binary(launch, "mir.neg %a", name, values, values)
        expect(found, [-x if type.is_float else wrapped(-x, type) for x in values], name)
    if type.kind in ("int", "float"):
        found = binary(launch, "mir.abs %a", name, values, values)
        expect(found, [abs(x) if type.is_float else wrapped(abs(x), type) for x in values], name)
    if not type.is_float:
        found = binary(launch, "mir.not %a", name, values, values)
        expect(found, [not x if name == "bool" else wrapped(~x, type) for x in values], name)


def converted(value: Any, source: Scalar, target: Scalar) -> Any:
    """What `cast` makes of a value."""
    if target.kind == "bool":
        return value != 0
    if target.is_float:
        return correctly_rounded(int(value), target.name) if not source.is_float else rounded(value, target.name)
    if not source.is_float:
        return wrapped(int(value), target)
    if value != value:
        return 0
    return max(target.minimum, min(target.maximum, math.trunc(value) if math.isfinite(value) else value))


def correctly_rounded(value: int, name: str) -> float:
    """An integer as a float, rounded once (by way of a double would be twice)."""
    bits = 24 if name == "f32" else 53
    excess = max(0, abs(value).bit_length() - bits)
    quotient, rest = divmod(abs(value), 1 << excess)
    half = (1 << excess) >> 1
    quotient += excess > 0 and (rest > half or (rest == half and quotient % 2))
    return math.copysign(float(quotient << excess), value)


@pytest.mark.parametrize("source", TYPES)
@pytest.mark.parametrize("target", TYPES)
def test_casts(launch: Any, source: str, target: str) -> None:
    values = edges(source)
    if SCALARS[source].is_float:
        powers = [math.ldexp(1.0, n) for n in (31, 32, 63, 64)]
        values = [rounded(x, source) for x in [*values, 0.99, -0.99, *powers, *map(float.__neg__, powers), 2.0**31 - 1]]
        values += [rounded(math.nextafter(x, 0.0), source) for x in powers]
    found = binary(launch, f"mir.cast %a {{type = {target}}}", source, values, values, target)
    exact = [converted(x, SCALARS[source], SCALARS[target]) for x in values]
    expect(found, exact, target)


@pytest.mark.parametrize("name", TYPES)
def test_select(launch: Any, name: str) -> None:
    a, b = map(list, zip(*product(edges(name), repeat=2), strict=True))
    zero = repr(edges(name)[0])
    equal = "%d = mir.cmp %a, %b {predicate = 'eq'} : bool"
    otherwise = f"%e = mir.constant {{value = {zero}, type = {name}}} : {name}"
    found = binary(launch, "mir.select %d, %a, %e", name, a, b, before=f"{equal}\n  {otherwise}")
    expect(found, [x if x == y else edges(name)[0] for x, y in zip(a, b, strict=True)], name)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("function", ["sqrt", "exp", "log", "sin", "cos", "floor", "ceil"])
def test_functions_of_one_number(launch: Any, function: str, name: str) -> None:
    values = [rounded(x, name) for x in (0.25, 1.0, 1.5, 2.0, 3.999, 10.0, 77.7)]
    found = binary(launch, f"mir.math %a {{function = '{function}'}}", name, values, values)
    tolerance = 3e-7 if name == "f32" else 1e-15
    np.testing.assert_allclose(found, [getattr(math, function)(x) for x in values], rtol=tolerance)


@pytest.mark.parametrize("name", FLOATS)
def test_functions_beyond_their_domain(launch: Any, name: str) -> None:
    found = [binary(launch, f"mir.math %a {{function = '{f}'}}", name, [x], [x])[0] for f, x in BEYOND]
    np.testing.assert_array_equal(found, [NAN, -INF, NAN, INF, NAN])


BEYOND = [("sqrt", -1.0), ("log", 0.0), ("log", -1.0), ("exp", 1e4), ("sin", INF)]


@pytest.mark.parametrize("name", FLOATS)
def test_powers(launch: Any, name: str) -> None:
    a, b = [2.0, 0.5, 9.0, -2.0, 0.0], [10.0, -2.0, 0.5, 3.0, 0.0]
    found = binary(launch, "mir.math %a, %b {function = 'pow'}", name, a, b)
    np.testing.assert_array_equal(found, [1024.0, 4.0, 3.0, -8.0, 1.0])


@pytest.mark.parametrize("name", TYPES)
def test_constants(launch: Any, name: str) -> None:
    for value in edges(name):
        text = repr(value)
        found = binary(launch, f"mir.constant {{value = {text}, type = {name}}}", name, [value], [value])
        expect(found, [value], name)


def test_every_pure_operation_is_read() -> None:
    pure = {definition for definition in mir.SSA_OPS if definition.pure}
    memory = {mir.extent, mir.element, mir.field_address, mir.subview, mir.table}
    assert pure - set(PURE) == memory | {mir.coordinate, mir.lane_id}
