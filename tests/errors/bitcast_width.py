from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, u64


@gpu.kernel
def wrong(x: MutSlice[f32], out: MutSlice[u64]) -> None:
    out[0] = gpu.bitcast(x[0], u64)
    out[1] = u64(gpu.bitcast(x[0] > 1.0, u64))


# report:
# bitcast_width.py:7:14: error: `gpu.bitcast` of f32 to u64: 32 bits are not 64
#         out[0] = gpu.bitcast(x[0], u64)
#                  ^^^^^^^^^^^^^^^^^^^^^^
#   help: convert the value first, or use a type of 32 bits: i32, u32, f32
# bitcast_width.py:8:18: error: a bool has no bits to read
#         out[1] = u64(gpu.bitcast(x[0] > 1.0, u64))
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: convert it: u8(…) of a bool, or `x != 0` to get one
# 2 errors
