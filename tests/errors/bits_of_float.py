from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, i32


@gpu.kernel
def wrong(x: MutSlice[f32], out: MutSlice[i32]) -> None:
    out[0] = gpu.popc(x[0])
    out[1] = gpu.clz(out[0] > 1)


# report:
# bits_of_float.py:7:23: error: `gpu.popc` takes an integer, this is f32
#         out[0] = gpu.popc(x[0])
#                           ^^^^
#   help: convert it, u32(…), or read its bits: gpu.bitcast(x, u32)
# bits_of_float.py:8:22: error: `gpu.clz` takes an integer, this is bool
#         out[1] = gpu.clz(out[0] > 1)
#                          ^^^^^^^^^^
#   help: convert it, u32(…), or read its bits: gpu.bitcast(x, u32)
# 2 errors
