from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32


@gpu.kernel
def pick(where: f32, x: Slice[f32], out: MutSlice[f32]) -> None:
    out[0] = x[where]


# report:
# float_index.py:7:16: error: an index is an integer, this is f32
#         out[0] = x[where]
#                    ^^^^^
#   help: convert it: i32(…)
# 1 error
