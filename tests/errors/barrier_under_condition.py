from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32


@gpu.device
def wait_and_read(shared: MutSlice[f32]) -> f32:
    gpu.sync_threads()
    return shared[0]


@gpu.kernel
def under_if(x: Slice[f32], out: MutSlice[f32]) -> None:
    t = gpu.thread_idx.x
    first = t % 16
    if first < 8:
        out[t] = x[t]
        gpu.sync_threads()
    else:
        out[t] = 0.0
    gpu.sync_threads()


@gpu.kernel
def in_a_device_function(x: Slice[f32], out: MutSlice[f32]) -> None:
    out[gpu.thread_idx.x] = wait_and_read(out) if x[gpu.thread_idx.x] > 0.0 else f32(0)


@gpu.kernel
def uniform_but_for_the_block(n: MutSlice[f32], out: MutSlice[f32]) -> None:
    t = gpu.thread_idx.x
    if gpu.block_idx.x == 0 and n[0] > 0.0:
        gpu.sync_threads()
    if t // 32 == 0:
        gpu.sync_warp()
        out[t] = 1.0 if gpu.sync_threads_or(n[t] > 0.0) else f32(0)


@gpu.kernel
def in_a_case(n: i32, out: MutSlice[f32]) -> None:
    t = gpu.thread_idx.x
    match n:
        case 0:
            gpu.sync_threads()
        case 1:
            out[t] = 1.0
    match t % 3:
        case 0:
            gpu.sync_threads()
        case _:
            out[t] = 1.0


# report:
# barrier_under_condition.py:7:5: error: `gpu.sync_threads()` under a condition that differs between the threads of a block
#         gpu.sync_threads()
#         ^^^^^^^^^^^^^^^^^^
#   note: barrier_under_condition.py:25:51: some of the threads of a block go another way here
#         out[gpu.thread_idx.x] = wait_and_read(out) if x[gpu.thread_idx.x] > 0.0 else f32(0)
#                                                       ^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: take the barrier out and put only the work under the condition, before it and again behind it; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# barrier_under_condition.py:17:9: error: `gpu.sync_threads()` under a condition that differs between the threads of a block
#             gpu.sync_threads()
#             ^^^^^^^^^^^^^^^^^^
#   note: barrier_under_condition.py:15:8: some of the threads of a block go another way here
#         if first < 8:
#            ^^^^^^^^^
#   note: barrier_under_condition.py:13:9: because each thread has its own value of this
#         t = gpu.thread_idx.x
#             ^^^^^^^^^^^^^^^^
#   help: take the barrier out and put only the work under the condition, before it and again behind it; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# barrier_under_condition.py:35:25: error: `gpu.sync_threads_or()` under a condition that differs between the threads of a block
#             out[t] = 1.0 if gpu.sync_threads_or(n[t] > 0.0) else f32(0)
#                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   note: barrier_under_condition.py:33:8: some of the threads of a block go another way here
#         if t // 32 == 0:
#            ^^^^^^^^^^^^
#   help: take the barrier out and put only the work under the condition, before it and again behind it; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# barrier_under_condition.py:48:13: error: `gpu.sync_threads()` under a condition that differs between the threads of a block
#                 gpu.sync_threads()
#                 ^^^^^^^^^^^^^^^^^^
#   note: barrier_under_condition.py:47:14: some of the threads of a block go another way here
#             case 0:
#                  ^
#   note: barrier_under_condition.py:40:9: because each thread has its own value of this
#         t = gpu.thread_idx.x
#             ^^^^^^^^^^^^^^^^
#   help: take the barrier out and put only the work under the condition, before it and again behind it; if the condition is in fact the same for all, write gpu.assume_uniform(…) around it
# 4 errors
