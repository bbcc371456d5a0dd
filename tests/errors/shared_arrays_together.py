from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.device
def scratch(x: f32) -> f32:
    part = gpu.shared_array(8192, f32)
    part[0] = x
    return part[0]


@gpu.kernel
def two_halves(out: MutSlice[f32]) -> None:
    part = gpu.shared_array((64, 128), f32)
    part[0, 0] = scratch(1.0)
    out[0] = part[0, 0]


# report:
# shared_arrays_together.py:13:1: error: the shared arrays of `two_halves` are 65536 bytes; a block has 49152
#     def two_halves(out: MutSlice[f32]) -> None:
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: make them smaller, or use gpu.dynamic_shared_array, whose size the launch gives
# 1 error
