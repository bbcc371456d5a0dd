from oxide_build import gpu
from oxide_build.gpu import Slice, f32


@gpu.kernel
def total(x: Slice[f32]) -> f32:
    return x[0]


# report:
# kernel_returns.py:6:29: error: a kernel returns nothing
#     def total(x: Slice[f32]) -> f32:
#                                 ^^^
#   help: write `-> None` and give it an array for its results
# 1 error
