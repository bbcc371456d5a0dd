"""The memory of the stress benchmark: arrays of one library or another, read and cleared through the driver.

In: a library's name. Out: arrays of zeros, and what they hold; memory of the process and of the GPU. Its own room
because the benchmark proper asks nobody whose arrays it launches over, and a free-threaded Python may have neither
torch nor CuPy.
"""

from __future__ import annotations

import ctypes
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oxide_build.runtime import device

MEGABYTE = 2**20
TYPES = {"f32": ("float32", "<f4", ctypes.c_float), "i32": ("int32", "<i4", ctypes.c_int32)}
"""For each element type: its name at torch and CuPy, its typestr, its C type."""


def done(result: tuple[Any, ...]) -> Any:
    """What a driver call gave. Raises LaunchError, KernelFault."""
    return device.check(result, "stress")


class Memory:
    """The driver's own memory, kept until the process ends."""

    def __init__(self, typestr: str, length: int) -> None:
        pointer = int(done(device.driver().cuMemAlloc(4 * length)))
        shape = (length,)
        self.__cuda_array_interface__ = {"data": (pointer, False), "shape": shape, "typestr": typestr, "version": 3}


def _of_torch(type_name: str, length: int) -> tuple[Any, int]:
    import torch

    array = torch.zeros(length, dtype=getattr(torch, TYPES[type_name][0]), device="cuda")
    return array, array.data_ptr()


def _of_cupy(type_name: str, length: int) -> tuple[Any, int]:
    import cupy

    array = cupy.zeros(length, dtype=TYPES[type_name][0])
    return array, array.data.ptr


def _of_driver(type_name: str, length: int) -> tuple[Any, int]:
    array = Memory(TYPES[type_name][1], length)
    return array, array.__cuda_array_interface__["data"][0]


LIBRARIES: Mapping[str, Callable[[str, int], tuple[Any, int]]] = {
    "torch": _of_torch,
    "cupy": _of_cupy,
    "driver": _of_driver,
}
"""For each library: what makes an array of an element type and a length, and its address."""


def library() -> str:
    """The first of the libraries that is installed."""
    for name in ("torch", "cupy"):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        return name
    return "driver"


@dataclass(frozen=True)
class Held:
    """An array as it is passed to kernels, and where it lies."""

    array: Any
    pointer: int
    type_name: str
    length: int

    @classmethod
    def make(cls, library: str, type_name: str, length: int) -> Held:
        """An array of that library. Its content is not cleared yet."""
        return cls(*LIBRARIES[library](type_name, length), type_name, length)

    def fill(self, bits: int = 0) -> None:
        """Give every element these bits, at once."""
        done(device.driver().cuMemsetD32(self.pointer, bits, self.length))
        done(device.driver().cuStreamSynchronize(0))

    def read(self) -> list[float]:
        """What it holds, once all streams are done."""
        found = (TYPES[self.type_name][2] * self.length)()
        done(device.driver().cuMemcpyDtoH(ctypes.addressof(found), self.pointer, 4 * self.length))
        return list(found)


def host_memory() -> float:
    """Megabytes of memory that this process has resident."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def gpu_memory() -> float:
    """Megabytes of the GPU's memory that are not free."""
    free, total = done(device.driver().cuMemGetInfo())
    return (total - free) / MEGABYTE
