"""Packing: what the driver reads is what the manifest's convention says."""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import pytest

from oxide_build.manifest import Field, Kernel, Layout, Number, Parameter
from oxide_build.runtime.arrays import View
from oxide_build.runtime.packing import plan

SCALARS: list[tuple[str, Number, Any]] = [
    ("bool", True, ctypes.c_bool),
    ("i8", -3, ctypes.c_int8),
    ("u64", 2**64 - 1, ctypes.c_uint64),
    ("i16", -300, ctypes.c_int16),
    ("f64", 0.1, ctypes.c_double),
    ("u8", 255, ctypes.c_uint8),
    ("f32", 0.5, ctypes.c_float),
    ("i64", -(2**63), ctypes.c_int64),
    ("u16", 65535, ctypes.c_uint16),
    ("i32", -1, ctypes.c_int32),
    ("u32", 2**32 - 1, ctypes.c_uint32),
]


def test_every_scalar_lies_where_its_pointer_says() -> None:
    kernel = Kernel("k", "k", tuple(Parameter(name, "scalar", name) for name, _, _ in SCALARS))
    packed = plan(kernel).pack({}, {name: value for name, value, _ in SCALARS})
    for (_, value, kind), address in zip(SCALARS, packed.pointers, strict=True):
        assert kind.from_address(address).value == value
        assert (address - ctypes.addressof(packed.memory)) % ctypes.sizeof(kind) == 0


@pytest.mark.parametrize(
    ("dtype", "value", "bits"), [("f16", 1.5, 0x3E00), ("bf16", 1.5, 0x3FC0), ("bf16", -2.0, 0xC000)]
)
def test_half_precision(dtype: str, value: float, bits: int) -> None:
    packed = plan(Kernel("k", "k", (Parameter("a", "scalar", dtype),))).pack({}, {"a": value})
    assert struct.unpack("<H", packed.memory.raw[:2]) == (bits,)


def test_views_are_pointer_then_extents() -> None:
    kernel = Kernel("k", "k", (Parameter("flag", "scalar", "bool"), Parameter("x", "mut", "f32", 2)))
    packed = plan(kernel).pack({"x": View(2**40, (3, 4), "f32", None, False, 0, "torch")}, {"flag": True})
    kinds: list[Any] = [ctypes.c_bool, ctypes.c_uint64, ctypes.c_int32, ctypes.c_int32]
    assert [k.from_address(p).value for k, p in zip(kinds, packed.pointers, strict=True)] == [True, 2**40, 3, 4]


def test_no_parameters() -> None:
    assert len(plan(Kernel("k", "k", ())).pack({}, {}).pointers) == 0


def test_a_struct_is_its_scalars_one_after_the_other() -> None:
    inner = Layout("Inner", 4, 2, (Field("flag", 0, "bool"), Field("half", 2, "bf16")))
    outer = Layout("Outer", 16, 8, (Field("inner", 0, "Inner", inner), Field("x", 8, "f64")))
    kernel = Kernel("k", "k", (Parameter("p", "scalar", "Outer", struct=outer), Parameter("n", "scalar", "i32")))
    packed = plan(kernel).pack({}, {"p.inner.flag": True, "p.inner.half": 1.5, "p.x": 0.25, "n": 7})
    kinds: list[Any] = [ctypes.c_bool, ctypes.c_uint16, ctypes.c_double, ctypes.c_int32]
    assert [k.from_address(p).value for k, p in zip(kinds, packed.pointers, strict=True)] == [True, 0x3FC0, 0.25, 7]
