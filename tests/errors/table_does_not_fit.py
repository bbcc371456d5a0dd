from oxide_build import gpu
from oxide_build.gpu import MutSlice, i32, u8

BYTES = gpu.table((1, 256), u8)


@gpu.kernel
def tables(i: i32, y: MutSlice[u8]) -> None:
    y[0] = BYTES[i]


# report:
# table_does_not_fit.py:4:9: error: 256 does not fit u8 (0 to 255)
#     BYTES = gpu.table((1, 256), u8)
#             ^^^^^^^^^^^^^^^^^^^^^^^
# 1 error
