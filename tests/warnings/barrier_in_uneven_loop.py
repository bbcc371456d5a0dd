from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32


@gpu.device(inline=False)
def swap(tile: MutSlice[f32], t: i32) -> None:
    gpu.sync_threads()
    tile[t] = 0.0


@gpu.kernel
def uneven(n: i32, x: Slice[f32], out: MutSlice[f32]) -> None:
    t = gpu.thread_idx.x
    acc = 0.0
    for i in gpu.grid_stride(len(x)):
        out[t] = x[i]
        gpu.sync_threads()
        acc += out[t ^ 1]
    first = t * 4
    while first < n:
        acc += gpu.shuffle_xor(acc, 1)
        swap(out, t)
        first += 1
    out[t] = acc


@gpu.kernel
def even(n: i32, x: Slice[f32], out: MutSlice[f32]) -> None:
    t = gpu.thread_idx.x
    for start in range(0, n, 256):
        i = start + t
        if i < n:
            out[t] = x[i]
        gpu.sync_threads()
    i = t
    while gpu.assume_uniform(i < n):
        gpu.sync_threads()
        i += 1


# report:
# barrier_in_uneven_loop.py:17:9: warning: `gpu.sync_threads()` in a loop that the threads of a block may run differently often
#             gpu.sync_threads()
#             ^^^^^^^^^^^^^^^^^^
#   note: barrier_in_uneven_loop.py:15:14: this differs between them
#         for i in gpu.grid_stride(len(x)):
#                  ^^^^^^^^^^^^^^^^^^^^^^^
#   help: let all run it equally often, `for start in range(0, n, step):` with `i = start + gpu.thread_idx.x`, and put the work under `if i < n:`; if they do already, say so: `while gpu.assume_uniform(…):`
# barrier_in_uneven_loop.py:21:16: warning: `gpu.shuffle_xor()` in a loop that the lanes of a warp may run differently often
#             acc += gpu.shuffle_xor(acc, 1)
#                    ^^^^^^^^^^^^^^^^^^^^^^^
#   note: barrier_in_uneven_loop.py:20:11: this differs between them
#         while first < n:
#               ^^^^^^^^^
#   note: barrier_in_uneven_loop.py:13:9: because each thread has its own value of this
#         t = gpu.thread_idx.x
#             ^^^^^^^^^^^^^^^^
#   help: let all run it equally often, `for start in range(0, n, step):` with `i = start + gpu.thread_idx.x`, and put the work under `if i < n:`; if they do already, say so: `while gpu.assume_uniform(…):`
# barrier_in_uneven_loop.py:7:5: warning: `gpu.sync_threads()` in a loop that the threads of a block may run differently often
#         gpu.sync_threads()
#         ^^^^^^^^^^^^^^^^^^
#   note: barrier_in_uneven_loop.py:20:11: this differs between them
#         while first < n:
#               ^^^^^^^^^
#   note: barrier_in_uneven_loop.py:13:9: because each thread has its own value of this
#         t = gpu.thread_idx.x
#             ^^^^^^^^^^^^^^^^
#   help: let all run it equally often, `for start in range(0, n, step):` with `i = start + gpu.thread_idx.x`, and put the work under `if i < n:`; if they do already, say so: `while gpu.assume_uniform(…):`
