"""Arrays that pass for torch's and CuPy's, and the streams of both, where neither library is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

OTHER_GPU = 2**20


class DType:
    """A dtype of torch: a singleton with a name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


FLOAT32, FLOAT64, BFLOAT16, UINT16, BOOL = map(DType, ("float32", "float64", "bfloat16", "uint16", "bool"))
SIZES = {FLOAT32: 4, FLOAT64: 8, BFLOAT16: 2, UINT16: 2, BOOL: 1}


class Tensor:
    """A tensor that passes for torch's, memory from 2**20 on being GPU 1's."""

    __module__ = "torch"
    __qualname__ = "Tensor"

    def __init__(
        self, pointer: int, shape: tuple[int, ...], dtype: DType = FLOAT32, strides: tuple[int, ...] | None = None
    ) -> None:
        self.pointer, self.shape, self.dtype, self.strides = pointer, shape, dtype, strides
        self.device = SimpleNamespace(type="cuda", index=int(pointer >= OTHER_GPU))

    def data_ptr(self) -> int:
        return self.pointer

    def get_device(self) -> int:
        return int(self.device.index)

    def is_contiguous(self) -> bool:
        return self.strides is None

    def stride(self) -> tuple[int, ...]:
        return self.strides or ()

    def element_size(self) -> int:
        return SIZES[self.dtype]


class Mine(Tensor):
    """A subclass in somebody's model."""

    __module__ = "model"
    __qualname__ = "Mine"


class ndarray:  # noqa: N801  CuPy's name
    """An array that passes for CuPy's."""

    __module__ = "cupy"
    __qualname__ = "ndarray"

    def __init__(self, pointer: int, shape: tuple[int, ...], dtype: str = "float32") -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.data = SimpleNamespace(ptr=pointer, device_id=int(pointer >= OTHER_GPU))
        self._c_contiguous = True

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {"data": (self.data.ptr, False), "shape": self.shape, "typestr": self.dtype.str, "version": 3}


class Streams:
    """The current streams of both libraries, which tests move."""

    def __init__(self) -> None:
        self.torch, self.cupy = 40, 50
