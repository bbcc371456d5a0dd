import math

from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32

HUGE = 10**400


@gpu.kernel
def store(out: MutSlice[f32]) -> None:
    out[0] = HUGE
    out[1] = f32(HUGE)
    out[2] = math.sqrt(HUGE)
    if f32(1.0) < HUGE:
        out[3] = 1.0


# report:
# integer_beyond_floats.py:11:14: error: this integer is too large for any float
#         out[0] = HUGE
#                  ^^^^
# integer_beyond_floats.py:12:14: error: this integer is too large for any float
#         out[1] = f32(HUGE)
#                  ^^^^^^^^^
# integer_beyond_floats.py:13:14: error: this integer is too large for any float
#         out[2] = math.sqrt(HUGE)
#                  ^^^^^^^^^^^^^^^
# integer_beyond_floats.py:14:8: error: this integer is too large for any float
#         if f32(1.0) < HUGE:
#            ^^^^^^^^^^^^^^^
# 4 errors
