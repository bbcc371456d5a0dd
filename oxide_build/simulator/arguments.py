"""A launch's arguments, checked: NumPy arrays and scalars that fit the kernel's signature.

In: a kernel of the manifest and what the caller passed. Out: one NumPy array or scalar a
parameter, or KernelArgumentError. Its own room because these rules are the simulator's:
a device launch takes device arrays instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from oxide_build.errors import KernelArgumentError
from oxide_build.ir.types import SCALARS
from oxide_build.manifest import Kernel, Parameter
from oxide_build.signature import check_contracts, convert_scalar, declared_type, largest_extent
from oxide_build.simulator.operations import dtype_named, stored_dtype
from oxide_build.simulator.threads import Array


def check_arguments(kernel: Kernel, arguments: Sequence[Any]) -> tuple[Array, ...]:
    """The arguments as arrays and scalars of exactly the declared types; arrays are the caller's, not copies.

    Raises KernelArgumentError, also when a `gpu.require` contract does not hold.
    """
    pairs = list(zip(kernel.parameters, arguments, strict=True))
    checked = tuple(_checked(parameter, argument) for parameter, argument in pairs)
    extents = {p.name: array.shape for p, array in zip(kernel.parameters, checked, strict=True) if p.rank}
    scalars = {p.name: value.item() for p, value in zip(kernel.parameters, checked, strict=True) if not p.rank}
    check_contracts(kernel, extents, scalars)
    return checked


def _checked(parameter: Parameter, argument: Any) -> Array:
    argument = _bit_patterns(argument)
    if parameter.kind == "scalar":
        value: Array = np.asarray(convert_scalar(parameter, argument), dtype_named(parameter.type))[()]
        return value
    for found, remedy in _problems(parameter, argument):
        declared = f"argument {parameter.name!r} is declared {declared_type(parameter)}"
        raise KernelArgumentError(f"{declared}, got {found}", help=remedy)
    return np.asarray(argument)


def _bit_patterns(argument: Any) -> Any:
    """An array of bfloat16, a type other packages give NumPy, as its bits; everything else as it is."""
    bfloat = isinstance(argument, np.ndarray) and argument.dtype.name == "bfloat16"
    return argument.view(np.uint16) if bfloat else argument


def _problems(parameter: Parameter, argument: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with an array, and what to write instead."""
    name, dtype = parameter.name, stored_dtype(SCALARS[parameter.type])
    if not isinstance(argument, np.ndarray):
        yield f"a {type(argument).__qualname__}", f"the simulator takes NumPy arrays: np.asarray({name}, np.{dtype})"
        return
    if argument.dtype != dtype:
        yield f"an array of {argument.dtype}", f"convert it: {name}.astype(np.{dtype})"
    if argument.ndim != parameter.rank:
        yield f"an array of rank {argument.ndim}", f"reshape it to rank {parameter.rank}"
    if not argument.flags.c_contiguous:
        yield "an array that is not C-contiguous", f"copy it: np.ascontiguousarray({name})"
    if parameter.kind != "slice" and not argument.flags.writeable:
        yield "a read-only array, which the kernel writes", f"pass a copy: {name}.copy()"
    if argument.ctypes.data % parameter.alignment:
        yield (
            f"an array at an address that is no multiple of {parameter.alignment}, as vector accesses need it",
            f"pass a whole array, or a copy of the part: {name}.copy()",
        )
    if max(argument.shape, default=0) > largest_extent(parameter):
        most = largest_extent(parameter)
        yield f"an array of shape {argument.shape}", f"indices are i32: no extent may exceed {most} but of gpu.Wide[…]"
