import math

from oxide_build import gpu
from oxide_build.gpu import MutSlice, f16


@gpu.kernel
def wrong(a: f16, out: MutSlice[f16]) -> None:
    out[0] = math.nextafter(a, 1.0)


# report:
# half_without_neighbour.py:9:14: error: there is no `nextafter` of f16
#         out[0] = math.nextafter(a, 1.0)
#                  ^^^^^^^^^^^^^^^^^^^^^^
#   help: convert it: f32(…)
# 1 error
