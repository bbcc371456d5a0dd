from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def everything(x: MutSlice[f32]) -> None:
    i = gpu.index_1d()
    try:
        x[i] = 1.0
    except IndexError:
        pass
    values = [1.0, 2.0]
    squares = {k: k * k for k in range(3)}
    f = lambda v: v + 1.0
    with x:
        pass
    name = f"thread {i}"
    raise ValueError("no")


# report:
# outside_the_language.py:8:5: error: `try` is not part of the kernel language
#         try:
#         ^^^^
#   help: a GPU thread cannot catch errors: test the condition with `if` beforehand
# outside_the_language.py:12:14: error: a list is not part of the kernel language
#         values = [1.0, 2.0]
#                  ^^^^^^^^^^
#   help: use `gpu.shared_array(shape, dtype)` for memory shared by the block, or single locals
# outside_the_language.py:13:15: error: a dict comprehension is not part of the kernel language
#         squares = {k: k * k for k in range(3)}
#                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write a `for … in range(…)` loop
# outside_the_language.py:14:9: error: `lambda` is not part of the kernel language
#         f = lambda v: v + 1.0
#             ^^^^^^^^^^^^^^^^^
#   help: define a function at module level and decorate it with `@gpu.device`
# outside_the_language.py:15:5: error: `with` is not part of the kernel language
#         with x:
#         ^^^^^^^
#   help: a kernel has no context managers: call what it would call
# outside_the_language.py:17:12: error: a formatted string is not part of the kernel language
#         name = f"thread {i}"
#                ^^^^^^^^^^^^^
#   help: kernels have no strings
# outside_the_language.py:18:5: error: `raise` is not part of the kernel language
#         raise ValueError("no")
#         ^^^^^^^^^^^^^^^^^^^^^^
#   help: write `assert condition, "message"`, which stops the kernel where it fails
# 7 errors
