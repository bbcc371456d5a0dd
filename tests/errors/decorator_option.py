from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel(blok=256)
def clear(x: MutSlice[f32]) -> None:
    x[gpu.index_1d()] = 0.0


@gpu.kernel(block=(64, 64))
def clear_again(x: MutSlice[f32]) -> None:
    x[gpu.index_1d()] = oops


# report:
# decorator_option.py:5:2: error: `@gpu.kernel` has no option `blok`
#     @gpu.kernel(blok=256)
#      ^^^^^^^^^^^^^^^^^^^^
#   help: did you mean `block=256`? the options are: block, cluster, values, max_threads, min_blocks, bounds_checks, fast_math
# decorator_option.py:10:19: error: a block is one to three positive integers with a product of at most 1024
#     @gpu.kernel(block=(64, 64))
#                       ^^^^^^^^
#   help: write `block=256` or `block=(16, 16)`, or module-level constants
# decorator_option.py:12:25: error: unknown name `oops`
#         x[gpu.index_1d()] = oops
#                             ^^^^
#   help: assign it before, or make it a parameter
# 3 errors
