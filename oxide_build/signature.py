"""What a call of a kernel must look like: grid and block, arguments, scalars, contracts.

In: a kernel of the manifest and what the caller wrote. Out: the same in the one form
launch and simulator work with, or an error that says what to write instead. Its own room
because both ways of running a kernel must accept and refuse exactly the same calls.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from oxide_build import layouts
from oxide_build.errors import KernelArgumentError, LaunchError
from oxide_build.manifest import Contract, Expression, Kernel, Layout, Number, Parameter, evaluate, variant_words

Dims: TypeAlias = tuple[int, int, int]

AXES = "xyz"
GRID_LIMITS: Dims = (2**31 - 1, 65535, 65535)
BLOCK_LIMITS: Dims = (1024, 1024, 64)
THREADS_A_BLOCK = 1024
LARGEST_INDEX = 2**31 - 1

VIEW_NAMES: Mapping[str, str] = {"slice": "Slice", "disjoint": "DisjointSlice", "mut": "MutSlice"}

INTEGER_RANGES: Mapping[str, tuple[int, int]] = {
    **{f"i{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}

LARGEST_FLOATS: Mapping[str, float] = {
    "f16": 65504.0,
    "bf16": 2.0**128 - 2.0**120,
    "f32": 2.0**128 - 2.0**104,
    "f64": float.fromhex("0x1.fffffffffffffp+1023"),
}


def describe(kernel: Kernel) -> str:
    """The kernel as declared: `saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32])`."""
    return f"{kernel.name}({', '.join(f'{p.name}: {declared_type(p)}' for p in kernel.parameters)})"


def declared_type(parameter: Parameter) -> str:
    """A parameter's type as authors write it: `f32`, `Slice2D[f32]`."""
    if parameter.kind == "scalar":
        return parameter.type
    rank = "" if parameter.rank == 1 else f"{parameter.rank}D"
    name = f"{VIEW_NAMES[parameter.kind]}{rank}[{parameter.type}]"
    return f"Wide[{name}]" if parameter.wide else name


def largest_extent(parameter: Parameter) -> int:
    """The most elements an array may have along a dimension."""
    return 2**63 - 1 if parameter.wide else LARGEST_INDEX


def normalize(dims: object, what: str) -> Dims:
    """`dims` (an int, or one to three of them) as (x, y, z); `what` is "grid" or "block".

    Raises LaunchError when it is anything else, or an extent is not positive.
    """
    sizes = _integers(dims if isinstance(dims, (tuple, list)) else (dims,))
    if sizes is None or not 1 <= len(sizes) <= 3:
        raise LaunchError(
            f"{what} is {dims!r}, which is neither an integer nor a tuple of up to three",
            help=f"write {what} as 128, (16, 16) or (8, 8, 4)",
        )
    if min(sizes) < 1:
        raise LaunchError(
            f"{what} is {dims!r}, every extent of it must be at least 1",
            help="do not launch when there is no work; kernel.forall(n) sees to that by itself",
        )
    x, y, z = (*sizes, 1, 1)[:3]
    return x, y, z


def _integers(values: tuple[Any, ...] | list[Any]) -> tuple[int, ...] | None:
    try:
        return tuple(map(operator.index, values))
    except TypeError:
        return None


def check_geometry(kernel: Kernel, grid: Dims, block: Dims) -> None:
    """Raise LaunchError unless `grid` blocks of `block` threads can run this kernel on any GPU."""
    for message, remedy in _geometry_problems(kernel, grid, block):
        raise LaunchError(f"{kernel.name}: {message}", help=remedy)


def _geometry_problems(kernel: Kernel, grid: Dims, block: Dims) -> Iterator[tuple[str, str]]:
    if kernel.block not in (None, block):
        variant = f" with {variant_words(kernel.variant)}" if kernel.variant else ""
        yield f"block is {block}, the kernel is written for {kernel.block}{variant}", f"write block={kernel.block}"
    for what, sizes, limits in (("grid", grid, GRID_LIMITS), ("block", block, BLOCK_LIMITS)):
        for axis, size, limit in zip(AXES, sizes, limits, strict=True):
            if size > limit:
                yield f"{what} is {sizes}, GPUs take at most {limit} along {axis}", f"make {what}.{axis} smaller"
    if any(size % blocks for size, blocks in zip(grid, kernel.cluster or (1, 1, 1), strict=True)):
        yield f"grid is {grid}, which is not made of whole clusters of {kernel.cluster} blocks", "make it a multiple"
    threads = block[0] * block[1] * block[2]
    if kernel.max_threads is not None and threads > kernel.max_threads:
        allowed = f"the kernel is compiled for at most {kernel.max_threads}"
        yield f"block is {block}: {threads} threads, {allowed}", "make the block smaller, or raise max_threads"
    if threads > THREADS_A_BLOCK:
        yield f"block is {block}: {threads} threads", f"GPUs take at most {THREADS_A_BLOCK} threads a block"
    along = [blocks * size for blocks, size in zip(grid, block, strict=True)]
    if kernel.index_dims and any(count > 1 for count in along[kernel.index_dims :]):
        yield (
            f"grid {grid} with block {block} has more than {kernel.index_dims} dimension(s), and the kernel relies "
            "on the uniqueness of the thread's own index",
            f"launch it with grid and block of {kernel.index_dims} dimension(s)",
        )
    for axis, count in zip(AXES, along, strict=True):
        if count > LARGEST_INDEX:
            yield f"{count} threads along {axis}; indices are i32", "launch fewer, and loop with gpu.grid_stride(n)"


def check_shared_memory(kernel: Kernel, size: object) -> None:
    """Raise LaunchError unless `size` can be a number of bytes of dynamic shared memory."""
    if not isinstance(size, int) or size < 0:
        raise LaunchError(f"{kernel.name}: shared_memory is {size!r}", help="give it in bytes, as an int from 0")


def bind(kernel: Kernel, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """The call's arguments in declared order.

    Raises KernelArgumentError when there are missing, surplus, unknown or doubled ones, and names them all.
    """
    return bind_names(kernel.name, [p.name for p in kernel.parameters], lambda: describe(kernel), args, kwargs)


def bind_names(
    kernel: str,
    names: list[str],
    declaration: Callable[[], str],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[Any, ...]:
    """The arguments for these parameters in order; `defaults` stand for what is missing. Raises as `bind` does."""
    by_name = names[len(args) :]
    if len(args) + len(kwargs) == len(names) and all(map(kwargs.__contains__, by_name)):
        return (*args, *map(kwargs.__getitem__, by_name))  # nothing missing, so nothing doubled or unknown either
    bound = dict(zip(names, args, strict=False))
    problems = [*_surplus(names, args, kwargs, bound)]
    missing = [name for name in names if name not in bound and name not in kwargs and name not in defaults]
    if missing:
        problems.append(f"missing {_quoted(missing)}")
    if problems:
        raise KernelArgumentError(f"{kernel}: {'; '.join(problems)}", help=f"it is declared {declaration()}")
    bound.update(kwargs)
    return tuple(bound[name] if name in bound else defaults[name] for name in names)


def _surplus(
    names: list[str], args: tuple[Any, ...], kwargs: Mapping[str, Any], bound: Mapping[str, Any]
) -> Iterator[str]:
    if len(args) > len(names):
        yield f"takes {len(names)} argument{'s' * (len(names) != 1)}, got {len(args)}"
    for name in kwargs:
        if name in bound:
            yield f"{name!r} given twice"
        elif name not in names:
            yield f"unknown {name!r}{_suggestion(name, names)}"


def _suggestion(name: str, names: list[str]) -> str:
    import difflib  # a millisecond, which only a wrong call pays

    near = difflib.get_close_matches(name, names, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _quoted(names: list[str]) -> str:
    return ", ".join(map(repr, names))


def convert_scalars(kernel: Kernel, given: tuple[Any, ...]) -> dict[str, Number]:
    """The numbers a kernel gets, by the names of its scalars: `n`, and `p.origin.x` for those in a struct.

    Raises KernelArgumentError as `convert_scalar` does.
    """
    numbers: dict[str, Number] = {}
    for parameter, value in zip(kernel.parameters, given, strict=True):
        if parameter.struct is None and parameter.kind == "scalar":
            numbers[parameter.name] = convert_scalar(parameter, value)
        elif parameter.struct is not None and parameter.kind == "scalar":
            numbers.update(_numbers(parameter, parameter.struct, value))
    return numbers


def _numbers(parameter: Parameter, struct: Layout, value: Any) -> Iterator[tuple[str, Number]]:
    try:
        parts = [*layouts.values(struct, value)]
    except ValueError as error:
        fields = ", ".join(field.name for field in struct.fields)
        raise KernelArgumentError(
            f"argument {parameter.name!r} is declared {parameter.type}, got {error}",
            help=f"pass {parameter.type}({fields}), or an element of a NumPy structured array with these fields",
        ) from None
    for scalar, part in zip(layouts.numbers(parameter), parts, strict=True):
        yield scalar.name, convert_scalar(scalar, part)


def quoted_values(values: Sequence[str]) -> str:
    """`f32`, `f32 or f64`, `64, 128 or 256`."""
    *most, last = values
    return f"{', '.join(most)} or {last}" if most else last


def convert_scalar(parameter: Parameter, value: object) -> Number:
    """`value` as exactly the number the kernel gets: an int in range, a rounded float, or a bool.

    Takes Python's and NumPy's numbers. Raises KernelArgumentError for another kind of value, or one out of range.
    """
    if parameter.type == "bool":
        return _boolean(parameter, value)
    if _is_boolean(value) or getattr(value, "shape", ()) != ():
        raise _unfit(parameter, value)
    return _integer(parameter, value) if parameter.type in INTEGER_RANGES else _float(parameter, value)


def _boolean(parameter: Parameter, value: object) -> bool:
    if not _is_boolean(value):
        raise _unfit(parameter, value)
    return bool(value)


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool) or (type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"))


def _integer(parameter: Parameter, value: object) -> int:
    numbers = _integers((value,))
    if numbers is None:
        raise _unfit(parameter, value)
    lowest, highest = INTEGER_RANGES[parameter.type]
    if not lowest <= numbers[0] <= highest:
        raise _unfit(parameter, value, f"which holds {lowest} to {highest}, ")
    return numbers[0]


def _float(parameter: Parameter, value: object) -> float:
    if not hasattr(value, "__float__") or "complex" in type(value).__name__:
        raise _unfit(parameter, value)
    largest = LARGEST_FLOATS[parameter.type]
    try:
        number = float(value)
    except OverflowError:
        raise _unfit(parameter, value, f"which holds at most {largest:.4g}, ") from None
    if largest < abs(number) != float("inf"):
        raise _unfit(parameter, value, f"which holds at most {largest:.4g}, ")
    return rounded(parameter.type, number)


def rounded(type_name: str, number: float) -> float:
    """`number`, finite in that type or not finite at all, as the nearest `f16`, `bf16`, `f32` or `f64`."""
    code = {"f16": "e", "bf16": "f", "f32": "f"}.get(type_name, "d")
    result: float = struct.unpack(code, struct.pack(code, number))[0]
    if type_name != "bf16" or result != result:
        return result
    bits = struct.unpack("I", struct.pack("f", result))[0]
    to_even = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    nearest: float = struct.unpack("f", struct.pack("I", to_even))[0]
    return nearest


def _unfit(parameter: Parameter, value: object, limits: str = "") -> KernelArgumentError:
    wanted = "True or False" if parameter.type == "bool" else "a number in range, converted by int() or float()"
    return KernelArgumentError(
        f"argument {parameter.name!r} is declared {parameter.type}, {limits}got {value!r} ({type(value).__name__})",
        help=f"pass {wanted}",
    )


def check_contracts(kernel: Kernel, extents: Mapping[str, tuple[int, ...]], scalars: Mapping[str, Number]) -> None:
    """Raise KernelArgumentError for the first `gpu.require` that these extents and scalars break."""
    for contract in kernel.contracts:
        if not _holds(contract, extents, scalars):
            values = dict.fromkeys(_values(contract.expression, extents, scalars))
            found = ", ".join(filter(None, [*values, variant_words(kernel.variant)]))
            raise KernelArgumentError(
                f"{kernel.name} requires {contract.text}" + (f", found {found}" if found else ""),
                help=f"this is the contract in line {contract.line} of the kernel's source",
            )


def _holds(contract: Contract, extents: Mapping[str, tuple[int, ...]], scalars: Mapping[str, Number]) -> bool:
    try:
        return bool(evaluate(contract.expression, lambda name, dim: extents[name][dim], scalars.__getitem__))
    except ZeroDivisionError:
        return False


def _values(
    expression: Expression, extents: Mapping[str, tuple[int, ...]], scalars: Mapping[str, Number]
) -> Iterator[str]:
    head, *rest = expression
    if head == "scalar":
        yield f"{rest[0]} = {scalars[rest[0]]}"
    elif head == "extent":
        name, dim = rest
        yield f"{name}.shape[{dim}] = {extents[name][dim]}" if dim else f"len({name}) = {extents[name][0]}"
    elif head != "constant":
        for operand in rest:
            yield from _values(operand, extents, scalars)
