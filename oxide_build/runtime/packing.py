"""Packing: from views and scalars to the parameters a kernel reads.

In: a kernel's parameters, once, and their values, at each launch. Out: memory laid out as
the driver wants it. Its own room because it is the launch's half of the parameter
convention that manifest.py states and code generation follows.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Iterator, Mapping

from oxide_build import layouts
from oxide_build.manifest import Kernel, Number, Parameter
from oxide_build.records import dataclass
from oxide_build.runtime.arrays import View

POINTER, EXTENT, WIDE_EXTENT = "Q", "i", "q"

SCALARS: Mapping[str, str] = {
    **dict(zip(("i8", "i16", "i32", "i64"), "bhiq", strict=True)),
    **dict(zip(("u8", "u16", "u32", "u64"), "BHIQ", strict=True)),
    **dict(zip(("f16", "f32", "f64"), "efd", strict=True)),
    "bool": "?",
    "bf16": "2s",
}
"""The `struct` code of each scalar type, in native size and alignment."""


@dataclass(frozen=True)
class Arguments:
    """One launch's parameters: `pointers` into `memory`, both to be kept until the driver has been called.

    `address` is where the pointers lie: the driver's `kernelParams`.
    """

    memory: ctypes.Array[ctypes.c_char]
    pointers: ctypes.Array[ctypes.c_void_p]
    address: int


@dataclass(frozen=True)
class Plan:
    """How to pack one kernel's arguments: the parameters' layout, and where in it each starts."""

    parameters: tuple[Parameter, ...]
    layout: struct.Struct
    offsets: tuple[int, ...]

    def pack(self, views: Mapping[str, View], scalars: Mapping[str, Number]) -> Arguments:
        """The arguments as memory; every name of the parameters is in one of the two mappings."""
        buffer = self.buffer()
        self.layout.pack_into(buffer.memory, 0, *self._values(views, scalars))
        return buffer

    def buffer(self) -> Arguments:
        """Memory for the arguments of a launch, all zero."""
        memory = ctypes.create_string_buffer(max(1, self.layout.size))
        start = ctypes.addressof(memory)
        pointers = (ctypes.c_void_p * len(self.offsets))(*(start + offset for offset in self.offsets))
        return Arguments(memory, pointers, ctypes.addressof(pointers))

    def _values(self, views: Mapping[str, View], scalars: Mapping[str, Number]) -> Iterator[Number | bytes]:
        for parameter in self.parameters:
            if parameter.kind != "scalar":
                view = views[parameter.name]
                yield view.pointer
                yield from view.shape
            elif parameter.type == "bf16":
                # Already rounded, so the upper half of the single-precision number is all of it.
                yield struct.pack("<f", scalars[parameter.name])[2:]
            else:
                yield scalars[parameter.name]


def plan(kernel: Kernel) -> Plan:
    """The plan for `kernel`'s parameters; a struct goes as the numbers in it."""
    parameters = tuple(part for parameter in kernel.parameters for part in _parts(parameter))
    layout, offsets = "", []
    for code in (code for parameter in parameters for code in _codes(parameter)):
        layout += code
        offsets.append(struct.calcsize(layout) - struct.calcsize(code))
    return Plan(parameters, struct.Struct(layout), tuple(offsets))


def _parts(parameter: Parameter) -> Iterable[Parameter]:
    return layouts.numbers(parameter) if parameter.kind == "scalar" else (parameter,)


def _codes(parameter: Parameter) -> list[str]:
    if parameter.kind == "scalar":
        return [SCALARS[parameter.type]]
    return [POINTER, *[WIDE_EXTENT if parameter.wide else EXTENT] * parameter.rank]
