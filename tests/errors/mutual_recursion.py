from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, f64, i32


@gpu.device
def even(n: i32) -> i32:
    return 1 if n == 0 else odd(n - 1)


@gpu.device
def odd(n: i32) -> i32:
    return 0 if n == 0 else even(n - 1)


@gpu.kernel
def parity(x: MutSlice[i32]) -> None:
    x[0] = even(x[0])


# report:
# mutual_recursion.py:12:29: error: `even` calls itself: even → odd → even
#         return 0 if n == 0 else even(n - 1)
#                                 ^^^^^^^^^^^
#   help: a GPU thread has no deep stack: write a loop
# 1 error
