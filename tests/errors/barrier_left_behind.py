from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32


@gpu.kernel
def behind_return(n: i32, x: Slice[f32], out: MutSlice[f32]) -> None:
    i = gpu.index_1d()
    if i >= n:
        return
    out[i] = x[i]
    gpu.sync_threads()
    out[i] += out[i ^ 1]


@gpu.kernel
def behind_break(x: Slice[f32], out: MutSlice[f32]) -> None:
    t = gpu.thread_idx.x
    for step in range(16):
        if x[t] > step:
            break
        gpu.sync_threads()
        out[t] += x[t ^ step]


@gpu.kernel
def behind_continue(x: Slice[f32], out: MutSlice[f32]) -> None:
    t = gpu.thread_idx.x
    for step in range(16):
        gpu.sync_threads()
        if x[t] > step:
            continue
        if out[t] == gpu.sync_threads_count(True):
            out[t] += x[t ^ step]


@gpu.kernel
def found_at_different_times(x: Slice[f32], out: MutSlice[f32]) -> None:
    count = 0
    for k in range(8):
        if x[gpu.thread_idx.x] == k:
            count = k
    if count > 3:
        gpu.sync_threads()
    out[0] = 1.0


@gpu.kernel
def before_break(n: i32, out: MutSlice[f32]) -> None:
    t = gpu.thread_idx.x
    while True:
        gpu.sync_threads()
        out[t] += 1.0
        if t > n:
            break


# report:
# barrier_left_behind.py:11:5: error: `gpu.sync_threads()` which only some come to: a condition on the way differs between the threads of a block
#         gpu.sync_threads()
#         ^^^^^^^^^^^^^^^^^^
#   note: barrier_left_behind.py:8:8: some of the threads of a block go another way here
#         if i >= n:
#            ^^^^^^
#   note: barrier_left_behind.py:7:9: because each thread has its own value of this
#         i = gpu.index_1d()
#             ^^^^^^^^^^^^^^
#   help: keep all threads to the end: put the work under the opposite condition in place of leaving; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# barrier_left_behind.py:21:9: error: `gpu.sync_threads()` which only some come to: a condition on the way differs between the threads of a block
#             gpu.sync_threads()
#             ^^^^^^^^^^^^^^^^^^
#   note: barrier_left_behind.py:19:12: some of the threads of a block go another way here
#             if x[t] > step:
#                ^^^^^^^^^^^
#   note: barrier_left_behind.py:17:9: because each thread has its own value of this
#         t = gpu.thread_idx.x
#             ^^^^^^^^^^^^^^^^
#   help: keep all threads to the end: put the work under the opposite condition in place of leaving; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# barrier_left_behind.py:32:22: error: `gpu.sync_threads_count()` which only some come to: a condition on the way differs between the threads of a block
#             if out[t] == gpu.sync_threads_count(True):
#                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   note: barrier_left_behind.py:30:12: some of the threads of a block go another way here
#             if x[t] > step:
#                ^^^^^^^^^^^
#   note: barrier_left_behind.py:27:9: because each thread has its own value of this
#         t = gpu.thread_idx.x
#             ^^^^^^^^^^^^^^^^
#   help: keep all threads to the end: put the work under the opposite condition in place of leaving; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# barrier_left_behind.py:43:9: error: `gpu.sync_threads()` under a condition that differs between the threads of a block
#             gpu.sync_threads()
#             ^^^^^^^^^^^^^^^^^^
#   note: barrier_left_behind.py:42:8: some of the threads of a block go another way here
#         if count > 3:
#            ^^^^^^^^^
#   help: take the barrier out and put only the work under the condition, before it and again behind it; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# barrier_left_behind.py:51:9: error: `gpu.sync_threads()` which only some come to: a condition on the way differs between the threads of a block
#             gpu.sync_threads()
#             ^^^^^^^^^^^^^^^^^^
#   note: barrier_left_behind.py:53:12: some of the threads of a block go another way here
#             if t > n:
#                ^^^^^
#   note: barrier_left_behind.py:49:9: because each thread has its own value of this
#         t = gpu.thread_idx.x
#             ^^^^^^^^^^^^^^^^
#   help: keep all threads to the end: put the work under the opposite condition in place of leaving; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# 5 errors
