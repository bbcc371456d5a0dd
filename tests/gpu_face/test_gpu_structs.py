"""`@gpu.struct` on the host: a dataclass, a NumPy dtype laid out as kernels have it, an argument of launches."""

from __future__ import annotations

import ctypes
import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typed_structs
from typed_structs import Nasty, Particle, Vec3

from oxide_build import gpu
from oxide_build.errors import KernelArgumentError, KernelError, SourceFile
from oxide_build.gpu import bf16, f32, f64, i64, u8
from oxide_build.manifest import Kernel, Layout, Manifest
from oxide_build.pipeline import describe, to_ssa

TEXT = Path(typed_structs.__file__).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def kernels() -> dict[str, Kernel]:
    module = to_ssa(SourceFile("typed_structs.py", TEXT, "typed_structs"))
    return {kernel.name: kernel for kernel in describe(module)}


def test_a_struct_is_a_dataclass() -> None:
    v = Vec3(f32(1.0), f32(2.0))
    v.x = f32(5.0)
    assert (v.x, v.y, v.z) == (5.0, 2.0, 0.0)
    assert v == Vec3(f32(5.0), f32(2.0), f32(0.0)) != Vec3(f32(5.0), f32(2.0), f32(1.0))
    assert repr(v) == "Vec3(x=5.0, y=2.0, z=0.0)"
    assert dataclasses.replace(v, z=f32(3.0)).z == 3.0
    assert Vec3.__match_args__ == ("x", "y", "z")


def test_defaults_that_are_structs_are_values() -> None:
    a, b = Particle(True, Vec3(f32(1.0), f32(2.0))), Particle(True, Vec3(f32(1.0), f32(2.0)))
    a.home.x = f32(9.0)
    assert b.home.x == 0.0


def test_a_type_checker_accepts_structs() -> None:
    mypy = pytest.importorskip("mypy.api")
    output, errors, status = mypy.run(["--strict", "--follow-imports=silent", typed_structs.__file__])
    assert status == 0, output + errors


class Vec3C(ctypes.Structure):
    _fields_ = (("x", ctypes.c_float), ("y", ctypes.c_float), ("z", ctypes.c_float))


class ParticleC(ctypes.Structure):
    _fields_ = (("alive", ctypes.c_bool), ("position", Vec3C), ("mass", ctypes.c_double), ("home", Vec3C))


class NastyC(ctypes.Structure):
    _fields_ = (
        ("flag", ctypes.c_bool),
        ("wide", ctypes.c_double),
        ("small", ctypes.c_int8),
        ("inner", ParticleC),
        ("half", ctypes.c_uint16),
        ("brain", ctypes.c_uint16),
        ("count", ctypes.c_int16),
        ("last", ctypes.c_uint64),
        ("end", ctypes.c_bool),
    )


@pytest.mark.parametrize(("cls", "in_c"), [(Vec3, Vec3C), (Particle, ParticleC), (Nasty, NastyC)])
def test_numpy_lays_structs_out_as_c_does(cls: type[Any], in_c: type[ctypes.Structure]) -> None:
    dtype = gpu.dtype(cls)
    assert dtype.itemsize == ctypes.sizeof(in_c)
    offsets = [entry[1] for entry in dtype.fields.values()] if dtype.fields is not None else []
    assert offsets == [getattr(in_c, name).offset for name, *_ in in_c._fields_]


def test_kernels_lay_structs_out_as_numpy_does(kernels: dict[str, Kernel]) -> None:
    nasty = kernels["copy_nasty"].parameters[0].struct
    assert nasty is not None
    assert _as_dtype(nasty) == gpu.dtype(Nasty)
    assert nasty.alignment == gpu.dtype(Nasty).alignment == 8


def _as_dtype(layout: Layout) -> np.dtype[Any]:
    plain = {"bool": "?", "bf16": "u2", "f16": "f2", "f32": "f4", "f64": "f8", "i8": "i1", "i16": "i2", "u64": "u8"}
    formats = [_as_dtype(f.struct) if f.struct is not None else np.dtype(plain[f.type]) for f in layout.fields]
    names, offsets = [field.name for field in layout.fields], [field.offset for field in layout.fields]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": layout.size})


def test_the_manifest_keeps_layouts(kernels: dict[str, Kernel]) -> None:
    manifest = Manifest("m", "m.py", "", {}, {}, ("sm_90",), tuple(kernels.values()), ())
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_dtypes_of_scalars() -> None:
    found = [gpu.dtype(type) for type in (f32, f64, i64, u8, bf16, bool)]
    assert found == [np.dtype(name) for name in ("f4", "f8", "i8", "u1", "u2", "?")]
    with pytest.raises(KernelError, match="int is no struct and no scalar type of kernels"):
        gpu.dtype(int)


def test_kernels_of_structs_are_simulated() -> None:
    p, far = np.zeros(4, gpu.dtype(Particle)), np.zeros(4, np.float32)
    p["alive"] = [True, False, True, False]
    p["position"]["x"] = [1, 2, 3, 0]
    p["mass"] = 8
    typed_structs.drift.simulate[1, 4](p, Vec3(f32(-1.0), f32(5.0)), far, np.arange(4, dtype=np.int32))
    np.testing.assert_array_equal(p["mass"], [4, 8, 4, 8])
    np.testing.assert_array_equal(p["position"]["y"], [5, 0, 5, 0])
    np.testing.assert_array_equal(far, [-1, 1, 1, -1])


def test_an_element_of_an_array_is_an_argument() -> None:
    p, far = np.zeros(1, gpu.dtype(Particle)), np.zeros(1, np.float32)
    p["alive"] = True
    shift = np.array((2, 3, 4), gpu.dtype(Vec3))[()]
    typed_structs.drift.simulate[1, 1](p, shift, far, np.zeros(1, np.int32))
    assert tuple(p[0]["position"]) == (2, 3, 4)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.0, "argument 'shift' is declared Vec3, got 1.0 (float)"),
        ((1.0, 2.0, 3.0), "got (1.0, 2.0, 3.0) (tuple)"),
        (Particle(True, Vec3(f32(0.0), f32(0.0))), "got a Particle with the fields alive, position, mass, home"),
        (Vec3(f32(0.0), f32(1e300)), "argument 'shift.y' is declared f32, which holds at most 3.403e+38, got 1e+300"),
    ],
)
def test_other_arguments_are_refused(value: object, message: str) -> None:
    p, far = np.zeros(1, gpu.dtype(Particle)), np.zeros(1, np.float32)
    with pytest.raises(KernelArgumentError, match=re.escape(message)):
        typed_structs.drift.simulate[1, 1](p, value, far, np.zeros(1, np.int32))


def test_an_array_laid_out_otherwise_is_refused_with_both_layouts() -> None:
    packed = np.dtype([(name, gpu.dtype(Particle)[name]) for name in ("alive", "position", "mass", "home")])
    with pytest.raises(KernelArgumentError) as raised:
        typed_structs.drift.simulate[1, 1](np.zeros(1, packed), Vec3(f32(0.0), f32(0.0)), *[np.zeros(1)] * 2)
    assert "an array of 33 bytes: alive bool at 0, position (x f32 at 0" in str(raised.value)
    assert "it is 40 bytes: alive bool at 0, position (x f32 at 0, y f32 at 4, z f32 at 8) at 4" in str(raised.value)
    assert "make the array with dtype=gpu.dtype(Particle)" in str(raised.value)
