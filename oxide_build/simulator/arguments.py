"""A launch's arguments, checked: NumPy arrays and scalars that fit the kernel's signature.

In: a kernel of the manifest and what the caller passed. Out: one NumPy array or scalar a
parameter, or KernelArgumentError. Its own room because these rules are the simulator's:
a device launch takes device arrays instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from oxide_build import layouts
from oxide_build.errors import KernelArgumentError
from oxide_build.ir.types import SCALARS
from oxide_build.manifest import Kernel, Layout, Number, Parameter
from oxide_build.signature import check_contracts, convert_scalars, declared_type, largest_extent
from oxide_build.simulator.memory import part_of
from oxide_build.simulator.operations import dtype_named, encoded, stored_dtype
from oxide_build.simulator.threads import Array


def check_arguments(kernel: Kernel, arguments: Sequence[Any]) -> tuple[Array, ...]:
    """The arguments as arrays and scalars of exactly the declared types; arrays are the caller's, not copies.

    Raises KernelArgumentError, also when a `gpu.require` contract does not hold.
    """
    scalars = convert_scalars(kernel, tuple(arguments))
    pairs = zip(kernel.parameters, arguments, strict=True)
    checked = tuple(
        _number(parameter, scalars) if parameter.kind == "scalar" else _checked(parameter, argument)
        for parameter, argument in pairs
    )
    extents = {p.name: array.shape for p, array in zip(kernel.parameters, checked, strict=True) if p.rank}
    check_contracts(kernel, extents, scalars)
    return checked


def _checked(parameter: Parameter, argument: Any) -> Array:
    argument = _bit_patterns(argument)
    for found, remedy in _problems(parameter, argument):
        declared = f"argument {parameter.name!r} is declared {declared_type(parameter)}"
        raise KernelArgumentError(f"{declared}, got {found}", help=remedy)
    return np.asarray(argument)


def _number(parameter: Parameter, scalars: Mapping[str, Number]) -> Array:
    """A scalar, or a struct put together from its scalars."""
    if parameter.struct is None:
        value: Array = np.asarray(scalars[parameter.name], dtype_named(parameter.type))[()]
        return value
    made = np.zeros((), _struct_dtype(parameter.struct))
    for number in layouts.numbers(parameter):
        *path, last = number.name.split(".")[1:]
        bits = np.asarray(scalars[number.name], dtype_named(number.type))
        part_of(made, path)[last] = encoded(SCALARS[number.type], bits)
    struct: Array = made[()]
    return struct


def _struct_dtype(struct: Layout) -> np.dtype[Any]:
    """The NumPy dtype of a struct's elements."""
    types = [_struct_dtype(f.struct) if f.struct is not None else stored_dtype(SCALARS[f.type]) for f in struct.fields]
    names, offsets = [field.name for field in struct.fields], [field.offset for field in struct.fields]
    return np.dtype({"names": names, "formats": types, "offsets": offsets, "itemsize": struct.size})


def _element_dtype(parameter: Parameter) -> np.dtype[Any]:
    return stored_dtype(SCALARS[parameter.type]) if parameter.struct is None else _struct_dtype(parameter.struct)


def _layout_of(dtype: np.dtype[Any]) -> str:
    """An array's elements in words."""
    if dtype.names is None:
        return str(dtype)
    try:
        return layouts.described(layouts.from_description("", dtype.descr, dtype.itemsize))
    except ValueError:
        return str(dtype)


def _bit_patterns(argument: Any) -> Any:
    """An array of bfloat16, a type other packages give NumPy, as its bits; everything else as it is."""
    bfloat = isinstance(argument, np.ndarray) and argument.dtype.name == "bfloat16"
    return argument.view(np.uint16) if bfloat else argument


def _problems(parameter: Parameter, argument: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with an array, and what to write instead."""
    name, dtype, struct = parameter.name, _element_dtype(parameter), parameter.struct
    if not isinstance(argument, np.ndarray):
        wanted = f"np.{dtype}" if struct is None else f"gpu.dtype({struct.name})"
        yield f"a {type(argument).__qualname__}", f"the simulator takes NumPy arrays: np.asarray({name}, {wanted})"
        return
    if argument.dtype != dtype and struct is not None:
        yield (
            f"an array of {_layout_of(argument.dtype)}; it is {layouts.described(struct)}",
            f"make the array with dtype=gpu.dtype({struct.name})",
        )
    elif argument.dtype != dtype:
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
