from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def grüße(größe: f32, x: MutSlice[f32]) -> None:
    x[0] = größe + größer  # the caret counts characters, not bytes


# report:
# non_ascii_column.py:7:20: error: unknown name `größer`
#         x[0] = größe + größer  # the caret counts characters, not bytes
#                        ^^^^^^
#   help: did you mean `größe`?
# 1 error
