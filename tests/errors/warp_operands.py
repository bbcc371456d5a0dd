from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def vote(x: MutSlice[f32]) -> None:
    t = gpu.thread_idx.x
    x[t] = gpu.reduce_add(x[t])
    lanes = gpu.ballot(t)
    count = gpu.sync_threads_count(x[t])
    least = gpu.reduce_min(t, mask=0xFF)
    gpu.nanosleep(t)
    same = gpu.match_all(t)


# report:
# warp_operands.py:8:27: error: there is no warp-wide add of f32
#         x[t] = gpu.reduce_add(x[t])
#                               ^^^^
#   help: there is one for i32, u32: convert the value
# warp_operands.py:9:24: error: a condition is a bool, this is i32
#         lanes = gpu.ballot(t)
#                            ^
#   help: compare it: `t != 0`
# warp_operands.py:10:36: error: a condition is a bool, this is f32
#         count = gpu.sync_threads_count(x[t])
#                                        ^^^^
#   help: compare it: `x[t] != 0`
# warp_operands.py:11:13: error: `gpu.reduce_min` takes 1 argument
#         least = gpu.reduce_min(t, mask=0xFF)
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `gpu.reduce_min(value)`
# warp_operands.py:12:19: error: the time to sleep is u32, this is i32
#         gpu.nanosleep(t)
#                       ^
#   help: convert it: u32(…)
# warp_operands.py:13:12: error: `gpu.match_all` is no function of `gpu`
#         same = gpu.match_all(t)
#                ^^^^^^^^^^^^^^^^
#   help: did you mean `gpu.match_any`?
# 6 errors
