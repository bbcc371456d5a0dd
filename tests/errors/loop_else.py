from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, i32


@gpu.kernel
def search(x: Slice[i32], out: MutSlice[i32]) -> None:
    for i in range(len(x)):
        if x[i] == 7:
            break
    else:
        out[0] = -1


# report:
# loop_else.py:11:9: error: a loop's `else` is not part of the kernel language
#             out[0] = -1
#             ^^^^^^^^^^^
#   help: set a bool before `break`
# 1 error
