from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, u32


@gpu.kernel
def count(bins: DisjointSlice[u32]) -> None:
    gpu.atomic_add(bins, gpu.index_1d(), 1)


# report:
# atomic_on_disjoint.py:7:20: error: `bins` is a DisjointSlice[u32]; atomics are for memory that threads share
#         gpu.atomic_add(bins, gpu.index_1d(), 1)
#                        ^^^^
#   help: declare it MutSlice
# 1 error
