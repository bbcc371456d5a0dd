from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, i32


@gpu.kernel
def tile(n: i32, out: MutSlice[f32]) -> None:
    part = gpu.shared_array(n, f32)
    out[0] = part[0]


# report:
# shared_shape_unknown.py:7:29: error: a shape is one to four positive integers known at compile time
#         part = gpu.shared_array(n, f32)
#                                 ^
#   help: write numbers or module-level constants: gpu.shared_array((32, 33), f32)
# 1 error
