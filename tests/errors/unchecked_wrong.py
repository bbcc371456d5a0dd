from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32


@gpu.kernel
def fast(x: Slice[f32], y: DisjointSlice[f32]) -> None:
    i = gpu.index_1d()
    x.unchecked[i] = 1.0
    y.unchecked[i + 1] = x.unchecked[i]
    all = x.unchecked
    y[i] = i.unchecked[0]


# report:
# unchecked_wrong.py:8:5: error: `x.unchecked` is a Slice[f32], which cannot be written
#         x.unchecked[i] = 1.0
#         ^^^^^^^^^^^
#   help: declare it DisjointSlice (each thread writes its own element) or MutSlice
# unchecked_wrong.py:9:5: error: a DisjointSlice[f32] is indexed by the thread's own index only
#         y.unchecked[i + 1] = x.unchecked[i]
#         ^^^^^^^^^^^^^^^^^^
#   help: write `i = gpu.index_1d()` and use that; or declare it MutSlice and see to it that threads do not meet
# unchecked_wrong.py:10:11: error: `.unchecked` is indexed at once
#         all = x.unchecked
#               ^^^^^^^^^^^
#   help: write x.unchecked[i]
# unchecked_wrong.py:11:12: error: `i` is Index1D, not an array
#         y[i] = i.unchecked[0]
#                ^
#   help: only views (Slice, DisjointSlice, MutSlice, shared arrays) have elements and extents
# 4 errors
