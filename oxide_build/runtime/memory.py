"""Memory of a GPU as an array, whoever owns it.

In: an address or another library's array, and what lies there. Out: `Memory`, which launches read faster than any
other array, since all they ask has been found out when it was made. Its own room because kernels take the arrays of
every library, and this is the one of those who have none.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from math import prod
from typing import Any

from oxide_build.errors import KernelArgumentError
from oxide_build.records import dataclass
from oxide_build.runtime import arrays, device


@dataclass(frozen=True)
class Element:
    """What lies in memory: its size in bytes, how `__cuda_array_interface__` puts it, and a name for the two."""

    name: str
    size: int
    typestr: str
    descr: tuple[Any, ...] = ()


SCALARS: Mapping[str, Element] = {
    **{f"{kind}8": Element(f"{kind}8", 1, f"|{kind}1") for kind in "iu"},
    **{
        f"{kind}{8 * size}": Element(f"{kind}{8 * size}", size, f"<{kind}{size}")
        for kind in "iuf"
        for size in (2, 4, 8)
    },
    "bf16": Element("bf16", 2, "<u2"),
    "bool": Element("bool", 1, "|b1"),
}
"""The scalar types by name; of bfloat16, which the interface lacks, the bits."""

NOBODY = "no library"
"""The owner of memory that came as an address."""


class Memory:
    """An array at an address: `device` is the GPU's number, `dtype` the name of its elements' type.

    `mark` is one object for all that a launch need not tell apart: same elements, same owner, as read-only. The owner
    is the library whose current stream counts; plain memory has none. `array` is what the memory is of, to be kept.
    """

    __slots__ = ("__cuda_array_interface__", "__oxide_owner__", "address", "array", "device", "dtype", "mark", "shape")

    def __init__(
        self, address: int, element: Element, shape: tuple[int, ...], ordinal: int, read_only: bool, owner: str
    ) -> None:
        self.address, self.device, self.shape = address, ordinal, shape
        self.dtype, self.__oxide_owner__ = element.name, owner
        self.array: object = None
        self.mark = sys.intern(f"{owner} {element.name} {read_only}")
        self.__cuda_array_interface__ = {
            "data": (address, read_only),
            "shape": shape,
            "typestr": element.typestr,
            "version": 3,
            **({"descr": list(element.descr)} if element.descr else {}),
        }

    def __repr__(self) -> str:
        return f"<{self.dtype} {self.shape} at {self.address:#x} on GPU {self.device}>"


def described(dtype: Any) -> Element:
    """The element of a NumPy dtype; of a structured one, named after its description."""
    return Element(f"{dtype.itemsize} bytes: {dtype.descr}", dtype.itemsize, dtype.str, tuple(dtype.descr))


def view(memory: Any, element: Element, shape: int | tuple[int, ...] | None = None, read_only: bool = False) -> Memory:
    """The array of such elements in a piece of GPU memory. Raises KernelArgumentError."""
    extents = (shape,) if isinstance(shape, int) else shape
    found = _at(memory, element, extents) if isinstance(memory, int) else arrays.bytes_of(memory)
    count, rest = divmod(found.shape[0], element.size)
    if rest or (extents is not None and prod(extents) != count):
        wanted = f"shape {extents} of" if extents is not None else "whole elements of"
        raise KernelArgumentError(
            f"gpu.view got {found.shape[0]} bytes for {wanted} {element.size} bytes each",
            help="give it an array of as many bytes as the view is to have",
        )
    ordinal = _ordinal(found.pointer) if found.device is None else found.device
    made = (count,) if extents is None else extents
    view = Memory(found.pointer, element, made, ordinal, read_only or found.read_only, found.library)
    view.array = memory
    return view


def _at(address: int, element: Element, shape: tuple[int, ...] | None) -> arrays.View:
    """The bytes from an address on."""
    if shape is None:
        raise KernelArgumentError("gpu.view got an address, and no shape", help="write gpu.view(address, type, shape)")
    return arrays.View(address, (prod(shape) * element.size,), "u8", None, False, None, NOBODY)


def _ordinal(address: int) -> int:
    return device.ordinal_at(address, "gpu.view: the memory") if address else device.current_ordinal()
