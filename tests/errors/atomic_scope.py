from oxide_build import gpu
from oxide_build.gpu import MutSlice, u32


@gpu.kernel
def count(bins: MutSlice[u32]) -> None:
    gpu.atomic_exch(bins, 0, 1, scope="gpu")
    gpu.atomic_cas(bins, 0, 0, 1, scope="systm")
    gpu.thread_fence("cta")
    gpu.thread_fence("device", "block")


# report:
# atomic_scope.py:7:39: error: `gpu.atomic_exch` has no scope 'gpu'
#         gpu.atomic_exch(bins, 0, 1, scope="gpu")
#                                           ^^^^^
#   help: there are: 'block', 'cluster', 'device', 'system'
# atomic_scope.py:8:41: error: `gpu.atomic_cas` has no scope 'systm'
#         gpu.atomic_cas(bins, 0, 0, 1, scope="systm")
#                                             ^^^^^^^
#   help: did you mean 'system'? there are: 'block', 'cluster', 'device', 'system'
# atomic_scope.py:9:22: error: `gpu.thread_fence` has no scope 'cta'
#         gpu.thread_fence("cta")
#                          ^^^^^
#   help: there are: 'block', 'cluster', 'device', 'system'
# atomic_scope.py:10:5: error: `gpu.thread_fence` takes 1 argument
#         gpu.thread_fence("device", "block")
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `gpu.thread_fence(scope)`
# 4 errors
