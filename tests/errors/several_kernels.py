from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32


@gpu.kernel
def first(x: Slice[f32]) -> None:
    x[0] = 1.0


@gpu.kernel
def second(n: i32, x: MutSlice[f32]) -> None:
    x[0] = n & 1.5
    x[1] = undefined
    y = undefined
    x[2] = y
    x[3] = True


# report:
# several_kernels.py:7:5: error: `x` is a Slice[f32], which cannot be written
#         x[0] = 1.0
#         ^
#   help: declare it DisjointSlice (each thread writes its own element) or MutSlice
# several_kernels.py:12:12: error: `&` of f32
#         x[0] = n & 1.5
#                ^^^^^^^
#   help: bit operations are for integers: convert, i32(…)
# several_kernels.py:13:12: error: unknown name `undefined`
#         x[1] = undefined
#                ^^^^^^^^^
#   help: assign it before, or make it a parameter
# several_kernels.py:14:9: error: unknown name `undefined`
#         y = undefined
#             ^^^^^^^^^
#   help: assign it before, or make it a parameter
# several_kernels.py:16:12: error: the element is f32, this is the literal True
#         x[3] = True
#                ^^^^
#   help: convert it: f32(…)
# 5 errors
