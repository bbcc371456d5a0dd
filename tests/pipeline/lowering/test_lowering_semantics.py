"""What the lowered arithmetic computes: its LLVM IR runs on this machine's CPU, against Python and NumPy."""

from __future__ import annotations

import ctypes
import math
import operator
import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest

from oxide_build.ir.types import SCALARS, Scalar
from oxide_build.pipeline.options import Options

CTYPES = {
    "bool": ctypes.c_uint8,
    "i8": ctypes.c_int8,
    "i16": ctypes.c_int16,
    "u8": ctypes.c_uint8,
    "u16": ctypes.c_uint16,
    "i32": ctypes.c_int32,
    "i64": ctypes.c_int64,
    "u32": ctypes.c_uint32,
    "u64": ctypes.c_uint64,
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
}
INTEGERS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
FLOATS = ("f32", "f64")
DTYPES = {"f32": np.float32, "f64": np.float64}

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def run(llvm_ir: Callable[..., str]) -> Iterator[Callable[..., Run]]:
    """`run(op, operand types, result type)` is that mir operation as a Python function."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    engines = []

    def build(op: str, operands: tuple[str, ...], result: str, attributes: str = "", **options: bool) -> Run:
        names = [f"%a{index}" for index in range(len(operands))]
        parameters = ", ".join(f"{name}: {type}" for name, type in zip(names, operands, strict=True))
        text = llvm_ir(
            f"device @f({parameters}) -> {result} {{\n^bb0:\n"
            f"  %r = mir.{op} {', '.join(names)} {attributes} : {result}\n  mir.return %r\n}}",
            Options(line_info=False, **options),
        )
        text = re.sub("target triple.*", "", text).replace("define internal", "define").replace("__nv_", "")
        machine = llvm.Target.from_default_triple().create_target_machine()
        module = llvm.parse_assembly(text)
        passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
        passes.getModulePassManager().run(module, passes)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        engines.append(engine)
        function = ctypes.CFUNCTYPE(CTYPES[result], *(CTYPES[type] for type in operands))
        compiled = function(engine.get_function_address("f"))
        return (lambda *values: bool(compiled(*values) & 1)) if result == "bool" else compiled

    yield build
    for engine in engines:
        engine.close()


def wrap(value: int, type: Scalar) -> int:
    return (value - type.minimum) % (1 << type.bits) + type.minimum


def edges(type: Scalar) -> list[int]:
    near = [0, 1, 2, 3, 7, type.bits - 1, type.bits, type.bits + 1, type.maximum, type.maximum - 1, type.minimum]
    signed = [-1, -2, -3, -7, type.minimum + 1] if type.kind == "int" else []
    return near + signed


FLOAT_EDGES = [
    *(0.0, 1.0, 3.0, 5.5, 0.1, 7.25, 1e-40, 1e30, 16777216.0, 1e-30, math.inf, math.nan),
    *(-0.0, -1.0, -3.0, -5.5, -0.1, -7.25, -1e-40, -1e30, -16777217.0, -math.inf),
]


def same(found: float, expected: float) -> bool:
    if math.isnan(expected):
        return math.isnan(found)
    return found == expected and math.copysign(1.0, found) == math.copysign(1.0, expected)


def shift_left(value: int, amount: int) -> int:
    return value << min(amount, 64)


def shift_right(value: int, amount: int) -> int:
    return value >> min(amount, 64)


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize(
    ("op", "python"),
    [
        ("add", operator.add),
        ("sub", operator.sub),
        ("mul", operator.mul),
        ("and", operator.and_),
        ("or", operator.or_),
        ("xor", operator.xor),
        ("min", min),
        ("max", max),
    ],
)
def test_integer_arithmetic_wraps(
    run: Callable[..., Run], name: str, op: str, python: Callable[[int, int], int]
) -> None:
    function, type = run(op, (name, name), name), SCALARS[name]
    for a, b in product(edges(type), repeat=2):
        assert function(a, b) == wrap(python(a, b), type), (a, b)


@pytest.mark.parametrize("checks", [True, False])
@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize(("op", "python"), [("floordiv", operator.floordiv), ("mod", operator.mod)])
def test_integer_division_floors(
    run: Callable[..., Run], name: str, op: str, python: Callable[[int, int], int], checks: bool
) -> None:
    function, type = run(op, (name, name), name, bounds_checks=checks), SCALARS[name]
    for a, b in product(edges(type), repeat=2):
        if b:
            assert function(a, b) == wrap(python(a, b), type), (a, b)
        else:
            function(a, b)  # some number, not a fault: the CPU would raise SIGFPE


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize(("op", "python"), [("shl", shift_left), ("shr", shift_right)])
def test_shifts_by_any_amount(run: Callable[..., Run], name: str, op: str, python: Callable[[int, int], int]) -> None:
    function, type = run(op, (name, name), name), SCALARS[name]
    for a, b in product(edges(type), repeat=2):
        assert function(a, b) == wrap(python(a, b % (1 << type.bits)), type), (a, b)


@pytest.mark.parametrize("name", INTEGERS)
def test_integer_unary(run: Callable[..., Run], name: str) -> None:
    type = SCALARS[name]
    expected: dict[str, Callable[[int], int]] = {"neg": operator.neg, "not": operator.invert}
    if type.kind == "int":
        expected["abs"] = abs
    for op, python in expected.items():
        function = run(op, (name,), name)
        assert [function(a) for a in edges(type)] == [wrap(python(a), type) for a in edges(type)]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize(
    ("op", "reference"),
    [
        ("add", np.add),
        ("sub", np.subtract),
        ("mul", np.multiply),
        ("div", np.divide),
        ("floordiv", np.floor_divide),
        ("mod", np.mod),
    ],
)
@pytest.mark.parametrize("contract", [False, True])
def test_float_arithmetic_is_numpys(
    run: Callable[..., Run], name: str, op: str, reference: np.ufunc, contract: bool
) -> None:
    dtype, function = DTYPES[name], run(op, (name, name), name, fp_contract=contract)
    with np.errstate(all="ignore"):
        for a, b in product(FLOAT_EDGES, repeat=2):
            expected = float(reference(dtype(a), dtype(b)))
            assert same(function(a, b), expected), (a, b, function(a, b), expected)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize(("op", "reference"), [("min", np.fmin), ("max", np.fmax)])
def test_float_extremes_prefer_a_number(run: Callable[..., Run], name: str, op: str, reference: np.ufunc) -> None:
    function, dtype = run(op, (name, name), name), DTYPES[name]
    for a, b in product(FLOAT_EDGES, repeat=2):
        found, expected = function(a, b), float(reference(dtype(a), dtype(b)))
        assert found == expected or (math.isnan(found) and math.isnan(expected)), (a, b)


@pytest.mark.parametrize("name", FLOATS)
def test_float_unary(run: Callable[..., Run], name: str) -> None:
    dtype = DTYPES[name]
    for op, reference in {"neg": np.negative, "abs": np.abs}.items():
        function = run(op, (name,), name)
        assert all(same(function(a), float(reference(dtype(a)))) for a in FLOAT_EDGES)
    for op, reference in {"sqrt": np.sqrt, "floor": np.floor, "ceil": np.ceil}.items():
        function = run("math", (name,), name, f"{{function = '{op}'}}")
        with np.errstate(all="ignore"):
            assert all(same(function(a), float(reference(dtype(a)))) for a in FLOAT_EDGES)


@pytest.mark.parametrize("name", [*INTEGERS, *FLOATS])
@pytest.mark.parametrize("predicate", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_comparisons(run: Callable[..., Run], name: str, predicate: str) -> None:
    function = run("cmp", (name, name), "bool", f"{{predicate = '{predicate}'}}")
    values = FLOAT_EDGES if name in FLOATS else edges(SCALARS[name])
    for a, b in product(values, repeat=2):
        a, b = CTYPES[name](a).value, CTYPES[name](b).value
        assert function(a, b) == getattr(operator, predicate)(a, b), (a, b)


def test_bools(run: Callable[..., Run]) -> None:
    for op, python in {"and": operator.and_, "or": operator.or_, "xor": operator.xor}.items():
        function = run(op, ("bool", "bool"), "bool")
        assert all(function(a, b) == bool(python(a, b)) for a, b in product((0, 1), repeat=2))
    assert [run("not", ("bool",), "bool")(a) for a in (0, 1)] == [True, False]
    for predicate in ("eq", "ne"):
        function = run("cmp", ("bool", "bool"), "bool", f"{{predicate = '{predicate}'}}")
        assert all(function(a, b) == getattr(operator, predicate)(a, b) for a, b in product((0, 1), repeat=2))


def converted(value: float, type: Scalar) -> float:
    """What mir.cast gives, as its docstring says."""
    if type.kind == "bool":
        return value != 0
    if type.is_float:
        with np.errstate(all="ignore"):
            return float(DTYPES[type.name](value))
    if isinstance(value, int):
        return wrap(value, type)
    if math.isnan(value):
        return 0
    return max(type.minimum, min(type.maximum, value if math.isinf(value) else math.trunc(value)))


@pytest.mark.parametrize("old", CTYPES)
@pytest.mark.parametrize("new", CTYPES)
def test_casts(run: Callable[..., Run], old: str, new: str) -> None:
    function = run("cast", (old,), new, f"{{type = {new}}}")
    values = FLOAT_EDGES if old in FLOATS else [0, 1] if old == "bool" else edges(SCALARS[old])
    for value in values:
        value = CTYPES[old](value).value
        expected = converted(value, SCALARS[new])
        assert same(function(value), expected) if new in FLOATS else function(value) == expected, value


@pytest.mark.parametrize("name", CTYPES)
def test_select(run: Callable[..., Run], name: str) -> None:
    function = run("select", ("bool", name, name), name)
    assert (function(1, 1, 0), function(0, 1, 0)) == (1, 0)
