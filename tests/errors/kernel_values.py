from collections.abc import Callable
from typing import TypeVar

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, MutSlice, Slice, f32, f64, i32

T = TypeVar("T", f32, f64)
SIZES = (64, 128)
MANY = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)


@gpu.device
def add(a: f32, b: f32) -> f32:
    return a + b


def host(a, b):
    return a + b


@gpu.kernel
def unlisted(x: MutSlice[f32], n: gpu.Const[int], op: gpu.Const[Callable[[f32, f32], f32]]) -> None:
    x[0] = op(x[0], x[n])


@gpu.kernel(values={"BLOK": (64, 128)})
def misspelt(x: MutSlice[f32], BLOCK: gpu.Const[int]) -> None:
    x[0] = 1.0


@gpu.kernel(values={"x": (64, 128)})
def no_constant(x: MutSlice[f32]) -> None:
    x[0] = 1.0


@gpu.kernel(values={"n": 64})
def one_number(x: MutSlice[f32], n: gpu.Const[int]) -> None:
    x[0] = 1.0


@gpu.kernel(values={"n": (1, 2.5)})
def wrong_kind(x: MutSlice[f32], n: gpu.Const[int]) -> None:
    x[0] = 1.0


@gpu.kernel(values={"op": (add, host)})
def no_device_function(x: MutSlice[f32], op: gpu.Const[Callable[[f32, f32], f32]]) -> None:
    x[0] = op(x[0], x[1])


@gpu.kernel(values={"n": (1, 2, 1)})
def twice(x: MutSlice[f32], n: gpu.Const[int]) -> None:
    x[0] = 1.0


@gpu.kernel(values={"n": SIZES})
def wrong_default(x: MutSlice[f32], n: gpu.Const[int] = 32) -> None:
    x[0] = 1.0


@gpu.kernel(values={"n": MANY, "m": MANY})
def too_many(x: MutSlice[T], n: gpu.Const[int], m: gpu.Const[int]) -> None:
    x[0] = T(n * m)


@gpu.kernel(values=SIZES)
def no_dictionary(x: MutSlice[f32], n: gpu.Const[int]) -> None:
    x[0] = 1.0


@gpu.kernel(values={"op": (add,)})
def undecided(x: MutSlice[f32], op: gpu.Const[Callable[[T, T], T]]) -> None:
    x[0] = op(x[0], x[1])


@gpu.kernel(values={"n": (512, 8192, 16384)})
def in_some(x: Slice[T], out: DisjointSlice[T], n: gpu.Const[int]) -> None:
    tile = gpu.shared_array(n, T)
    i = gpu.index_1d()
    out[i] = x[i] << 1
    if n == 512:
        out[i] = x[i + oops]


# report:
# kernel_values.py:22:32: error: nothing says which values `n` may have
#     def unlisted(x: MutSlice[f32], n: gpu.Const[int], op: gpu.Const[Callable[[f32, f32], f32]]) -> None:
#                                    ^^^^^^^^^^^^^^^^^
#   help: list them, one variant is compiled for each: @gpu.kernel(values={"n": (64, 128)})
# kernel_values.py:22:51: error: nothing says which values `op` may have
#     def unlisted(x: MutSlice[f32], n: gpu.Const[int], op: gpu.Const[Callable[[f32, f32], f32]]) -> None:
#                                                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: list them, one variant is compiled for each: @gpu.kernel(values={"op": (add, larger)})
# kernel_values.py:26:21: error: `misspelt` has no parameter 'BLOK'
#     @gpu.kernel(values={"BLOK": (64, 128)})
#                         ^^^^^^
#   help: did you mean 'BLOCK'?
# kernel_values.py:31:21: error: `x` is no compile-time parameter
#     @gpu.kernel(values={"x": (64, 128)})
#                         ^^^
#   help: declare it `x: gpu.Const[int]`
# kernel_values.py:36:26: error: the values of `n` are a tuple of at least one
#     @gpu.kernel(values={"n": 64})
#                              ^^
#   help: write values={"n": (64, 128)}
# kernel_values.py:41:30: error: `n` is a constant int, `2.5` is none
#     @gpu.kernel(values={"n": (1, 2.5)})
#                                  ^^^
#   help: write a number, a bool, a member of an IntEnum or a module-level constant
# kernel_values.py:46:33: error: `op` is a function, `host` is no `@gpu.device` function
#     @gpu.kernel(values={"op": (add, host)})
#                                     ^^^^
#   help: name device functions of this module, or imported ones
# kernel_values.py:51:33: error: `n` lists 1 twice
#     @gpu.kernel(values={"n": (1, 2, 1)})
#                                     ^
#   help: remove one
# kernel_values.py:57:57: error: the default of `n` is none of its values
#     def wrong_default(x: MutSlice[f32], n: gpu.Const[int] = 32) -> None:
#                                                             ^^
#   help: the values are: 64, 128
# kernel_values.py:62:1: error: `too_many` has 578 variants (2 of `T` x 17 of `n` x 17 of `m`), the most is 256
#     def too_many(x: MutSlice[T], n: gpu.Const[int], m: gpu.Const[int]) -> None:
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: list fewer values, or pass what need not be known at compile time as an ordinary parameter
# kernel_values.py:66:20: error: `values` is a dictionary, written out
#     @gpu.kernel(values=SIZES)
#                        ^^^^^
#   help: write values={"BLOCK": (64, 128)}
# kernel_values.py:72:1: error: no argument of a launch says what `T` is
#     def undecided(x: MutSlice[f32], op: gpu.Const[Callable[[T, T], T]]) -> None:
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: give `undecided` a parameter `x: Slice[T]` or `a: T`
# kernel_values.py:78:12: error: 65536 bytes of shared memory; a block has 49152, with T = f32, n = 16384
#         tile = gpu.shared_array(n, T)
#                ^^^^^^^^^^^^^^^^^^^^^^
#   help: make the shape smaller; gpu.dynamic_shared_array may have more where the launch asks for it
# kernel_values.py:78:12: error: 131072 bytes of shared memory; a block has 49152, with T = f64, n = 16384
#         tile = gpu.shared_array(n, T)
#                ^^^^^^^^^^^^^^^^^^^^^^
#   help: make the shape smaller; gpu.dynamic_shared_array may have more where the launch asks for it
# kernel_values.py:80:14: error: `<<` of f32, with T = f32
#         out[i] = x[i] << 1
#                  ^^^^^^^^^
#   help: bit operations are for integers: convert, i32(…)
# kernel_values.py:80:14: error: `<<` of f64, with T = f64
#         out[i] = x[i] << 1
#                  ^^^^^^^^^
#   help: bit operations are for integers: convert, i32(…)
# kernel_values.py:82:24: error: unknown name `oops`, with n = 512
#             out[i] = x[i + oops]
#                            ^^^^
#   help: assign it before, or make it a parameter
# 17 errors
