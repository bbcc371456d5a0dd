from oxide_build import gpu
from oxide_build.gpu import MutSlice, i64

LARGE = 10**1000
LARGER = LARGE * LARGE


@gpu.kernel
def store(out: MutSlice[i64]) -> None:
    out[0] = LARGE**1000
    out[1] = LARGER


# report:
# constant_grows.py:5:10: error: this cannot be computed: the result does not fit any type
#     LARGER = LARGE * LARGE
#              ^^^^^^^^^^^^^
# constant_grows.py:10:14: error: this cannot be computed: the result does not fit any type
#         out[0] = LARGE**1000
#                  ^^^^^^^^^^^
# 2 errors
