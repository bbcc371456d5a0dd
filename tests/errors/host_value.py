from oxide_build import gpu
from oxide_build.gpu import MutSlice, i32


import os

SIZE = len(os.sep)
counter = 0
counter = counter + 1


@gpu.kernel
def fill(x: MutSlice[i32]) -> None:
    i = gpu.index_1d()
    x[i] = SIZE + counter


# report:
# host_value.py:15:12: error: `SIZE` is not a constant the compiler can read
#         x[i] = SIZE + counter
#                ^^^^
#   help: kernels are compiled without running the module: use numbers, other constants and arithmetic
# 1 error
