import math

from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def wrong(x: f32, out: MutSlice[f32]) -> None:
    out[0] = round(x, 2)
    out[1] = math.trunc(x)
    out[2] = math.ldexp(x, 1.5)
    out[3] = math.comb(5, 2)


# report:
# round_to_digits.py:9:14: error: `round` takes no number of digits in a kernel
#         out[0] = round(x, 2)
#                  ^^^^^^^^^^^
#   help: write `round(x * 100.0) / 100.0`
# round_to_digits.py:10:14: error: `math.trunc` gives an int in Python, which has no fixed width on a GPU
#         out[1] = math.trunc(x)
#                  ^^^^^^^^^^^^^
#   help: write `gpu.math.trunc(x)`, which gives x's own type, or `i32(gpu.math.trunc(x))`
# round_to_digits.py:11:28: error: the exponent of `ldexp` is i32, this is the literal 1.5
#         out[2] = math.ldexp(x, 1.5)
#                                ^^^
#   help: convert it: i32(1.5)
# round_to_digits.py:12:14: error: `math.comb` is not available in kernels
#         out[3] = math.comb(5, 2)
#                  ^^^^^^^^^^^^^^^
#   help: math has: acos, acosh, asin, asinh, atan, atan2, atanh, cbrt, copysign, cos, cosh, degrees, dist, erf, erfc, exp, exp2, expm1, fabs, fma, fmod, frexp, gamma, hypot, isfinite, isinf, isnan, ldexp, lgamma, log, log10, log1p, log2, modf, nextafter, pow, radians, remainder, sin, sinh, sqrt, tan, tanh, ulp
# 4 errors
