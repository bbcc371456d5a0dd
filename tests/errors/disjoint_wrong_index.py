from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32


@gpu.kernel
def shift(x: Slice[f32], y: DisjointSlice[f32]) -> None:
    i = gpu.index_1d()
    if i < len(y):
        y[i + 1] = x[i]


# report:
# disjoint_wrong_index.py:9:9: error: a DisjointSlice[f32] is indexed by the thread's own index only
#             y[i + 1] = x[i]
#             ^^^^^^^^
#   help: write `i = gpu.index_1d()` and use that; or declare it MutSlice and see to it that threads do not meet
# 1 error
