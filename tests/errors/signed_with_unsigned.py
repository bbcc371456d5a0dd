from oxide_build import gpu
from oxide_build.gpu import MutSlice, i32, i64, u32


@gpu.kernel
def mix(a: i32, b: u32, out: MutSlice[i64]) -> None:
    out[0] = a + b


# report:
# signed_with_unsigned.py:7:14: error: `+` of i32 and u32
#         out[0] = a + b
#                  ^^^^^
#   help: signed and unsigned do not mix: convert one, i32(…) or u32(…)
# 1 error
