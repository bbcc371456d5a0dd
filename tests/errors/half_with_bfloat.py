from oxide_build import gpu
from oxide_build.gpu import MutSlice, bf16, f16, f32


@gpu.kernel
def wrong(a: f16, b: bf16, out: MutSlice[f32]) -> None:
    out[0] = a + b
    out[1] = gpu.fma(a, b, 1.0)


# report:
# half_with_bfloat.py:7:14: error: `+` of f16 and bf16
#         out[0] = a + b
#                  ^^^^^
#   help: convert one: f16(…) or bf16(…)
# half_with_bfloat.py:8:14: error: `fma` of f16 and bf16
#         out[1] = gpu.fma(a, b, 1.0)
#                  ^^^^^^^^^^^^^^^^^^
#   help: convert one: f16(…) or bf16(…)
# 2 errors
