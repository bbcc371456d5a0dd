from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, f64, i32


@gpu.device
def scaled(x: f32, by: f32 = abs(-2.0), shift: f32 = "a") -> f32:
    return x * by + shift


@gpu.device(inline=False, fast=True)
def other(x: f32) -> f32:
    return x


@gpu.kernel
def scale(x: MutSlice[f32], by: f32 = 2.0) -> None:
    x[0] = scaled(x[0])


# report:
# default_argument.py:6:30: error: a default argument is a constant
#     def scaled(x: f32, by: f32 = abs(-2.0), shift: f32 = "a") -> f32:
#                                  ^^^^^^^^^
#   help: write a number or a module-level constant
# default_argument.py:6:54: error: a default argument is a constant
#     def scaled(x: f32, by: f32 = abs(-2.0), shift: f32 = "a") -> f32:
#                                                          ^^^
#   help: write a number or a module-level constant
# default_argument.py:10:2: error: `@gpu.device` has one option, `inline`
#     @gpu.device(inline=False, fast=True)
#      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `@gpu.device(inline=False)`
# default_argument.py:16:39: error: a default argument of a kernel
#     def scale(x: MutSlice[f32], by: f32 = 2.0) -> None:
#                                           ^^^
#   help: pass the value at each launch; only a `gpu.Const` parameter has a default
# 4 errors
