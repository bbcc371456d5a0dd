from oxide_build import gpu
from oxide_build.gpu import MutSlice, i32


import math


@gpu.kernel
def roots(x: MutSlice[i32]) -> None:
    i = gpu.index_1d()
    x[i] = math.sqrt(x[i])


# report:
# math_of_int.py:11:22: error: math functions take floats (f32, f64, f16, bf16), this is i32
#         x[i] = math.sqrt(x[i])
#                          ^^^^
#   help: convert it: f32(…)
# 1 error
