from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, i32


@gpu.kernel
def local(y: MutSlice[f32], n: i32) -> None:
    a = gpu.local_array(n, f32)
    b = gpu.local_array((2, 2, 2, 2, 2), f32)
    c = gpu.local_array(1 << 20, f32)
    d = gpu.local_array(4, float)
    e = gpu.dynamic_shared_array(32, f32)
    f = gpu.local_array(4, f32)
    y[0] = f[4]
    y[1] = f


# report:
# local_array_wrong.py:7:25: error: a shape is one to four positive integers known at compile time
#         a = gpu.local_array(n, f32)
#                             ^
#   help: write numbers or module-level constants: gpu.local_array((32, 33), f32)
# local_array_wrong.py:8:25: error: a shape is one to four positive integers known at compile time
#         b = gpu.local_array((2, 2, 2, 2, 2), f32)
#                             ^^^^^^^^^^^^^^^
#   help: write numbers or module-level constants: gpu.local_array((32, 33), f32)
# local_array_wrong.py:9:9: error: 4194304 bytes of local memory; a thread has 524288
#         c = gpu.local_array(1 << 20, f32)
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: make the shape smaller, or pass an array for it
# local_array_wrong.py:10:28: error: `float` has no fixed width on a GPU
#         d = gpu.local_array(4, float)
#                                ^^^^^
#   help: write f32 or f64
# local_array_wrong.py:11:9: error: `gpu.dynamic_shared_array` takes 1 argument
#         e = gpu.dynamic_shared_array(32, f32)
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `gpu.dynamic_shared_array(dtype)`
# local_array_wrong.py:13:14: error: index 4 is out of bounds for 4 elements
#         y[0] = f[4]
#                  ^
# local_array_wrong.py:14:12: error: a number is needed here, this is a local array of f32
#         y[1] = f
#                ^
#   help: index it: `x[i]`
# 7 errors
