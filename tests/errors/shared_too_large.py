from oxide_build import gpu
from oxide_build.gpu import MutSlice, f64


@gpu.kernel
def tile(out: MutSlice[f64]) -> None:
    part = gpu.shared_array((128, 128), f64)
    out[0] = part[0, 0]


# report:
# shared_too_large.py:7:12: error: 131072 bytes of shared memory; a block has 49152
#         part = gpu.shared_array((128, 128), f64)
#                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: make the shape smaller; gpu.dynamic_shared_array may have more where the launch asks for it
# 1 error
