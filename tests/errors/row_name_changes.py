from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice2D, f32


@gpu.kernel
def rows(a: Slice2D[f32], y: MutSlice[f32]) -> None:
    row = a[0]
    row = gpu.shared_array(4, f32)
    row = y
    part = 1
    part = a[1]
    y = a[2]


# report:
# row_name_changes.py:8:5: error: `row` is a Slice[f32] since line 7, this is a shared array of f32
#         row = gpu.shared_array(4, f32)
#         ^^^
#   help: an array's name keeps element type, rank, fixed extents and kind of memory: use another name
# row_name_changes.py:9:5: error: `row` is a Slice[f32] since line 7, this is a MutSlice[f32]
#         row = y
#         ^^^
#   help: an array's name keeps element type, rank, fixed extents and kind of memory: use another name
# row_name_changes.py:11:5: error: `part` is i32 since line 10, this is a Slice[f32]
#         part = a[1]
#         ^^^^
#   help: a local has one type for its whole life: use another name
# row_name_changes.py:12:5: error: `y` has a value already; an array keeps its name
#         y = a[2]
#         ^
#   help: use another name
# 4 errors
