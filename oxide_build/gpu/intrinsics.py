"""What a kernel can ask of the GPU: coordinates, shared memory, the barrier, contracts.

In: nothing on the host. Out: typed, documented names the compiler reads. Its own room
because every kernel needs these; each raises when host code calls it, since only a kernel
has threads.
"""

from __future__ import annotations

from oxide_build.gpu.types import outside_kernel

TYPE_CHECKING = False
if not TYPE_CHECKING:

    def overload(function):
        """`typing.overload` without `typing`."""
        return function

else:
    from collections.abc import Iterator
    from typing import Any, Literal, TypeVar, overload

    from oxide_build.gpu.types import (
        Index1D,
        IndexCol,
        IndexCol3D,
        IndexPlane,
        IndexRow,
        IndexRow3D,
        MutableView,
        MutSlice,
        MutSlice2D,
        MutSlice3D,
        MutSlice4D,
        View,
        i32,
    )

    T = TypeVar("T")
    N = TypeVar("N", bound=float)
    U = TypeVar("U")
    Index = TypeVar("Index")


class Coordinates:
    """Three `i32` of the launch, `x`, `y` and `z`."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def x(self) -> i32:
        """Along the fastest dimension."""
        raise outside_kernel(f"{self._name}.x")

    @property
    def y(self) -> i32:
        """Along the second dimension."""
        raise outside_kernel(f"{self._name}.y")

    @property
    def z(self) -> i32:
        """Along the third dimension."""
        raise outside_kernel(f"{self._name}.z")

    def __repr__(self) -> str:
        return self._name


class Architecture:
    """`gpu.arch` on the host, where it has no value."""

    def _refuse(self, other: object = None) -> int:
        raise outside_kernel("gpu.arch")

    __index__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse


thread_idx = Coordinates("gpu.thread_idx")
"""The thread's place in its block."""

block_idx = Coordinates("gpu.block_idx")
"""The block's place in the grid."""

block_dim = Coordinates("gpu.block_dim")
"""Threads in a block."""

grid_dim = Coordinates("gpu.grid_dim")
"""Blocks in the grid."""


def index_1d() -> Index1D:
    """The thread's own index, `block_idx.x * block_dim.x + thread_idx.x`.

    No other thread has it: a kernel that asks for it refuses launches of more than one dimension.
    """
    raise outside_kernel("gpu.index_1d()")


def index_2d() -> tuple[IndexRow, IndexCol]:
    """The thread's own row (along y) and column (along x).

    No other thread has the pair: a kernel that asks for it refuses three-dimensional launches.
    """
    raise outside_kernel("gpu.index_2d()")


def index_3d() -> tuple[IndexPlane, IndexRow3D, IndexCol3D]:
    """The thread's own plane (along z), row (along y) and column (along x): no other thread has all three."""
    raise outside_kernel("gpu.index_3d()")


def grid_stride(n: int) -> Iterator[Index1D]:
    """The thread's own indices below `n`: from `index_1d()` in steps of the whole grid.

    So a grid of any size covers `n` elements, each by one thread. Where `n` is an i64, as the length of a `gpu.Wide`
    view is, so are the indices.
    """
    raise outside_kernel("gpu.grid_stride()")


@overload
def static_range(stop: int, /) -> Iterator[int]: ...
@overload
def static_range(start: int, stop: int, step: int = 1, /) -> Iterator[int]: ...
def static_range(start: int, stop: int = 0, step: int = 1, /) -> Any:
    """`range` of constants, its loop written out: in each copy of the body the variable is a constant.

    So it can be a shape, an index of a tuple, or what a `gpu.Const` parameter stands for. A function's unrolled
    loops make at most 4096 copies in all.
    """
    raise outside_kernel("gpu.static_range()")


@overload
def unroll(loop: range, copies: int, /) -> Iterator[i32]: ...
@overload
def unroll(loop: Iterator[Index1D], copies: int, /) -> Iterator[Index1D]: ...
def unroll(loop: Any, copies: int, /) -> Iterator[Any]:
    """`for i in gpu.unroll(range(n), 4)`: the same loop, its body repeated `copies` times between two tests.

    The loop is a `range` or a `gpu.grid_stride`. A request to the code generator that changes no result; 1 asks it not
    to unroll a loop it would.
    """
    raise outside_kernel("gpu.unroll()")


@overload
def shared_array(shape: int | tuple[int], dtype: type[T]) -> MutSlice[T]: ...
@overload
def shared_array(shape: tuple[int, int], dtype: type[T]) -> MutSlice2D[T]: ...
@overload
def shared_array(shape: tuple[int, int, int], dtype: type[T]) -> MutSlice3D[T]: ...
@overload
def shared_array(shape: tuple[int, int, int, int], dtype: type[T]) -> MutSlice4D[T]: ...
def shared_array(shape: int | tuple[int, ...], dtype: type[Any]) -> Any:
    """An array the threads of a block share; `shape` is one to four constants, `dtype` a scalar type.

    Its elements start undefined; `sync_threads()` stands between one thread's write and another's read.
    """
    raise outside_kernel("gpu.shared_array()")


def dynamic_shared_array(dtype: type[T]) -> MutSlice[T]:
    """The shared memory that the launch gives each block, `kernel[grid, block, stream, shared_memory]`, in bytes.

    Its length is as many elements as fit. All such arrays of a kernel, of whatever types, are the same bytes: one
    that needs several takes parts of one. Its elements start undefined, as those of `shared_array` do.
    """
    raise outside_kernel("gpu.dynamic_shared_array()")


@overload
def local_array(shape: int | tuple[int], dtype: type[T]) -> MutSlice[T]: ...
@overload
def local_array(shape: tuple[int, int], dtype: type[T]) -> MutSlice2D[T]: ...
@overload
def local_array(shape: tuple[int, int, int], dtype: type[T]) -> MutSlice3D[T]: ...
@overload
def local_array(shape: tuple[int, int, int, int], dtype: type[T]) -> MutSlice4D[T]: ...
def local_array(shape: int | tuple[int, ...], dtype: type[Any]) -> Any:
    """An array of the thread's own; `shape` is one to four constants, `dtype` a scalar type.

    One whose indices the compiler knows stays in registers. Its elements start undefined.
    """
    raise outside_kernel("gpu.local_array()")


@overload
def table(values: tuple[tuple[float, ...], ...], dtype: type[N]) -> tuple[tuple[N, ...], ...]: ...
@overload
def table(values: tuple[float, ...], dtype: type[N]) -> tuple[N, ...]: ...
def table(values: tuple[Any, ...], dtype: type[Any]) -> tuple[Any, ...]:
    """Constants of one type that kernels index: a tuple of numbers, or of rows of them, at module level.

    On the host it is a tuple of typed constants. A plain tuple of literals is a table as well: of `i32`, or of `f32`
    where one of them has a point. Kernels read it from global memory; a constant index is computed away.
    """
    return tuple(table(value, dtype) if isinstance(value, tuple) else dtype(value) for value in values)


@overload
def load_vector(view: View[T, Index], index: Index, width: Literal[2]) -> tuple[T, T]: ...
@overload
def load_vector(view: View[T, Index], index: Index, width: Literal[4]) -> tuple[T, T, T, T]: ...
def load_vector(view: View[Any, Any], index: Any, width: int) -> tuple[Any, ...]:
    """The `width` elements from `index` on along the last dimension, in one access: `a, b = gpu.load_vector(x, i, 2)`.

    `width` is 2, or 4 for types of 4 bytes. The element's place, counted from the array's start, is a multiple of it:
    the kernel stops where it is not, and a launch refuses arrays whose address is not aligned to the whole vector.
    """
    raise outside_kernel("gpu.load_vector()")


@overload
def store_vector(view: MutableView[T, Index], index: Index, values: tuple[T | float, T | float]) -> None: ...
@overload
def store_vector(
    view: MutableView[T, Index], index: Index, values: tuple[T | float, T | float, T | float, T | float]
) -> None: ...
def store_vector(view: MutableView[Any, Any], index: Any, values: tuple[Any, ...]) -> None:
    """Set the elements from `index` on along the last dimension in one access, under `load_vector`'s conditions."""
    raise outside_kernel("gpu.store_vector()")


def sync_threads() -> None:
    """Wait until every thread of the block is here; writes before it are then seen by all of them."""
    raise outside_kernel("gpu.sync_threads()")


if TYPE_CHECKING:
    arch: i32
else:
    arch = Architecture()
"""The target's compute capability times ten, 90 on Hopper: `if gpu.arch >= 90:` is decided for each target.

Both sides must be right; only the one a target takes is compiled for it. The simulator is a 90 unless told.
"""


@overload
def ptx(text: str, results: None, /, *inputs: float) -> None: ...
@overload
def ptx(text: str, results: type[T], /, *inputs: float) -> T: ...
@overload
def ptx(text: str, results: tuple[type[T], type[U]], /, *inputs: float) -> tuple[T, U]: ...
def ptx(text: str, results: Any, /, *inputs: float) -> Any:
    """Inline PTX: `gpu.ptx("add.u32 %0, %1, %2;", u32, a, b)`.

    `%0`, `%1`, … are the results, whose types come first, then the inputs, each in a register of its type: integers of
    16, 32 and 64 bits, `f32`, `f64`. The code stays where it is, executed as often as written, and may touch memory.
    """
    raise outside_kernel("gpu.ptx()")


def require(condition: bool) -> None:
    """A contract over extents and scalars, at the top of a kernel.

    The host checks it at every launch, before the driver is called; the device code takes it as given.
    """
    raise outside_kernel("gpu.require()")
