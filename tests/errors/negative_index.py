from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32


@gpu.kernel
def last(x: Slice[f32], out: MutSlice[f32]) -> None:
    out[0] = x[-1]


# report:
# negative_index.py:7:16: error: index -1 is out of bounds
#         out[0] = x[-1]
#                    ^^
#   help: negative indices do not count from the end: write len(x) - 1
# 1 error
