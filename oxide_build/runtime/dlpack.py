"""DLPack: reading the tensor inside a capsule.

In: an object with `__dlpack__`. Out: the tensor's pointer, extents and device, or None
when it is not on a CUDA GPU. Its own room because it alone knows the layout of DLPack's C
structures, of version 1 (`dltensor_versioned`) and of those before it (`dltensor`).

The capsule is looked into and never consumed: dropping it hands the tensor back to its
owner, so whoever holds `Tensor.keep` holds the tensor.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

from oxide_build.errors import KernelArgumentError
from oxide_build.records import dataclass

CUDA = 2
VERSION = 1, 0
READ_ONLY, COPIED = 1, 2

_TYPE_KINDS: Mapping[int, str] = {0: "i", 1: "u", 2: "f", 4: "bf", 6: "bool"}


@dataclass(frozen=True)
class Tensor:
    """What a capsule holds: `strides` in bytes, None for a contiguous tensor; `device` is the GPU's number."""

    pointer: int
    shape: tuple[int, ...]
    dtype: str
    strides: tuple[int, ...] | None
    read_only: bool
    device: int
    keep: object


class _DLTensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class _Versioned(ctypes.Structure):
    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", _DLTensor),
    )


# Prototypes of our own: ctypes.pythonapi's functions are shared with everyone else who uses them.
_is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_IsValid", ctypes.pythonapi))
_get_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


def read(value: Any, stream: int | None) -> Tensor | None:
    """The CUDA tensor `value` exports, made ready on `stream`; None when it exports none.

    Raises KernelArgumentError for a capsule of an unknown kind or a later major version.
    """
    place = getattr(value, "__dlpack_device__", None)
    if place is None or int(place()[0]) != CUDA:
        return None
    capsule = _export(value, stream)
    if _is_valid(capsule, b"dltensor_versioned"):
        versioned = _Versioned.from_address(_get_pointer(capsule, b"dltensor_versioned"))
        if versioned.major > VERSION[0]:
            raise KernelArgumentError(
                f"got a DLPack tensor of version {versioned.major}.{versioned.minor}; version {VERSION[0]} is needed",
                help="upgrade oxide-build, or pass an array with __cuda_array_interface__",
            )
        return _tensor(versioned.tensor, bool(versioned.flags & (READ_ONLY | COPIED)), capsule)
    if _is_valid(capsule, b"dltensor"):
        return _tensor(_DLTensor.from_address(_get_pointer(capsule, b"dltensor")), False, capsule)
    raise KernelArgumentError(f"__dlpack__ of {type(value).__name__} gave {capsule!r}, which is no DLPack capsule")


def _export(value: Any, stream: int | None) -> Any:
    # DLPack forbids 0 on CUDA as ambiguous: 1 is the legacy default stream, which 0 means everywhere else.
    ready_on = None if stream is None else stream or 1
    try:
        return value.__dlpack__(stream=ready_on, max_version=VERSION)
    except TypeError:
        return value.__dlpack__(stream=ready_on)


def _tensor(tensor: _DLTensor, read_only: bool, capsule: object) -> Tensor:
    size = tensor.bits * tensor.lanes // 8
    kind = _TYPE_KINDS.get(tensor.code, f"dlpack{tensor.code}_")
    lanes = f"x{tensor.lanes}" if tensor.lanes != 1 else ""
    return Tensor(
        pointer=(tensor.data or 0) + tensor.byte_offset,
        shape=tuple(tensor.shape[: tensor.ndim]),
        dtype=("bool" if kind == "bool" else f"{kind}{tensor.bits}") + lanes,
        strides=tuple(s * size for s in tensor.strides[: tensor.ndim]) if tensor.strides else None,
        read_only=read_only,
        device=tensor.device_id,
        keep=capsule,
    )
