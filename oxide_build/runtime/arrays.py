"""The array protocols: from what a caller passes to a pointer and its extents.

In: a view parameter and an object of torch, CuPy, or any library that speaks
`__cuda_array_interface__` or DLPack. Out: a `View`, checked against the declaration. Its
own room because each protocol says the same five things in its own way, and none of the
libraries may be imported to find out.

Ordering is the caller's: an array must be ready on the stream of the launch, as in CUDA
itself. Only DLPack is told that stream, since its protocol asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from oxide_build import layouts
from oxide_build.errors import KernelArgumentError
from oxide_build.manifest import Kernel, Layout, Parameter
from oxide_build.records import dataclass
from oxide_build.signature import declared_type, largest_extent

_TYPESTRS: Mapping[str, str] = {
    "|b1": "bool",
    **{f"|{kind}1": f"{kind}8" for kind in "iu"},
    **{f"<{kind}{size}": f"{kind}{8 * size}" for kind in "iuf" for size in (2, 4, 8)},
}

_TORCH_TYPES: Mapping[str, str] = {
    "torch.bool": "bool",
    "torch.bfloat16": "bf16",
    **{f"torch.int{bits}": f"i{bits}" for bits in (8, 16, 32, 64)},
    **{f"torch.uint{bits}": f"u{bits}" for bits in (8, 16, 32, 64)},
    **{f"torch.float{bits}": f"f{bits}" for bits in (16, 32, 64)},
}

_SIZES: Mapping[str, int] = {
    name: 1 if name == "bool" else int(name.lstrip("bfiu")) // 8 for name in _TORCH_TYPES.values()
}
"""The bytes of each element type."""

_BIT_PATTERNS = frozenset({("u16", "bf16")})
"""Arrays taken for another type's: not every library has bfloat16, so its bits will do, as in the simulator."""


@dataclass(frozen=True)
class View:
    """An array as a kernel sees it, and as its owner described it.

    `strides` are in bytes, None for a contiguous array. `device` is the GPU's number, None where only the driver
    can tell. `library` is the owner's top-level module; `keep` lives as long as the launch call. `struct` is the layout
    of elements that are structs.
    """

    pointer: int
    shape: tuple[int, ...]
    dtype: str
    strides: tuple[int, ...] | None
    read_only: bool
    device: int | None
    library: str
    keep: object = None
    struct: Layout | None = None


def read_views(kernel: Kernel, values: Sequence[object], stream: int | None) -> dict[str, View]:
    """The kernel's views by parameter name; `stream` is the launch's where the caller named one.

    Raises KernelArgumentError for what is no GPU array, or not one of the declared type.
    """
    pairs = zip(kernel.parameters, values, strict=True)
    return {p.name: read_view(kernel, p, value, stream) for p, value in pairs if p.kind != "scalar"}


def element_type(value: object) -> str | None:
    """The type of an array's elements, asked of whichever protocol it speaks; None for what is no GPU array."""
    views = (read(value, None) for read in _PROTOCOLS)
    return next((view.dtype for view in views if view is not None), None)


def bytes_of(value: object) -> View:
    """A GPU array as bytes, one after the other. Raises KernelArgumentError for what is none, or not contiguous."""
    view = next((view for read in _PROTOCOLS if (view := read(value, None)) is not None), None)
    if view is None:
        raise KernelArgumentError(
            f"gpu.view got {_describe(value)}, which is no array on a GPU", help="give it a GPU array or an address"
        )
    size = view.struct.size if view.struct is not None else _SIZES.get(view.dtype)
    if size is None or (view.strides is not None and not _is_contiguous(view.shape, view.strides, size)):
        raise KernelArgumentError(
            f"gpu.view got an array of {view.dtype}, shape {view.shape}, strides {view.strides}",
            help="give it a contiguous array of numbers, such as one of u8",
        )
    return replace(view, shape=(prod(view.shape) * size,), dtype="u8", strides=None, struct=None)


def read_view(kernel: Kernel, parameter: Parameter, value: Any, stream: int | None = None) -> View:
    """`value` as a view of the declared type. Raises KernelArgumentError."""
    view = next((view for read in _PROTOCOLS if (view := read(value, stream)) is not None), None)
    if view is None:
        raise _unfit(
            kernel,
            parameter,
            f"got {_describe(value)}, which is no array on a GPU",
            f"move it to the GPU first, with torch's .cuda() or cupy.asarray(); {kernel.name}.simulate[grid, block]"
            "(...) takes NumPy arrays and runs on the CPU",
        )
    for problem, remedy in _problems(parameter, view):
        raise _unfit(kernel, parameter, problem, remedy)
    return view


def _unfit(kernel: Kernel, parameter: Parameter, problem: str, remedy: str) -> KernelArgumentError:
    declared = declared_type(parameter)
    return KernelArgumentError(f"{kernel.name}: argument {parameter.name!r} is {declared}, {problem}", help=remedy)


def _describe(value: Any) -> str:
    name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    return name if dtype is None else f"a {name} of {dtype} in host memory, shape {tuple(shape or ())}"


def _problems(parameter: Parameter, view: View) -> Iterator[tuple[str, str]]:
    size, shape = _size(parameter), view.shape
    if parameter.struct is not None or view.struct is not None:
        yield from _struct_problems(parameter, view)
    elif view.dtype != parameter.type and (view.dtype, parameter.type) not in _BIT_PATTERNS:
        yield f"got an array of {view.dtype}", f"convert it to {parameter.type} first; a launch converts no arrays"
    if len(shape) != parameter.rank:
        yield f"got an array of shape {shape}", f"reshape it to {parameter.rank} dimension(s)"
    if view.strides is not None and not _is_contiguous(shape, view.strides, size):
        yield (
            f"got an array of shape {shape} that is not contiguous: its strides are {view.strides} bytes",
            "pass a contiguous copy, from torch's .contiguous() or cupy.ascontiguousarray()",
        )
    if view.read_only and parameter.kind != "slice":
        yield "which the kernel may write, got a read-only array", "pass one that can be written"
    if max(shape, default=0) > largest_extent(parameter):
        remedy = f"pass at most {largest_extent(parameter)} along a dimension, or declare it gpu.Wide[…]"
        yield f"got an array of shape {shape}; indices are i32", remedy
    if view.pointer % parameter.alignment:
        yield (
            f"whose vector accesses need an address that is a multiple of {parameter.alignment}, got {view.pointer:#x}",
            "pass a whole array, not a part of one that starts elsewhere, or a copy of the part",
        )
    if not view.pointer and 0 not in shape:
        yield f"got an array of shape {shape} without memory", "pass one whose memory has not been freed"
    alignment = size if parameter.struct is None else parameter.struct.alignment
    if view.pointer % alignment:
        yield f"got memory at {view.pointer:#x}, no multiple of {alignment} bytes", "pass an aligned copy"


def _struct_problems(parameter: Parameter, view: View) -> Iterator[tuple[str, str]]:
    declared, found = parameter.struct, view.struct
    if declared is None:
        yield "got an array of structs", f"pass an array of {parameter.type}"
    elif found is None:
        yield (
            f"got an array of {view.dtype}",
            f"pass its bytes as what they are: gpu.view(array, {declared.name})",
        )
    elif not layouts.agree(declared, found):
        yield (
            f"whose elements are {layouts.described(declared)}; got elements of {layouts.described(found)}",
            f"make the array with dtype=gpu.dtype({declared.name})",
        )


def _size(parameter: Parameter) -> int:
    return _SIZES[parameter.type] if parameter.struct is None else parameter.struct.size


def _is_contiguous(shape: Sequence[int], strides: Sequence[int], size: int) -> bool:
    expected = size
    for extent, stride in zip(reversed(shape), reversed(strides), strict=True):
        if extent != 1 and stride != expected:
            return 0 in shape
        expected *= extent
    return True


def _library(value: Any) -> str:
    if hasattr(value, "__oxide_owner__"):
        return str(value.__oxide_owner__)
    roots = [cls.__module__.partition(".")[0] for cls in type(value).__mro__]
    return next((root for root in roots if root in ("torch", "cupy")), roots[0])


def _from_torch(value: Any, _: int | None) -> View | None:
    if not hasattr(value, "data_ptr") or getattr(getattr(value, "device", None), "type", None) != "cuda":
        return None
    return View(
        pointer=value.data_ptr(),
        shape=tuple(value.shape),
        dtype=_TORCH_TYPES.get(str(value.dtype), str(value.dtype)),
        strides=None if value.is_contiguous() else tuple(s * value.element_size() for s in value.stride()),
        read_only=False,
        device=value.device.index,
        library=_library(value),
    )


def _from_cuda_array_interface(value: Any, _: int | None) -> View | None:
    described = getattr(value, "__cuda_array_interface__", None)
    if described is None:
        return None
    (pointer, read_only), strides = described["data"], described.get("strides")
    fields, typestr = described.get("descr"), described["typestr"]
    return View(
        pointer=int(pointer or 0),
        shape=tuple(described["shape"]),
        dtype=_TYPESTRS.get(typestr, typestr),
        strides=None if strides is None else tuple(strides),
        read_only=bool(read_only),
        device=None,
        library=_library(value),
        struct=layouts.from_description("", fields, int(typestr[2:])) if fields and typestr[1] == "V" else None,
    )


def _from_dlpack(value: Any, stream: int | None) -> View | None:
    if not hasattr(value, "__dlpack_device__"):
        return None
    from oxide_build.runtime import dlpack  # which few libraries need

    tensor = dlpack.read(value, stream)
    if tensor is None:
        return None
    return View(
        pointer=tensor.pointer,
        shape=tensor.shape,
        dtype=tensor.dtype,
        strides=tensor.strides,
        read_only=tensor.read_only,
        device=tensor.device,
        library=_library(value),
        keep=tensor.keep,
    )


_PROTOCOLS: Sequence[Callable[[Any, int | None], View | None]] = (
    _from_torch,
    _from_cuda_array_interface,
    _from_dlpack,
)
