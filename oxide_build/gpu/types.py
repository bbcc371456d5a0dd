"""The types kernel authors write: scalars, views over arrays, thread-index witnesses.

In: nothing. Out: names that a type checker understands, that give typed constants when
called on the host, and that the compiler reads from source. Its own room because it is
the vocabulary every kernel file imports: it loads no other module, so that importing a
package with kernels stays cheap.

To a type checker the scalars are `int` and `float`, so that it takes what the language
takes: `total: f64 = 0.0`, `0.5 * x`, `return 0`, `i32` beside `i64`, the functions of `math`.
Which widths meet is the compiler's to check; views and thread indices are types of their own.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Annotated, Any, Generic, TypeAlias, TypeVar, overload

    from typing_extensions import Self

    from oxide_build.errors import KernelError

    T = TypeVar("T")
    Index = TypeVar("Index")
    Row = TypeVar("Row")

    Const: TypeAlias = Annotated[T, "compile-time"]
    Wide: TypeAlias = Annotated[T, "64-bit extents"]
else:
    T = Index = Row = None

    class Const:
        """A device function's parameter known at compile time: `gpu.Const[int]`, `gpu.Const[Callable[…, f32]]`.

        The function is compiled once for each constant, or function, that calls give it.
        """

        def __class_getitem__(cls, parameter):
            return type(list[int])(cls, parameter)

    class Wide:
        """A view whose extents may exceed 2**31 - 1: `gpu.Wide[Slice[f32]]`. They, and its indices, are i64."""

        def __class_getitem__(cls, view):
            return type(list[int])(cls, view)

    class Generic:
        """`typing.Generic` without `typing`, whose import costs more than all of ours."""

        def __class_getitem__(cls, parameter):
            return type(list[int])(cls, parameter)


def outside_kernel(name: str) -> KernelError:
    """The error for host code that calls `name`, which only a kernel can."""
    from oxide_build.errors import KernelError

    return KernelError(
        f"{name} means something only inside a kernel",
        help="launch the kernel with kernel[grid, block](...), or run it on the CPU with "
        "kernel.simulate[grid, block](...)",
    )


class Integer(int):
    """An integer of fixed width; on the host a range-checked constant."""

    lowest: int
    highest: int

    def __new__(cls, value: float = 0, /) -> Self:
        """`value` as a constant, truncated towards zero; OverflowError when it does not fit."""
        number = int(value)
        if not cls.lowest <= number <= cls.highest:
            raise OverflowError(f"{cls.__name__} holds {cls.lowest} to {cls.highest}, got {value!r}")
        return super().__new__(cls, number)


class Float(float):
    """A floating-point number of fixed width; on the host a Python float, rounded when it reaches a kernel."""


if TYPE_CHECKING:
    # Literals are weak and numbers widen, which no subclass of `int` or `float` says: the compiler tells widths apart.
    i8: TypeAlias = int
    """A signed 8-bit integer."""
    i16: TypeAlias = int
    """A signed 16-bit integer."""
    i32: TypeAlias = int
    """A signed 32-bit integer: the type of indices, extents and thread coordinates."""
    i64: TypeAlias = int
    """A signed 64-bit integer."""
    u8: TypeAlias = int
    """An unsigned 8-bit integer."""
    u16: TypeAlias = int
    """An unsigned 16-bit integer."""
    u32: TypeAlias = int
    """An unsigned 32-bit integer."""
    u64: TypeAlias = int
    """An unsigned 64-bit integer."""
    f16: TypeAlias = float
    """An IEEE half-precision number."""
    bf16: TypeAlias = float
    """A bfloat16 number: single precision's range with 8 significant bits."""
    f32: TypeAlias = float
    """An IEEE single-precision number."""
    f64: TypeAlias = float
    """An IEEE double-precision number."""
else:

    class i8(Integer):
        """A signed 8-bit integer."""

        lowest, highest = -(2**7), 2**7 - 1

    class i16(Integer):
        """A signed 16-bit integer."""

        lowest, highest = -(2**15), 2**15 - 1

    class i32(Integer):
        """A signed 32-bit integer: the type of indices, extents and thread coordinates."""

        lowest, highest = -(2**31), 2**31 - 1

    class i64(Integer):
        """A signed 64-bit integer."""

        lowest, highest = -(2**63), 2**63 - 1

    class u8(Integer):
        """An unsigned 8-bit integer."""

        lowest, highest = 0, 2**8 - 1

    class u16(Integer):
        """An unsigned 16-bit integer."""

        lowest, highest = 0, 2**16 - 1

    class u32(Integer):
        """An unsigned 32-bit integer."""

        lowest, highest = 0, 2**32 - 1

    class u64(Integer):
        """An unsigned 64-bit integer."""

        lowest, highest = 0, 2**64 - 1

    class f16(Float):
        """An IEEE half-precision number."""

    class bf16(Float):
        """A bfloat16 number: single precision's range with 8 significant bits."""

    class f32(Float):
        """An IEEE single-precision number."""

    class f64(Float):
        """An IEEE double-precision number."""


class ThreadIndex(i32):
    """A witness: an index no other thread of the launch has; arithmetic with it gives a number like any other."""


class Index1D(ThreadIndex):
    """The thread's own index in a one-dimensional launch."""


class IndexRow(ThreadIndex):
    """The thread's own row in a two-dimensional launch."""


class IndexCol(ThreadIndex):
    """The thread's own column in a two-dimensional launch."""


class IndexPlane(ThreadIndex):
    """The thread's own plane in a three-dimensional launch."""


class IndexRow3D(ThreadIndex):
    """The thread's own row in a three-dimensional launch; rows alone repeat in every plane."""


class IndexCol3D(ThreadIndex):
    """The thread's own column in a three-dimensional launch."""


class View(Generic[T, Index]):
    """A pointer and its extents, row-major and contiguous; every index is checked against them."""

    def __init__(self) -> None:
        raise outside_kernel(type(self).__name__)

    def __len__(self) -> int:
        """The extent of the first dimension."""
        raise outside_kernel("len() of a view")

    @property
    def shape(self) -> tuple[i32, ...]:
        """The extents, slowest dimension first."""
        raise outside_kernel("the shape of a view")

    @property
    def dtype(self) -> type[T]:
        """The type of the elements: `x.dtype(0)`, `gpu.shared_array(64, x.dtype)`. A generic kernel's may be any."""
        raise outside_kernel("the element type of a view")

    @property
    def unchecked(self) -> Self:
        """The same array without bounds checks: `x.unchecked[i]`. What a wrong index meets on a GPU is undefined.

        The simulator still checks it, and stops there.
        """
        raise outside_kernel("unchecked access to a view")

    def __getitem__(self, index: Index, /) -> T:
        """The element at `index`; the kernel stops there when it is out of bounds."""
        raise outside_kernel("indexing a view")


class WritableView(View[T, Index]):
    """A view whose elements can be set; a value of another float type is converted as literals are."""

    def __setitem__(self, index: Index, value: T | float, /) -> None:
        """Set the element at `index`; the kernel stops there when it is out of bounds."""
        raise outside_kernel("writing to a view")


class MutableView(WritableView[T, Index]):
    """Plain GPU memory: any thread may read and write anywhere; races are the author's to rule out."""


class Rows(View[T, Index], Generic[T, Index, Row]):
    """A view of several dimensions: all indices give an element, the first alone the view of what lies there."""

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: Index, /) -> T: ...
        @overload
        def __getitem__(self, index: int, /) -> Row: ...
        def __getitem__(self, index: Any, /) -> Any:
            """The element at all indices, or the row at one: `a[i, j]` is `a[i][j]`."""


class MutableRows(MutableView[T, Index], Generic[T, Index, Row]):
    """`Rows` that can be written."""

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: Index, /) -> T: ...
        @overload
        def __getitem__(self, index: int, /) -> Row: ...
        def __getitem__(self, index: Any, /) -> Any:
            """The element at all indices, or the row at one: `a[i, j]` is `a[i][j]`."""


class Slice(View[T, int]):
    """A read-only view of one dimension."""


class Slice2D(Rows[T, tuple[int, int], Slice[T]]):
    """A read-only view of two dimensions; `a[i]` is a row, a `Slice`."""


class Slice3D(Rows[T, tuple[int, int, int], Slice2D[T]]):
    """A read-only view of three dimensions; `a[i]` is a plane, a `Slice2D`."""


class Slice4D(Rows[T, tuple[int, int, int, int], Slice3D[T]]):
    """A read-only view of four dimensions; `a[i]` is a `Slice3D`."""


class DisjointSlice(WritableView[T, ThreadIndex]):
    """A view each thread reads and writes at its own index only: free of races by construction."""


class DisjointSlice2D(WritableView[T, tuple[IndexRow, IndexCol]]):
    """A view of two dimensions that each thread reads and writes at its own row and column only."""


class DisjointSlice3D(WritableView[T, tuple[IndexPlane, IndexRow3D, IndexCol3D]]):
    """A view of three dimensions that each thread reads and writes at its own plane, row and column only."""


class MutSlice(MutableView[T, int], Slice[T]):
    """A view of one dimension that any thread may read and write anywhere."""


class MutSlice2D(MutableRows[T, tuple[int, int], MutSlice[T]], Slice2D[T]):
    """A view of two dimensions that any thread may read and write anywhere; `a[i]` is a row, a `MutSlice`."""


class MutSlice3D(MutableRows[T, tuple[int, int, int], MutSlice2D[T]], Slice3D[T]):
    """A view of three dimensions that any thread may read and write anywhere; `a[i]` is a `MutSlice2D`."""


class MutSlice4D(MutableRows[T, tuple[int, int, int, int], MutSlice3D[T]], Slice4D[T]):
    """A view of four dimensions that any thread may read and write anywhere; `a[i]` is a `MutSlice3D`."""
