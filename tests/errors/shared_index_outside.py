from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def tile(out: MutSlice[f32]) -> None:
    part = gpu.shared_array(32, f32)
    part[32] = 1.0
    out[0] = part[0]


# report:
# shared_index_outside.py:8:10: error: index 32 is out of bounds for 32 elements
#         part[32] = 1.0
#              ^^
# 1 error
