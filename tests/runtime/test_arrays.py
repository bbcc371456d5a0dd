"""The array protocols: each of them, and everything a kernel cannot take."""

from __future__ import annotations

import ctypes
import gc
import re
import weakref
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from oxide_build.errors import KernelArgumentError
from oxide_build.manifest import Field, Kernel, Kind, Layout, Parameter
from oxide_build.runtime import arrays, dlpack
from oxide_build.runtime.arrays import View

Make = Callable[..., Any]
KERNEL = Kernel("k", "k", ())


def read(value: object, type_name: str = "f32", rank: int = 1, kind: Kind = "slice", stream: int | None = None) -> View:
    return arrays.read_view(KERNEL, Parameter("x", kind, type_name, rank), value, stream)


class Tensor:
    """A tensor that passes for torch's."""

    __module__ = "torch"

    def __init__(self, dtype: str = "float32", device: str = "cuda", strides: tuple[int, ...] = (3, 1)) -> None:
        self.dtype = f"torch.{dtype}"
        self.shape = (2, 3)
        self.device = SimpleNamespace(type=device, index=1)
        self._strides = strides

    def data_ptr(self) -> int:
        return 0x1000

    def is_contiguous(self) -> bool:
        return self._strides == (3, 1)

    def stride(self) -> tuple[int, ...]:
        return self._strides

    def element_size(self) -> int:
        return 4

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        raise RuntimeError("a tensor that requires a gradient has none")


class Parameterised(Tensor):
    """A subclass in somebody's model."""

    __module__ = "model"


class Exported:
    """Something with nothing but DLPack, on GPU 0; `capsule` makes what it exports."""

    def __init__(self, capsule: Callable[..., Any], device: int = dlpack.CUDA) -> None:
        self.capsule, self.device, self.streams = capsule, device, list[Any]()

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device, 0

    def __dlpack__(self, stream: int | None = None, **options: Any) -> Any:
        self.streams.append(stream)
        return self.capsule(**options)


class OldExported(Exported):
    """The same from before version 1 of the protocol."""

    def __dlpack__(self, stream: int | None = None) -> Any:  # type: ignore[override]  # that is what differs
        self.streams.append(stream)
        return self.capsule()


def capsule(name: bytes, structure: ctypes.Structure) -> Any:
    new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
        ("PyCapsule_New", ctypes.pythonapi)
    )
    return new(ctypes.addressof(structure), name, None)


def described(**fields: Any) -> Any:
    values = {"data": 0x1000, "device_type": 2, "device_id": 3, "code": 2, "bits": 32, "lanes": 1, **fields}
    shape = values.pop("shape", (4,))
    values["shape"] = (ctypes.c_int64 * len(shape))(*shape)
    return dlpack._DLTensor(ndim=len(shape), **values)


def test_torch() -> None:
    expected = View(0x1000, (2, 3), "f32", None, False, 1, "torch")
    assert read(Tensor(), rank=2) == expected
    assert read(Parameterised(), rank=2).library == "torch"


@pytest.mark.parametrize(
    ("dtype", "ours"), [("bool", "bool"), ("bfloat16", "bf16"), ("uint16", "u16"), ("int64", "i64"), ("float16", "f16")]
)
def test_torch_types(dtype: str, ours: str) -> None:
    assert read(Tensor(dtype), ours, rank=2).dtype == ours


def test_bits_do_for_bfloat16_and_for_no_other_type() -> None:
    assert read(Tensor("uint16"), "bf16", rank=2).shape == (2, 3)
    with pytest.raises(KernelArgumentError, match="got an array of u16"):
        read(Tensor("uint16"), "f16", rank=2)
    with pytest.raises(KernelArgumentError, match="got an array of bf16"):
        read(Tensor("bfloat16"), "u16", rank=2)


def test_a_torch_tensor_a_kernel_cannot_take() -> None:
    with pytest.raises(KernelArgumentError, match=r"a torch\.Tensor of torch\.float32 in host memory, shape \(2, 3\)"):
        read(SimpleTensor(), rank=2)
    with pytest.raises(KernelArgumentError, match=r"got an array of torch\.complex64"):
        read(Tensor("complex64"), rank=2)
    with pytest.raises(KernelArgumentError, match=r"not contiguous: its strides are \(4, 8\) bytes"):
        read(Tensor(strides=(1, 2)), rank=2)


class SimpleTensor(Tensor):
    """A tensor in host memory, which has no CUDA interface."""

    __module__ = "torch"
    __qualname__ = "Tensor"

    def __init__(self) -> None:
        super().__init__(device="cpu")

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        raise AttributeError


@pytest.mark.parametrize(
    ("typestr", "ours"),
    [("<f4", "f32"), ("<f8", "f64"), ("<f2", "f16"), ("|b1", "bool"), ("|i1", "i8"), ("|u1", "u8"), ("<u8", "u64")],
)
def test_cuda_array_interface(typestr: str, ours: str, make: Make) -> None:
    view = read(make(0x1000, (5,), typestr, strides=None), ours)
    assert (view.pointer, view.shape, view.dtype, view.device) == (0x1000, (5,), ours, None)


@pytest.mark.parametrize(
    ("shape", "strides"),
    [((2, 3), (12, 4)), ((1, 3), (999, 4)), ((2, 1), (4, 999)), ((0, 3), (7, 7)), ((2, 0), (1, 1)), ((1, 1), (5, 5))],
)
def test_contiguous_strides(shape: tuple[int, ...], strides: tuple[int, ...], make: Make) -> None:
    assert read(make(0x1000, shape, strides=strides), rank=2).shape == shape


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ((0x1000, (4,), "<f8"), "got an array of f64\n  help: convert it to f32 first"),
        ((0x1000, (4,), ">f4"), "got an array of >f4"),
        ((0x1000, (4, 1)), r"got an array of shape \(4, 1\)\n  help: reshape it to 1 dimension"),
        ((0x1000, ()), r"got an array of shape \(\)"),
        ((0x1000, (2**31,)), r"got an array of shape \(2147483648,\); indices are i32"),
        ((0, (4,)), r"got an array of shape \(4,\) without memory"),
        ((0x1002, (4,)), "got memory at 0x1002, no multiple of 4 bytes"),
    ],
)
def test_arrays_a_kernel_cannot_take(array: tuple[Any, ...], message: str, make: Make) -> None:
    with pytest.raises(KernelArgumentError, match=rf"k: argument 'x' is Slice\[f32\], {message}"):
        read(make(*array))


@pytest.mark.parametrize("strides", [(8,), (6,), (-4,), (0,)])
def test_strided_arrays_are_refused(strides: tuple[int, ...], make: Make) -> None:
    with pytest.raises(KernelArgumentError, match="not contiguous"):
        read(make(0x1000, (4,), strides=strides))


@pytest.mark.parametrize("kind", ["disjoint", "mut"])
def test_read_only_arrays_cannot_be_written(kind: Kind, make: Make) -> None:
    array = make(0x1000, (4,), read_only=True)
    assert read(array).read_only
    with pytest.raises(KernelArgumentError, match="which the kernel may write, got a read-only array"):
        read(array, kind=kind)


@pytest.mark.parametrize("value", [[1.0], 3.0, None, "x"])
def test_what_is_no_array(value: object) -> None:
    with pytest.raises(KernelArgumentError, match="which is no array on a GPU"):
        read(value)


def test_dlpack_of_numpy_is_read_as_numpy_wrote_it() -> None:
    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    for exported in (Exported(array.__dlpack__), OldExported(array.__dlpack__)):
        view = read(exported, "i16", rank=2, kind="mut")
        assert (view.pointer, view.shape, view.dtype) == (array.ctypes.data, (2, 3), "i16")
    with pytest.raises(KernelArgumentError, match=r"its strides are \(2, 6\) bytes"):
        read(Exported(array.T.__dlpack__), "i16", rank=2)


def test_dlpack_read_only_and_copied_tensors() -> None:
    array = np.arange(4, dtype=np.float32)
    array.flags.writeable = False
    assert read(Exported(array.__dlpack__)).read_only
    copied = dlpack._Versioned(major=1, minor=1, flags=dlpack.COPIED, tensor=described())
    with pytest.raises(KernelArgumentError, match="read-only"):
        read(Exported(lambda **_: capsule(b"dltensor_versioned", copied)), kind="mut")


def test_dlpack_offset_device_and_types() -> None:
    structure = described(byte_offset=64, code=4, bits=16)
    view = read(Exported(lambda **_: capsule(b"dltensor", structure)), "bf16")
    assert (view.pointer, view.device, view.strides) == (0x1040, 3, None)
    vector = described(lanes=4)
    with pytest.raises(KernelArgumentError, match="got an array of f32x4"):
        read(Exported(lambda **_: capsule(b"dltensor", vector)))


def test_dlpack_of_a_later_major_version() -> None:
    later = dlpack._Versioned(major=2, minor=0, tensor=described())
    with pytest.raises(KernelArgumentError, match=r"a DLPack tensor of version 2\.0; version 1 is needed"):
        read(Exported(lambda **_: capsule(b"dltensor_versioned", later)))


def test_dlpack_is_told_the_stream() -> None:
    exported = Exported(lambda **_: capsule(b"dltensor", structure))
    structure = described()
    for stream in (None, 0, 7):
        read(exported, stream=stream)
    assert exported.streams == [None, 1, 7]


def test_dlpack_in_host_memory() -> None:
    with pytest.raises(KernelArgumentError, match="which is no array on a GPU"):
        read(Exported(lambda **_: None, device=1))


def test_dlpack_is_given_back_with_the_view() -> None:
    class Owned(np.ndarray):
        """An array that can be watched."""

    array = np.arange(4, dtype=np.float32).view(Owned)
    watched = weakref.ref(array)
    exported = Exported(array.__dlpack__)
    view = read(exported)
    del array, exported
    gc.collect()
    assert watched() is not None
    assert view.keep is not None
    del view
    gc.collect()
    assert watched() is None


@pytest.mark.parametrize(("alignment", "fits"), [(1, True), (8, True), (16, False)])
def test_the_address_for_vector_accesses_is_checked(alignment: int, fits: bool) -> None:
    part = SimpleNamespace(__cuda_array_interface__={"data": (0x1008, False), "shape": (4,), "typestr": "<f4"})
    parameter = Parameter("x", "mut", "f32", 1, alignment)
    if fits:
        assert arrays.read_view(KERNEL, parameter, part).pointer == 0x1008
        return
    with pytest.raises(KernelArgumentError, match="a multiple of 16, got 0x1008"):
        arrays.read_view(KERNEL, parameter, part)


def test_views_of_four_dimensions() -> None:
    whole = SimpleNamespace(__cuda_array_interface__={"data": (16, False), "shape": (2, 3, 4, 5), "typestr": "<f4"})
    assert read(whole, rank=4).shape == (2, 3, 4, 5)
    with pytest.raises(KernelArgumentError, match=r"is Slice3D\[f32\], got an array of shape \(2, 3, 4, 5\)"):
        read(whole, rank=3)


PARTICLE = np.dtype([("alive", "?"), ("at", [("x", "f4"), ("y", "f4")]), ("mass", "f8")], align=True)
LAYOUT = Layout(
    "Particle",
    24,
    8,
    (
        Field("alive", 0, "bool"),
        Field("at", 4, "Vec2", Layout("Vec2", 8, 4, (Field("x", 0, "f32"), Field("y", 4, "f32")))),
        Field("mass", 16, "f64"),
    ),
)


class Described:
    """An array with nothing but the CUDA array interface."""

    def __init__(self, dtype: Any, shape: tuple[int, ...], pointer: int = 0x1000) -> None:
        dtype = np.dtype(dtype)
        self.__cuda_array_interface__ = {
            "data": (pointer, False),
            "shape": shape,
            "typestr": dtype.str,
            "descr": dtype.descr,
            "version": 3,
        }


def read_structs(value: object, rank: int = 1) -> View:
    return arrays.read_view(KERNEL, Parameter("p", "mut", "Particle", rank, struct=LAYOUT), value)


def test_structured_arrays_are_taken_by_their_description() -> None:
    view = read_structs(Described(PARTICLE, (5,)))
    assert (view.pointer, view.shape) == (0x1000, (5,))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Described(np.dtype(PARTICLE.descr[:1] + PARTICLE.descr[2:]), (5,)), "whose elements are 24 bytes: alive bool"),
        (
            Described(np.dtype([(name, PARTICLE[name]) for name in PARTICLE.names or ()]), (5,)),
            "got elements of 17 bytes: alive bool at 0, at (x f32 at 0, y f32 at 4) at 1, mass f64 at 9",
        ),
        (Described(PARTICLE, (5,), pointer=0x1004), "no multiple of 8 bytes"),
        (Described("f4", (5,)), "got an array of f32"),
        (Described("u1", (240,)), "got an array of u8"),
        (Described([("x", "f4", (2,)), ("when", "M8[ns]")], (5,)), "16 bytes: x f32[2] at 0, when <M8[ns] at 8"),
    ],
)
def test_arrays_that_are_not_these_structs_are_refused(value: object, message: str) -> None:
    with pytest.raises(KernelArgumentError, match=re.escape(message)):
        read_structs(value)


def test_structs_are_no_numbers() -> None:
    with pytest.raises(KernelArgumentError, match="got an array of structs"):
        read(Described(PARTICLE, (5,)))


def test_structs_agree_whatever_their_type_is_called_and_bf16_is_its_bits() -> None:
    dtype = np.dtype([("x", "u2")])
    layout = Layout("Half", 2, 2, (Field("x", 0, "bf16"),))
    view = arrays.read_view(KERNEL, Parameter("p", "mut", "Half", 1, struct=layout), Described(dtype, (3,)))
    assert view.shape == (3,)
