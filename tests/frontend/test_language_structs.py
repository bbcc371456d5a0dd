"""Structs: values, fields, arrays of them, patterns; against plain NumPy, laid out alike on both sides."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.frontend.conftest import Run, built_kernel, full_source

VEC3 = np.dtype([("x", "f4"), ("y", "f4"), ("z", "f4")], align=True)
RAY = np.dtype([("origin", VEC3), ("hit", "?"), ("t", "f8")], align=True)

HEAD = """
@gpu.struct
class Vec3:
    \"\"\"A point in space.\"\"\"

    x: f32
    y: f32
    z: f32 = 1.0

@gpu.struct
class Ray:
    origin: Vec3
    hit: bool
    t: f64 = 0.5

ORIGIN = Vec3(0.0, 0.0, z=-0.0)
UNIT = Ray(Vec3(x=1.0, y=1.0), True)

@gpu.device
def add(a: Vec3, b: Vec3 = ORIGIN) -> Vec3:
    return Vec3(a.x + b.x, a.y + b.y, a.z + b.z)

@gpu.device
def both(a: Vec3) -> tuple[Vec3, f32]:
    return add(a, a), a.x
"""


def vectors(count: int) -> Any:
    array = np.zeros(count, VEC3)
    for scale, name in enumerate("xyz", 1):
        array[name] = np.arange(count) * scale
    return array


def rays(count: int) -> Any:
    array = np.zeros(count, RAY)
    array["origin"] = vectors(count)
    array["hit"] = np.arange(count) % 3 == 0
    array["t"] = np.arange(count) / 4
    return array


def test_fields_of_elements_are_read_and_written(run: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(r: MutSlice[Ray], out: DisjointSlice[f64]) -> None:
    i = gpu.index_1d()
    if i < len(out):
        out[i] = r[i].t + r[i].origin.y
        r[i].origin.x = f32(i) + 0.5
        r[i].t *= 2.0
        r[i].hit = not r[i].hit
"""
    )
    r, out = rays(40), np.zeros(40)
    expected = r.copy()
    expected["origin"]["x"] = np.arange(40) + np.float32(0.5)
    expected["t"] *= 2
    expected["hit"] ^= True
    run(source, r, out, grid=2, block=32)
    np.testing.assert_array_equal(out, np.arange(40) / 4 + np.arange(40) * 2)
    np.testing.assert_array_equal(r, expected)


def test_whole_elements_are_copied(run: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(r: Slice[Ray], v: Slice[Vec3], out: MutSlice[Ray]) -> None:
    i = gpu.index_1d()
    if i < len(out):
        ray = r[i]
        moved = ray
        moved.origin = v[len(v) - 1 - i]
        moved.origin.y += 1.0
        out[i] = moved if ray.hit else ray
"""
    )
    r, v, out = rays(33), vectors(33), np.zeros(33, RAY)
    expected = r.copy()
    moved = v[::-1].copy()
    moved["y"] += 1
    expected["origin"] = np.where(r["hit"], moved, r["origin"])
    run(source, r, v, out, grid=2, block=32)
    np.testing.assert_array_equal(out, expected)


def test_structs_are_made_with_places_names_defaults_and_constants(run: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(out: MutSlice[Ray], n: i32) -> None:
    v: Vec3 = Vec3(2.0, z=f32(n), y=3)
    out[0] = Ray(v, n > 3)
    out[1] = UNIT
    out[2] = Ray(t=1.5, hit=False, origin=add(v))
    w = UNIT.origin
    w.z = UNIT.origin.x + ORIGIN.z + 6.0
    out[3] = Ray(w, UNIT.hit, UNIT.t)
    total, first = both(v)
    out[4] = Ray(total, first == 2.0)
"""
    )
    out = np.zeros(5, RAY)
    run(source, out, 7)
    expected = np.array(
        [
            ((2, 3, 7), True, 0.5),
            ((1, 1, 1), True, 0.5),
            ((2, 3, 7), False, 1.5),
            ((1, 1, 7), True, 0.5),
            ((4, 6, 14), True, 0.5),
        ],
        RAY,
    )
    np.testing.assert_array_equal(out, expected)


def test_struct_parameters_are_by_value(run: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(shift: Vec3, ray: Ray, out: DisjointSlice[Vec3], seen: MutSlice[bool]) -> None:
    gpu.require(ray.t >= 0.0 and shift.x > 1.0)
    i = gpu.index_1d()
    if i < len(out):
        shift.x += f32(i)
        out[i] = add(shift, ray.origin)
        seen[i] = ray.hit
"""
    )
    out, seen = np.zeros(5, VEC3), np.zeros(5, bool)
    run(source, np.array((2, 3, 4), VEC3)[()], np.array(((1, 1, 1), True, 0), RAY)[()], out, seen, block=8)
    np.testing.assert_array_equal(out["x"], np.arange(5) + 3)
    np.testing.assert_array_equal(out["z"], 5)
    assert seen.all()


def test_a_contract_on_a_field_is_checked(simulated: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(ray: Ray, out: MutSlice[f32]) -> None:
    gpu.require(ray.origin.x > 1.0)
    out[0] = ray.origin.x
"""
    )
    with pytest.raises(Exception, match=r"requires ray.origin.x > 1.0, found ray.origin.x = 1.0"):
        simulated(source, np.array(((1, 1, 1), True, 0), RAY)[()], np.zeros(1, np.float32))


def test_structs_in_shared_local_and_dynamic_memory(run: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(r: Slice[Ray], out: MutSlice[Ray], backwards: MutSlice[f32]) -> None:
    tile = gpu.shared_array(32, Ray)
    more = gpu.dynamic_shared_array(Vec3)
    own = gpu.local_array((2, 2), Vec3)
    t = gpu.thread_idx.x
    tile[t] = r[t]
    more[t].x = r[t].origin.x
    gpu.sync_threads()
    own[0, 0] = tile[31 - t].origin
    own[t % 2, 1] = own[0, 0]
    own[t % 2, 1].y += 1.0
    out[t] = tile[31 - t]
    out[t].origin = own[t % 2][1]
    backwards[t] = more[31 - t].x + f32(len(more))
"""
    )
    r, out, backwards = rays(32), np.zeros(32, RAY), np.zeros(32, np.float32)
    run(source, r, out, backwards, block=32, shared_memory=32 * 12)
    expected = r[::-1].copy()
    expected["origin"]["y"] += 1
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(backwards, np.arange(32)[::-1] + 32)


def test_views_of_several_dimensions(run: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(a: Slice2D[Vec3], b: MutSlice2D[Vec3], c: DisjointSlice2D[Vec3]) -> None:
    row, col = gpu.index_2d()
    if row < a.shape[0] and col < a.shape[1]:
        b[row][col].x = a[row, col].y
        b.unchecked[row, col].y = a.unchecked[row, col].x
        c[row, col].z = a[row][col].z
"""
    )
    a = vectors(35).reshape(5, 7)
    b, c = np.zeros((5, 7), VEC3), np.zeros((5, 7), VEC3)
    run(source, a, b, c, grid=(1, 1), block=(8, 8))
    np.testing.assert_array_equal(b["x"], a["y"])
    np.testing.assert_array_equal(b["y"], a["x"])
    np.testing.assert_array_equal(c["z"], a["z"])
    assert not b["z"].any()


def test_structs_in_loops_and_branches(run: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(v: Slice[Vec3], out: DisjointSlice[Vec3]) -> None:
    i = gpu.index_1d()
    if i < len(out):
        total = ORIGIN
        for j in range(i + 1):
            if j % 2 == 0:
                total = add(total, v[j])
            else:
                total.y -= v[j].y
        out[i] = total
"""
    )
    v, out = vectors(40), np.zeros(40, VEC3)
    run(source, v, out, grid=2, block=32)
    even, odd = (np.cumsum(np.where(np.arange(40) % 2 == n, v["y"], 0)) for n in (0, 1))
    np.testing.assert_array_equal(out["y"], even - odd)
    np.testing.assert_array_equal(out["x"], even / 2)


def test_equality_is_of_all_fields(run: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(a: Slice[Ray], b: Slice[Ray], out: MutSlice[bool]) -> None:
    i = gpu.index_1d()
    if i < len(a):
        out[2 * i] = a[i] == b[i]
        out[2 * i + 1] = a[i].origin != b[i].origin
"""
    )
    a = rays(6)
    b = a.copy()
    b[1]["origin"]["z"] = 99
    b[2]["hit"] = True
    b[3]["t"] = -1
    a[4]["origin"]["x"] = b[4]["origin"]["x"] = np.nan
    a[5]["origin"]["x"], b[5]["origin"]["x"] = 0.0, -0.0
    out = np.zeros(12, bool)
    run(source, a, b, out, block=8)
    np.testing.assert_array_equal(out[::2], [True, False, False, False, False, True])
    np.testing.assert_array_equal(out[1::2], [False, True, False, False, True, False])


def test_match_takes_structs_apart(run: Run) -> None:
    source = (
        HEAD
        + """
from enum import IntEnum

class Kind(IntEnum):
    DOT = 0
    LINE = 1

@gpu.struct
class Shape:
    kind: i32
    at: Vec3
    flag: bool = False

@gpu.kernel
def k(shapes: Slice[Shape], out: DisjointSlice[f32]) -> None:
    i = gpu.index_1d()
    if i < len(out):
        match shapes[i]:
            case Shape(flag=True):
                out[i] = -1.0
            case Shape(Kind.DOT, Vec3(x=0.0 | 1.0, y=y)):
                out[i] = 100.0 + y
            case Shape(Kind.DOT, Vec3(_, y, z)) if y > 4.0:
                out[i] = 200.0 + z
            case Shape(Kind.DOT, at) as shape:
                out[i] = 300.0 + at.x + f32(shape.kind)
            case Shape(kind=Kind.LINE | 2 as kind, at=Vec3() as v):
                out[i] = 400.0 + v.z + f32(kind)
            case other:
                out[i] = f32(other.kind)
"""
    )
    shape = np.dtype([("kind", "i4"), ("at", VEC3), ("flag", "?")], align=True)
    rows = [
        (0, (5, 1, 2), True),
        (0, (0, 1, 2), False),
        (0, (1, 3, 2), False),
        (0, (2, 5, 7), False),
        (0, (2, 3, 4), False),
        (1, (2, 3, 4), False),
        (2, (2, 3, 5), False),
        (9, (2, 3, 5), False),
    ]
    out = np.zeros(8, np.float32)
    run(source, np.array(rows, shape), out, block=8)
    np.testing.assert_array_equal(out, [-1, 101, 103, 207, 302, 405, 407, 9])


KINDS: Mapping[str, Any] = {
    **{f"i{8 * size}": f"i{size}" for size in (1, 2, 4, 8)},
    **{f"u{8 * size}": f"u{size}" for size in (1, 2, 4, 8)},
    "f16": "f2",
    "f32": "f4",
    "f64": "f8",
    "bool": "?",
    "bf16": "u2",
}


@pytest.mark.parametrize("name", KINDS)
def test_every_scalar_stands_where_c_puts_it(name: str, run: Run) -> None:
    source = f"""
from oxide_build.gpu import bf16, f16, i8, i16, u8, u16, u64

@gpu.struct
class Inner:
    first: i8
    value: {name}

@gpu.struct
class Outer:
    mark: bool
    inner: Inner
    small: i16
    value: {name}
    last: u8

@gpu.kernel
def k(a: Slice[Outer], b: DisjointSlice[Outer], one: Outer, c: MutSlice[{name}]) -> None:
    i = gpu.index_1d()
    if i < len(a):
        b[i].mark = a[i].mark
        b[i].inner.value = a[i].value
        b[i].value = a[i].inner.value
        whole = a[i]
        b[i].inner.first = whole.inner.first
        b[i].small = whole.small
        b[i].last = whole.last
        c[2 * i] = one.value
        c[2 * i + 1] = one.inner.value
"""
    inner = np.dtype([("first", "i1"), ("value", KINDS[name])], align=True)
    outer = np.dtype(
        [("mark", "?"), ("inner", inner), ("small", "i2"), ("value", KINDS[name]), ("last", "u1")], align=True
    )
    a, b = np.zeros(9, outer), np.zeros(9, outer)
    count = np.arange(9)
    a["mark"], a["small"], a["last"] = count % 2 == 1, -count, 250 - count
    a["inner"]["first"], a["inner"]["value"], a["value"] = -count, count % 2, 1 - count % 2
    if name == "bf16":
        a["inner"]["value"], a["value"] = 0x3F80 + count, 0xC000 + count
    c = np.zeros(18, KINDS[name])
    one = a[1]
    expected_c = [one["value"], one["inner"]["value"]]
    run(source, a, b, one, c, block=16)
    for field in ("mark", "small", "last"):
        np.testing.assert_array_equal(b[field], a[field])
    np.testing.assert_array_equal(b["inner"]["first"], a["inner"]["first"])
    np.testing.assert_array_equal(b["inner"]["value"], a["value"])
    np.testing.assert_array_equal(b["value"], a["inner"]["value"])
    np.testing.assert_array_equal(c.reshape(9, 2), np.array([expected_c] * 9, c.dtype))


def test_threads_write_different_fields_of_one_element(run: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(v: MutSlice[Vec3]) -> None:
    t = gpu.thread_idx.x
    if t % 3 == 0:
        v[t // 3].x = 1.0
    elif t % 3 == 1:
        v[t // 3].y = 2.0
    else:
        v[t // 3].z = 3.0
"""
    )
    v = np.zeros(10, VEC3)
    run(source, v, block=30)
    np.testing.assert_array_equal(v, np.full(10, np.array((1, 2, 3), VEC3)))


def test_an_index_beyond_the_end_stops_the_kernel(simulated: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(v: MutSlice[Vec3], i: i32) -> None:
    v[i].x = 1.0
"""
    )
    with pytest.raises(Exception, match=r"index 3 is out of bounds for extent 3"):
        simulated(source, np.zeros(3, VEC3), 3)


def test_structs_in_tuples_unrolled_loops_and_functions_that_stay_apart(run: Run) -> None:
    source = (
        HEAD
        + """
CORNERS = (Vec3(1.0, 2.0), Vec3(3.0, 4.0, 5.0))

@gpu.device(inline=False)
def turned(v: Vec3, r: Ray) -> tuple[Ray, Vec3, bool]:
    r.origin.x, r.origin.y = v.y, v.x
    return r, v, r.hit

@gpu.kernel
def k(out: MutSlice[Ray], n: i32) -> None:
    total = ORIGIN
    for corner in CORNERS:
        total = add(total, corner)
        total.x += corner.x * 10.0
    out[0].origin = total
    out[1].origin = CORNERS[1]
    a, b = UNIT, CORNERS[0]
    ray, same, hit = turned(b, a)
    out[2] = ray
    out[3].origin = same
    out[3].hit = hit
    while n > 0:
        ray.origin.z *= 2.0
        n -= 1
    out[4] = ray
"""
    )
    out = np.zeros(5, RAY)
    run(source, out, 3)
    expected = np.array(
        [
            ((44, 6, 6), False, 0),
            ((3, 4, 5), False, 0),
            ((2, 1, 1), True, 0.5),
            ((1, 2, 1), True, 0),
            ((2, 1, 8), True, 0.5),
        ],
        RAY,
    )
    np.testing.assert_array_equal(out, expected)


def random_struct(random: np.random.Generator, name: str, inner: str | None) -> tuple[str, list[tuple[str, str]]]:
    """A declaration of up to seven fields of any type, and the fields; one is the inner struct where there is one."""
    types = [str(random.choice([*KINDS])) for _ in range(random.integers(1, 7))]
    if inner is not None:
        types.insert(int(random.integers(0, len(types) + 1)), inner)
    fields = [(f"f{number}", type) for number, type in enumerate(types)]
    lines = "".join(f"    {field}: {type}\n" for field, type in fields)
    return f"@gpu.struct\nclass {name}:\n{lines}\n", fields


@pytest.mark.parametrize("seed", range(8))
def test_random_structs_lie_alike_on_both_sides(seed: int, run: Run) -> None:
    random = np.random.default_rng(seed)
    text, dtypes, paths = "", dict(KINDS), {name: [""] for name in KINDS}
    inner: str | None = None
    for name in ("A", "B", "C"):
        declared, fields = random_struct(random, name, inner)
        text += declared
        dtypes[name] = np.dtype([(field, dtypes[type]) for field, type in fields], align=True)
        paths[name] = [f".{field}{path}" for field, type in fields for path in paths[type]]
        inner = name
    copies = "".join(f"        b[i]{path} = a[len(a) - 1 - i]{path}\n" for path in paths["C"])
    source = f"""
from oxide_build.gpu import bf16, f16, i8, i16, u8, u16, u64

{text}
@gpu.kernel
def k(a: Slice[C], b: MutSlice[C], c: MutSlice[C], d: DisjointSlice[C], one: C) -> None:
    i = gpu.index_1d()
    if i < len(a):
{copies}
        c[i] = a[i]
        d[i] = one
"""
    dtype = np.dtype(dtypes["C"])
    a, b, c, d = (np.zeros(20, dtype) for _ in range(4))
    for path in paths["C"]:
        part = _part(a, path)
        part[...] = random.integers(0, 2 if part.dtype.kind == "b" else 100, 20)
    run(source, a, b, c, d, a[7], block=32)
    for path in paths["C"]:
        for found, expected in ((b, a[::-1]), (c, a), (d, np.full(20, a[7]))):
            np.testing.assert_array_equal(_part(found, path), _part(expected, path))


def _part(array: Any, path: str) -> Any:
    for name in path.split(".")[1:]:
        array = array[name]
    return array


@pytest.mark.gpu
def test_instances_are_arguments_on_the_gpu(tmp_path_factory: pytest.TempPathFactory) -> None:
    torch = pytest.importorskip("torch")
    source = (
        HEAD
        + """
@gpu.kernel
def k(ray: Ray, out: MutSlice[f64]) -> None:
    out[0] = f64(ray.origin.x)
    out[1] = f64(ray.origin.z)
    out[2] = ray.t if ray.hit else -1.0
"""
    )
    kernel = built_kernel(full_source(source), tmp_path_factory.getbasetemp() / "gpu_kernels")
    module = importlib.import_module(kernel.__module__)
    out = torch.zeros(3, dtype=torch.float64, device="cuda")
    kernel[1, 1](module.Ray(module.Vec3(2.0, 3.0), True, t=0.25), out)
    assert out.cpu().tolist() == [2.0, 1.0, 0.25]


@pytest.mark.gpu
def test_arrays_described_by_the_cuda_array_interface_on_the_gpu(tmp_path_factory: pytest.TempPathFactory) -> None:
    torch = pytest.importorskip("torch")
    source = (
        HEAD
        + """
@gpu.kernel
def k(v: MutSlice2D[Vec3]) -> None:
    row, col = gpu.index_2d()
    if row < v.shape[0] and col < v.shape[1]:
        v[row, col].y = f32(10 * row + col)
"""
    )
    kernel = built_kernel(full_source(source), tmp_path_factory.getbasetemp() / "gpu_kernels")
    held = torch.zeros(6 * VEC3.itemsize, dtype=torch.uint8, device="cuda")

    shape = {"shape": (2, 3), "strides": None, "typestr": VEC3.str, "descr": VEC3.descr}
    described = SimpleNamespace(__cuda_array_interface__={**held.__cuda_array_interface__, **shape})
    kernel[1, (4, 4), 0](described)
    torch.cuda.synchronize()
    found = held.cpu().numpy().view(VEC3)
    np.testing.assert_array_equal(found["y"], [0, 1, 2, 10, 11, 12])
    assert not found["x"].any()


def test_dynamic_shared_memory_of_structs_whose_size_divides_nothing(run: Run) -> None:
    source = (
        HEAD
        + """
@gpu.kernel
def k(out: MutSlice[f32]) -> None:
    v = gpu.dynamic_shared_array(Vec3)
    r = gpu.dynamic_shared_array(Ray)
    t = gpu.thread_idx.x
    if t < len(v):
        v[t] = Vec3(f32(t), f32(gpu.block_idx.x), 0.0)
    gpu.sync_threads()
    if t < len(v):
        out[8 * gpu.block_idx.x + t] = v[len(v) - 1 - t].x + 10.0 * v[0].y
    if t == 7:
        out[8 * gpu.block_idx.x + t] = r[0].origin.x + f32(10 * len(r))
"""
    )
    out = np.zeros(24, np.float32)
    run(source, out, grid=3, block=8, shared_memory=40)
    expected = [[10 * block + 2, 10 * block + 1, 10 * block, 0, 0, 0, 0, 10] for block in range(3)]
    np.testing.assert_array_equal(out.reshape(3, 8), expected)
