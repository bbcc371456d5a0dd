from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def misused(n: f32, x: MutSlice[f32]) -> None:
    x[0] = x.dtype
    x[1] = n.dtype(1)
    tile = gpu.shared_array(4, n.dtype)
    kind = x.dtype
    x[2] = y.dtype(1)


# report:
# dtype_misused.py:7:12: error: `x.dtype` is a type
#         x[0] = x.dtype
#                ^^^^^^^
#   help: call it, `x.dtype(0)`, or pass it: gpu.shared_array(64, x.dtype)
# dtype_misused.py:8:12: error: `n` is f32, not an array
#         x[1] = n.dtype(1)
#                ^
#   help: only views (Slice, DisjointSlice, MutSlice, shared arrays) have elements and extents
# dtype_misused.py:9:32: error: `n` is f32, not an array
#         tile = gpu.shared_array(4, n.dtype)
#                                    ^
#   help: only views (Slice, DisjointSlice, MutSlice, shared arrays) have elements and extents
# dtype_misused.py:10:12: error: `x.dtype` is a type
#         kind = x.dtype
#                ^^^^^^^
#   help: call it, `x.dtype(0)`, or pass it: gpu.shared_array(64, x.dtype)
# dtype_misused.py:11:12: error: unknown name `y`
#         x[2] = y.dtype(1)
#                ^
#   help: assign it before, or make it a parameter
# 5 errors
