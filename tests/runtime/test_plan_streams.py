"""Where a launch by plan goes: the stream its arrays' library is on, and the context of their GPU."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import pytest

from oxide_build import gpu
from oxide_build.errors import KernelArgumentError, LaunchError
from oxide_build.manifest import Kernel, Parameter
from oxide_build.runtime import dlpack
from tests.runtime.lookalikes import BFLOAT16, FLOAT64, OTHER_GPU, Streams, Tensor, ndarray
from tests.runtime.planned import SAXPY, Scene, X, Y


def test_the_current_stream_is_asked_for_each_time(way: str, fake: Any, libraries: Streams) -> None:
    scene = Scene(fake, SAXPY)
    for libraries.torch in (40, 41, 0):
        scene.launch(1.0, X, Y, 1)
    assert [launched["stream"] for launched in fake.launches] == [40, 41, 0]


def test_arrays_of_two_libraries_need_a_stream(way: str, fake: Any) -> None:
    args = 1.0, X, ndarray(0x2000, (9,)), 1
    given = Scene(fake, SAXPY, stream=3)
    given.launch(*args)
    assert given.is_planned(*args)
    scene = Scene(fake, SAXPY)
    for _ in range(2):
        with pytest.raises(LaunchError, match="the arrays are of cupy and torch"):
            scene.launch(*args)


def test_views_of_other_librarys_arrays_go_to_their_stream(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    torch = [gpu.view(Tensor(at, (500,)), gpu.f32) for at in (0x1000, 0x2000)]
    cupy = [gpu.view(ndarray(at, (500,)), gpu.f32) for at in (0x1000, 0x2000)]
    plain = [gpu.view(at, gpu.f32, 500) for at in (0x1000, 0x2000)]
    for arrays, stream in ((torch, 40), (cupy, 50)):
        assert not scene.is_planned(2.5, *arrays, 7)
        assert scene.is_planned(2.5, *arrays, 7)
        assert scene.same(2.5, *arrays, 7)["stream"] == stream
    assert "which stream to launch on is not clear" in scene.same(2.5, *plain, 7)[1]


def test_the_callers_context_stays(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    there = 1.0, Tensor(OTHER_GPU, (4,)), Tensor(OTHER_GPU, (4,)), 1
    for args in (there, (1.0, X, Y, 1), there, there):
        scene.launch(*args)
    assert [launched["context"] for launched in fake.launches] == [2, 1, 2, 2]
    assert fake.contexts == [1]
    fake.contexts[:] = []
    scene.launch(1.0, X, Y, 1)
    assert fake.launches[-1]["context"] == 1
    assert fake.contexts == []


BROKEN = 0xB000


class Exchange:
    """`__dlpack_c_exchange_api__` of tensors, and how often it was asked; see dlpack.h 1.3."""

    def __init__(self) -> None:
        self.read, self.major = 0, 1

    def capsule(self) -> Any:
        """The capsule, whose functions look into a `Tensor`."""
        pointer, integer = ctypes.c_void_p, ctypes.c_int
        reads = ctypes.CFUNCTYPE(integer, ctypes.py_object, ctypes.POINTER(dlpack._DLTensor))(self._read)
        streams = ctypes.CFUNCTYPE(integer, ctypes.c_int32, ctypes.c_int32, ctypes.POINTER(pointer))(self._stream)
        addresses = [ctypes.cast(function, pointer).value for function in (reads, streams)]
        api = (ctypes.c_uint64 * 7)(self.major, 0, 0, 0, 0, *addresses)
        new = ctypes.PYFUNCTYPE(ctypes.py_object, pointer, ctypes.c_char_p, pointer)(
            ("PyCapsule_New", ctypes.pythonapi)
        )
        self.keep = reads, streams, api
        return new(ctypes.addressof(api), b"dlpack_exchange_api", None)

    def _read(self, tensor: Tensor, found: Any) -> int:
        if tensor.pointer == BROKEN:
            return -1
        self.read += 1
        strides = tensor.strides or [math.prod(tensor.shape[place + 1 :]) for place in range(len(tensor.shape))]
        self.extents = [(ctypes.c_int64 * len(tensor.shape))(*numbers) for numbers in (tensor.shape, strides)]
        made = found.contents
        made.data, made.device_type, made.device_id = tensor.pointer, dlpack.CUDA, tensor.get_device()
        made.ndim, made.lanes, made.byte_offset = len(tensor.shape), 1, 0
        made.code, made.bits = {"f": 2, "b": 4, "u": 1}[tensor.dtype.name[0]], 8 * tensor.element_size()
        made.shape, made.strides = self.extents
        return 0

    def _stream(self, kind: int, ordinal: int, found: Any) -> int:
        assert kind == dlpack.CUDA
        found[0] = 60 + ordinal
        return 0


@pytest.mark.parametrize("way", ["compiled"], indirect=True)
def test_tensors_are_read_by_the_exchange_of_dlpack(way: str, fake: Any, monkeypatch: Any) -> None:
    exchange = Exchange()
    monkeypatch.setattr(Tensor, "__dlpack_c_exchange_api__", exchange.capsule(), raising=False)
    parameters = Parameter("x", "slice", "f32", 1), Parameter("y", "mut", "bf16", 2, wide=True)
    scene = Scene(fake, Kernel("k", "k", parameters))
    x, y = Tensor(0x1000, (5,)), Tensor(0x2000, (2**33, 3), BFLOAT16)
    scene.launch(x, y)
    assert scene.is_planned(x, y)
    assert exchange.read == 2
    assert fake.launches[-1]["values"] == [0x1000, 5, 0x2000, 2**33, 3]
    assert fake.launches[-1]["stream"] == 60
    for strange in (
        Tensor(0x1000, (5, 1)),
        Tensor(0x1000, (5,), FLOAT64),
        Tensor(0x1000, (5,), strides=(2,)),
        Tensor(0x1002, (5,)),
        Tensor(0, (5,)),
        Tensor(OTHER_GPU, (5,)),
    ):
        assert scene.same(strange, y)[0] is KernelArgumentError
    scene.launch(Tensor(BROKEN, (5,)), y)
    assert fake.launches[-1]["stream"] == 40
    assert scene.is_planned(Tensor(0x1000, (1,), strides=(7,)), y)


@pytest.mark.parametrize("way", ["compiled"], indirect=True)
def test_an_exchange_of_another_version_is_not_asked(way: str, fake: Any, monkeypatch: Any) -> None:
    exchange = Exchange()
    exchange.major = 2
    monkeypatch.setattr(Tensor, "__dlpack_c_exchange_api__", exchange.capsule(), raising=False)
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    assert scene.is_planned(1.0, X, Y, 1)
    assert exchange.read == 0
