from oxide_build import gpu
from oxide_build.gpu import MutSlice, i32


@gpu.kernel
def odd(x: MutSlice[i32]) -> None:
    i = gpu.index_1d()
    if x[i] % 2:
        x[i] = 0


# report:
# int_condition.py:8:8: error: a condition is a bool, this is i32
#         if x[i] % 2:
#            ^^^^^^^^
#   help: compare it: `x[i] % 2 != 0`
# 1 error
