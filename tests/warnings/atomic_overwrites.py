from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32, u32


@gpu.kernel
def totals(x: Slice[f32], out: MutSlice[f32], counts: MutSlice[u32], best: MutSlice[i32]) -> None:
    total = 0.0
    for i in gpu.grid_stride(len(x)):
        total += x[i]
    total = gpu.atomic_add(out, 0, total)
    highest = gpu.thread_idx.x
    highest = gpu.atomic_max(best, 0, value=highest, order="release")
    old = gpu.atomic_add(counts, 0, 1)
    old = gpu.atomic_exch(counts, 1, old)
    counts[2] = old
    expected = u32(0)
    expected = gpu.atomic_cas(counts, 3, expected, 7)
    counts[2] = expected


# report:
# atomic_overwrites.py:10:5: warning: `total` is overwritten by the value that `gpu.atomic_add` found in memory
#         total = gpu.atomic_add(out, 0, total)
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: leave out `total =` where the old value is not wanted, or give it a name of its own: `old = gpu.atomic_add(out, 0, total)`
# atomic_overwrites.py:12:5: warning: `highest` is overwritten by the value that `gpu.atomic_max` found in memory
#         highest = gpu.atomic_max(best, 0, value=highest, order="release")
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: leave out `highest =` where the old value is not wanted, or give it a name of its own: `old = gpu.atomic_max(best, 0, value=highest, order='release')`
