from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, i64

WARPS = 3


@gpu.kernel(cluster=16)
def barriers(out: MutSlice[f32], x: f32, n: i64) -> None:
    gpu.barrier_sync(0, 64)
    gpu.barrier_sync(16, 64)
    gpu.barrier_arrive(1, 48)
    gpu.barrier_arrive(1, 32 * WARPS + 1000)
    gpu.barrier_sync(1)
    gpu.barrier_sync(x, 64)
    gpu.barrier_sync(1, n)
    gpu.sync_grid(0)
    gpu.sync_grids()
    out[gpu.cluster_rank] = 0.0


@gpu.kernel(clusters=2)
def misspelt(out: MutSlice[f32]) -> None:
    gpu.sync_cluster()


@gpu.kernel(cluster=(2, 0))
def empty(out: MutSlice[f32]) -> None:
    gpu.sync_cluster()


# report:
# barriers_wrong.py:7:21: error: a cluster is one to three positive integers with a product of at most 8
#     @gpu.kernel(cluster=16)
#                         ^^
#   help: write `cluster=2` or `cluster=(2, 2)`, or module-level constants
# barriers_wrong.py:9:22: error: a named barrier's number is 1 to 15, this is 0
#         gpu.barrier_sync(0, 64)
#                          ^
#   help: write a number from 1 to 15; gpu.sync_threads() is the barrier of the whole block
# barriers_wrong.py:10:22: error: a named barrier's number is 1 to 15, this is 16
#         gpu.barrier_sync(16, 64)
#                          ^^
#   help: write a number from 1 to 15; gpu.sync_threads() is the barrier of the whole block
# barriers_wrong.py:11:27: error: a named barrier waits for 32 to 1024 threads, in whole warps: a multiple of 32, this is 48
#         gpu.barrier_arrive(1, 48)
#                               ^^
#   help: count the threads of all warps that come here: 32 times the number of warps
# barriers_wrong.py:12:27: error: a named barrier waits for 32 to 1024 threads, in whole warps: a multiple of 32, this is 1096
#         gpu.barrier_arrive(1, 32 * WARPS + 1000)
#                               ^^^^^^^^^^^^^^^^^
#   help: count the threads of all warps that come here: 32 times the number of warps
# barriers_wrong.py:13:5: error: `gpu.barrier_sync` takes 2 arguments
#         gpu.barrier_sync(1)
#         ^^^^^^^^^^^^^^^^^^^
#   help: write `gpu.barrier_sync(barrier, count)`
# barriers_wrong.py:14:22: error: the barrier's number is i32, this is f32
#         gpu.barrier_sync(x, 64)
#                          ^
#   help: convert it: i32(…)
# barriers_wrong.py:15:25: error: the barrier's count is i32, this is i64
#         gpu.barrier_sync(1, n)
#                             ^
#   help: convert it: i32(…)
# barriers_wrong.py:16:5: error: `gpu.sync_grid` takes 0 arguments
#         gpu.sync_grid(0)
#         ^^^^^^^^^^^^^^^^
#   help: write `gpu.sync_grid()`
# barriers_wrong.py:17:5: error: `gpu.sync_grids` is no function of `gpu`
#         gpu.sync_grids()
#         ^^^^^^^^^^^^^^^^
#   help: did you mean `gpu.sync_grid`?
# barriers_wrong.py:18:9: error: `gpu.cluster_rank` is no value of the kernel language
#         out[gpu.cluster_rank] = 0.0
#             ^^^^^^^^^^^^^^^^
#   help: it is a function: call it, `gpu.cluster_rank(…)`
# barriers_wrong.py:21:2: error: `@gpu.kernel` has no option `clusters`
#     @gpu.kernel(clusters=2)
#      ^^^^^^^^^^^^^^^^^^^^^^
#   help: did you mean `cluster=2`? the options are: block, cluster, values, max_threads, min_blocks, bounds_checks, fast_math
# barriers_wrong.py:26:21: error: a cluster is one to three positive integers with a product of at most 8
#     @gpu.kernel(cluster=(2, 0))
#                         ^^^^^^
#   help: write `cluster=2` or `cluster=(2, 2)`, or module-level constants
# 13 errors
