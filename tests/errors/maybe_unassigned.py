from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def clamp(limit: f32, x: MutSlice[f32]) -> None:
    i = gpu.index_1d()
    if x[i] > limit:
        value = limit
    x[i] = value


# report:
# maybe_unassigned.py:10:12: error: `value` may have no value here
#         x[i] = value
#                ^^^^^
#   help: give `value` a value before the branch or loop that assigns it
# 1 error
