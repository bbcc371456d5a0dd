from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def scale(by: f32 = 2.0, /, *, x: MutSlice[f32]) -> None:
    x[0] = by


# report:
# positional_only_default.py:6:11: error: keyword-only or positional-only parameters in a kernel function
#     def scale(by: f32 = 2.0, /, *, x: MutSlice[f32]) -> None:
#               ^^^^^^^
#   help: list every parameter by name, with its type
# positional_only_default.py:6:21: error: a default argument of a kernel
#     def scale(by: f32 = 2.0, /, *, x: MutSlice[f32]) -> None:
#                         ^^^
#   help: pass the value at each launch; only a `gpu.Const` parameter has a default
# positional_only_default.py:6:32: error: keyword-only or positional-only parameters in a kernel function
#     def scale(by: f32 = 2.0, /, *, x: MutSlice[f32]) -> None:
#                                    ^^^^^^^^^^^^^^^^
#   help: list every parameter by name, with its type
# 3 errors
