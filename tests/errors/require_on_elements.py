from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32


@gpu.kernel
def copy(x: Slice[f32], y: DisjointSlice[f32]) -> None:
    gpu.require(x[0] > 0.0)
    i = gpu.index_1d()
    if i < len(y):
        y[i] = x[i]


# report:
# require_on_elements.py:7:17: error: `x[0]` cannot stand in `gpu.require`, which the host computes before each launch
#         gpu.require(x[0] > 0.0)
#                     ^^^^
#   help: use extents (len(x), x.shape[0]), scalar parameters, constants, arithmetic and comparisons
# 1 error
