from oxide_build import gpu
from oxide_build.gpu import MutSlice, i8, i16


@gpu.kernel
def wrong(x: MutSlice[i8], wide: i16) -> None:
    x[0] = x[0] + 300
    x[1] = wide
    x[2] += i16(1)
    x[3], x[4] = divmod(x[0], 0)


# report:
# narrow_literal.py:7:12: error: 300 does not fit i8 (-128 to 127)
#         x[0] = x[0] + 300
#                ^^^^^^^^^^
# narrow_literal.py:8:12: error: the element is i8, this is i16
#         x[1] = wide
#                ^^^^
#   help: convert it: i8(…)
# narrow_literal.py:9:5: error: the element is i8, this is i16
#         x[2] += i16(1)
#         ^^^^^^^^^^^^^^
#   help: convert it: i8(…)
# narrow_literal.py:10:18: error: division by zero
#         x[3], x[4] = divmod(x[0], 0)
#                      ^^^^^^^^^^^^^^^
# 4 errors
