"""`gpu.view`: memory by its address, and other libraries' arrays as arrays of other elements."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxide_build import gpu, runtime
from oxide_build.errors import KernelArgumentError, KernelError
from oxide_build.gpu import f32, f64
from oxide_build.manifest import Kernel, Parameter
from oxide_build.runtime import arrays
from oxide_build.runtime.memory import SCALARS, described, view

Make = Callable[..., Any]


@gpu.struct
class Particle:
    """A struct with room between its fields."""

    alive: bool
    mass: f64


def test_an_address_is_an_array_of_what_it_is_said_to_be(fake: Any) -> None:
    made = gpu.view(0x1000, gpu.f32, (3, 5))
    assert made.__cuda_array_interface__ == {"data": (0x1000, False), "shape": (3, 5), "typestr": "<f4", "version": 3}
    assert (made.address, made.shape, made.dtype, made.device) == (0x1000, (3, 5), "f32", 0)
    assert gpu.view(2**20, gpu.f32, 7).device == 1
    assert repr(made) == "<f32 (3, 5) at 0x1000 on GPU 0>"


@pytest.mark.parametrize("name", SCALARS)
def test_every_scalar_type_is_read_as_such(name: str, fake: Any) -> None:
    made = view(0x1000, SCALARS[name], 4)
    parameter = Parameter("x", "mut", name, 1)
    assert arrays.read_view(Kernel("k", "k", (parameter,)), parameter, made).shape == (4,)
    assert np.dtype(SCALARS[name].typestr).itemsize == SCALARS[name].size


@pytest.mark.parametrize(
    ("element", "bytes", "shape", "found"),
    [(gpu.f32, 240, None, (60,)), (Particle, 240, None, (15,)), (Particle, 240, (5, 3), (5, 3)), (bool, 3, 3, (3,))],
)
def test_an_array_s_bytes_are_seen_anew(
    element: Any, bytes: int, shape: Any, found: tuple[int, ...], fake: Any, make: Make
) -> None:
    owner = make(0x2000, (bytes,), "|u1")
    made = gpu.view(owner, element, shape)
    assert (made.address, made.shape, made.array) == (0x2000, found, owner)


def test_the_elements_of_the_array_do_not_matter_but_their_bytes(fake: Any, make: Make) -> None:
    assert gpu.view(make(0x2000, (4, 6), "<f4"), Particle).shape == (6,)


def test_what_is_read_only_stays_so(fake: Any, make: Make) -> None:
    written = Parameter("x", "mut", "f32", 1)
    for made in (
        gpu.view(make(0x2000, (8,), read_only=True), gpu.f32),
        gpu.view(0x2000, gpu.f32, 8, read_only=True),
    ):
        with pytest.raises(KernelArgumentError, match="got a read-only array"):
            arrays.read_view(Kernel("k", "k", (written,)), written, made)


def test_structs_have_their_fields(fake: Any) -> None:
    assert gpu.view(0x1000, Particle, 5).__cuda_array_interface__["descr"] == gpu.dtype(Particle).descr
    assert view(0x1000, described(gpu.dtype(Particle)), 5).dtype == gpu.view(0x2000, Particle, 6).dtype


def test_an_empty_view_needs_no_memory(fake: Any) -> None:
    assert gpu.view(0, gpu.f32, 0).shape == (0,)


@pytest.mark.parametrize(
    ("make_view", "message"),
    [
        (lambda make: gpu.view(0x1000, gpu.f32), "gpu.view got an address, and no shape"),
        (lambda make: gpu.view(make(0x1000, (241,), "|u1"), Particle), "241 bytes for whole elements of 16 bytes each"),
        (lambda make: gpu.view(make(0x1000, (240,), "|u1"), gpu.f32, (8, 8)), "240 bytes for shape (8, 8) of 4 bytes"),
        (lambda make: gpu.view(make(0x1000, (8, 2), strides=(16, 4)), gpu.f32), "strides (16, 4)"),
        (lambda make: gpu.view(make(0x1000, (8,), "<c8"), gpu.f32), "an array of <c8"),
        (lambda make: gpu.view(np.zeros(240, "u1"), Particle), "a numpy.ndarray of uint8 in host memory"),
        (lambda make: gpu.view("memory", gpu.f32), "got str, which is no array on a GPU"),
    ],
)
def test_what_is_no_such_memory_is_refused(make_view: Any, message: str, fake: Any, make: Make) -> None:
    with pytest.raises(KernelArgumentError, match=re.escape(message)):
        make_view(make)


def test_memory_the_driver_does_not_know(fake: Any) -> None:
    fake.failures["cuPointerGetAttribute"] = 1
    with pytest.raises(KernelArgumentError, match=r"gpu\.view: the memory at 0x1000 is no memory of a GPU"):
        gpu.view(0x1000, gpu.f32, 4)


def test_a_class_that_is_no_element(fake: Any) -> None:
    with pytest.raises(KernelError, match="Path is no struct and no scalar type"):
        gpu.view(0x1000, Path, 4)


def test_a_launch_takes_views_and_asks_for_the_stream(fake: Any, shipped: Path) -> None:
    x, y = gpu.view(0x1000, f32, 8), gpu.view(0x2000, f32, 8)
    runtime.configure("shipped.vector", "saxpy", 1, 32, 5)(2.0, x, y)
    assert fake.launches[0]["values"] == [2.0, 0x1000, 8, 0x2000, 8]
    with pytest.raises(KernelError, match="which stream to launch on is not clear: the arrays are of no library"):
        runtime.configure("shipped.vector", "saxpy", 1, 32)(2.0, x, y)


def test_a_view_of_an_array_is_its_librarys(fake: Any, make: Make, cupy_like: Make) -> None:
    parameter = Parameter("x", "mut", "f32", 1)
    kernel = Kernel("k", "k", (parameter,))
    read = {
        owner: arrays.read_view(kernel, parameter, gpu.view(array(0x1000, (8,)), gpu.f32)).library
        for owner, array in (("cupy", cupy_like), ("conftest", make))
    }
    assert read == {"cupy": "cupy", "conftest": "conftest"}
