from oxide_build import gpu
from oxide_build.gpu import MutSlice, i32


@gpu.device
def factorial(n: i32) -> i32:
    return 1 if n < 2 else n * factorial(n - 1)


@gpu.kernel
def factorials(x: MutSlice[i32]) -> None:
    i = gpu.index_1d()
    x[i] = factorial(x[i])


# report:
# recursion.py:7:32: error: `factorial` calls itself
#         return 1 if n < 2 else n * factorial(n - 1)
#                                    ^^^^^^^^^^^^^^^^
#   help: a GPU thread has no deep stack: write a loop
# 1 error
