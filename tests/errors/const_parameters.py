from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, f64, i32

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T", f32, f64)
U = TypeVar("U")


@gpu.device
def sized(n: gpu.Const[int]) -> i32:
    return n


@gpu.device
def apply(op: gpu.Const[Callable[[f32], f32]], x: f32) -> f32:
    return op(x)


@gpu.device
def half(x: T) -> T:
    return x / 2.0


@gpu.device
def unlisted(x: U) -> U:
    return x


@gpu.device
def worded(text: gpu.Const[str]) -> None:
    pass


@gpu.kernel
def chosen(n: i32, x: MutSlice[f32], out: MutSlice[i32], size: gpu.Const[int]) -> None:
    pass


@gpu.kernel
def calls(n: i32, x: MutSlice[f32], out: MutSlice[i32]) -> None:
    out[0] = sized(n)
    out[0] = sized(1.5)
    x[0] = apply(1.0, x[0])
    x[0] = apply(abs, x[0])
    x[0] = apply(calls, x[0])
    out[0] = half(n)
    out[0] = half(x=n, y=1)
    out[0] = half()
    out[0] = half(1.0, 2.0)
    out[0] = half(1.0, x=2.0)


# report:
# const_parameters.py:8:5: error: a type variable lists the number types it may be
#     U = TypeVar("U")
#         ^^^^^^^^^^^^
#   help: write T = TypeVar("T", f32, f64)
# const_parameters.py:32:12: error: `str` is nothing a `gpu.Const` parameter can be
#     def worded(text: gpu.Const[str]) -> None:
#                ^^^^^^^^^^^^^^^^^^^^
#   help: write gpu.Const[int], [float], [bool], a scalar type, or [Callable[…, f32]] for a function
# const_parameters.py:37:58: error: nothing says which values `size` may have
#     def chosen(n: i32, x: MutSlice[f32], out: MutSlice[i32], size: gpu.Const[int]) -> None:
#                                                              ^^^^^^^^^^^^^^^^^^^^
#   help: list them, one variant is compiled for each: @gpu.kernel(values={"size": (64, 128)})
# const_parameters.py:43:20: error: parameter `n` of `sized` is known at compile time, this value only on the GPU
#         out[0] = sized(n)
#                        ^
#   help: pass a number, a module-level constant, or the variable of gpu.static_range
# const_parameters.py:44:20: error: parameter `n` of `sized` is a constant int, this is the literal 1.5
#         out[0] = sized(1.5)
#                        ^^^
# const_parameters.py:45:18: error: parameter `op` of `apply` is a function
#         x[0] = apply(1.0, x[0])
#                      ^^^
#   help: pass the name of a `@gpu.device` function
# const_parameters.py:46:18: error: parameter `op` of `apply` is a function
#         x[0] = apply(abs, x[0])
#                      ^^^
#   help: pass the name of a `@gpu.device` function
# const_parameters.py:47:18: error: `calls` is a kernel, which only the host launches
#         x[0] = apply(calls, x[0])
#                      ^^^^^
#   help: decorate it with `@gpu.device` to call it here
# const_parameters.py:48:14: error: `T` of `half` is f32 or f64, this call makes it i32
#         out[0] = half(n)
#                  ^^^^^^^
#   help: convert the arguments, or add i32 to the TypeVar
# const_parameters.py:49:14: error: `half` has no parameter `y`
#         out[0] = half(x=n, y=1)
#                  ^^^^^^^^^^^^^^
#   help: write `half(x)`
# const_parameters.py:50:14: error: `half` is not given `x`
#         out[0] = half()
#                  ^^^^^^
#   help: write `half(x)`
# const_parameters.py:51:14: error: `half` takes 1 argument, this gives 2
#         out[0] = half(1.0, 2.0)
#                  ^^^^^^^^^^^^^^
#   help: write `half(x)`
# const_parameters.py:52:14: error: `half` is given `x` twice
#         out[0] = half(1.0, x=2.0)
#                  ^^^^^^^^^^^^^^^^
#   help: write `half(x)`
# 13 errors
