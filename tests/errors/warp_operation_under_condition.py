from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32, u32


@gpu.kernel
def lanes(x: Slice[f32], sums: MutSlice[i32], out: MutSlice[f32], votes: MutSlice[u32]) -> None:
    i = gpu.index_1d()
    if i < len(x):
        value = x[i]
        out[i] = value + gpu.shuffle_down(value, 1)
        sums[i] = gpu.reduce_add(i)
        votes[i] = gpu.ballot(value > 0.0, mask=0xFFFFFFFF) & gpu.match_any(value)
        gpu.sync_warp()


@gpu.kernel
def agreed(x: Slice[f32], out: MutSlice[f32]) -> None:
    t = gpu.thread_idx.x
    low = t % 32 < 16
    if low:
        out[t] = gpu.shuffle_down(x[t], 1, mask=0x0000FFFF)
    if gpu.any(low):
        out[t] += gpu.shuffle_xor(x[t], 16)
    if t >= 64 and gpu.shuffle(t, 0) == 64:
        gpu.sync_warp()
    if gpu.sync_threads_or(low):
        gpu.sync_threads()
    if gpu.any(low):
        gpu.sync_threads()


# report:
# warp_operation_under_condition.py:10:26: error: `gpu.shuffle_down()` under a condition that differs between the lanes of a warp
#             out[i] = value + gpu.shuffle_down(value, 1)
#                              ^^^^^^^^^^^^^^^^^^^^^^^^^^
#   note: warp_operation_under_condition.py:8:8: some of the lanes of a warp go another way here
#         if i < len(x):
#            ^^^^^^^^^^
#   note: warp_operation_under_condition.py:7:9: because each thread has its own value of this
#         i = gpu.index_1d()
#             ^^^^^^^^^^^^^^
#   help: let all lanes come by, those without work with a value that changes nothing; or name the lanes that come by: mask=…; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# warp_operation_under_condition.py:11:19: error: `gpu.reduce_add()` under a condition that differs between the lanes of a warp
#             sums[i] = gpu.reduce_add(i)
#                       ^^^^^^^^^^^^^^^^^
#   note: warp_operation_under_condition.py:8:8: some of the lanes of a warp go another way here
#         if i < len(x):
#            ^^^^^^^^^^
#   note: warp_operation_under_condition.py:7:9: because each thread has its own value of this
#         i = gpu.index_1d()
#             ^^^^^^^^^^^^^^
#   help: let all lanes come by, those without work with a value that changes nothing; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# warp_operation_under_condition.py:12:20: error: `gpu.ballot()` under a condition that differs between the lanes of a warp
#             votes[i] = gpu.ballot(value > 0.0, mask=0xFFFFFFFF) & gpu.match_any(value)
#                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   note: warp_operation_under_condition.py:8:8: some of the lanes of a warp go another way here
#         if i < len(x):
#            ^^^^^^^^^^
#   note: warp_operation_under_condition.py:7:9: because each thread has its own value of this
#         i = gpu.index_1d()
#             ^^^^^^^^^^^^^^
#   help: let all lanes come by, those without work with a value that changes nothing; or name the lanes that come by: mask=…; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# warp_operation_under_condition.py:12:63: error: `gpu.match_any()` under a condition that differs between the lanes of a warp
#             votes[i] = gpu.ballot(value > 0.0, mask=0xFFFFFFFF) & gpu.match_any(value)
#                                                                   ^^^^^^^^^^^^^^^^^^^^
#   note: warp_operation_under_condition.py:8:8: some of the lanes of a warp go another way here
#         if i < len(x):
#            ^^^^^^^^^^
#   note: warp_operation_under_condition.py:7:9: because each thread has its own value of this
#         i = gpu.index_1d()
#             ^^^^^^^^^^^^^^
#   help: let all lanes come by, those without work with a value that changes nothing; or name the lanes that come by: mask=…; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# warp_operation_under_condition.py:13:9: error: `gpu.sync_warp()` under a condition that differs between the lanes of a warp
#             gpu.sync_warp()
#             ^^^^^^^^^^^^^^^
#   note: warp_operation_under_condition.py:8:8: some of the lanes of a warp go another way here
#         if i < len(x):
#            ^^^^^^^^^^
#   note: warp_operation_under_condition.py:7:9: because each thread has its own value of this
#         i = gpu.index_1d()
#             ^^^^^^^^^^^^^^
#   help: let all lanes come by, those without work with a value that changes nothing; or name the lanes that come by: mask=…; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# warp_operation_under_condition.py:29:9: error: `gpu.sync_threads()` under a condition that differs between the threads of a block
#             gpu.sync_threads()
#             ^^^^^^^^^^^^^^^^^^
#   note: warp_operation_under_condition.py:28:8: some of the threads of a block go another way here
#         if gpu.any(low):
#            ^^^^^^^^^^^^
#   note: warp_operation_under_condition.py:18:9: because each thread has its own value of this
#         t = gpu.thread_idx.x
#             ^^^^^^^^^^^^^^^^
#   help: take the barrier out and put only the work under the condition, before it and again behind it; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# 6 errors
