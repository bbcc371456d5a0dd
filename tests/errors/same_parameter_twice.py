from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def scale(x: f32, x: MutSlice[f32]) -> None:
    pass


# report:
# same_parameter_twice.py:6:19: error: not Python: duplicate argument 'x' in function definition
#     def scale(x: f32, x: MutSlice[f32]) -> None:
#                       ^
# 1 error
