from oxide_build import gpu
from oxide_build.gpu import MutSlice, u32


@gpu.kernel
def mask(x: MutSlice[u32]) -> None:
    i = gpu.index_1d()
    x[i] = x[i] & 0x1FFFFFFFF
    x[0] = u32(-1)


# report:
# constant_too_large.py:8:12: error: 8589934591 does not fit u32 (0 to 4294967295)
#         x[i] = x[i] & 0x1FFFFFFFF
#                ^^^^^^^^^^^^^^^^^^
# constant_too_large.py:9:12: error: -1 does not fit u32 (0 to 4294967295)
#         x[0] = u32(-1)
#                ^^^^^^^
# 2 errors
