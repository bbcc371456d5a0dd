from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, f64, i32, u8

MIXED = (u8(1), f32(2.0))
RAGGED = ((1, 2), (3,))
DEEP = (((1, 2), (3, 4)), ((5, 6), (7, 8)))
FLOATS = (i32(1), 2.5)
SHORT = gpu.table((1, 2, 3), u8)


@gpu.kernel
def tables(i: i32, y: MutSlice[f32]) -> None:
    y[0] = f32(MIXED[i])
    y[1] = f32(RAGGED[i][0])
    y[2] = f32(DEEP[i][0][0])
    y[3] = f32(FLOATS[i])
    y[4] = f32(SHORT[3])
    y[5] = f32((i, i)[i])
    SHORT[i] = 1
    gpu.table((1, 2), f64)


# report:
# table_wrong.py:13:16: error: a table of several types: f32, u8
#         y[0] = f32(MIXED[i])
#                    ^^^^^
#   help: give every number the same type: NAME = gpu.table((1, 2, 3), f64)
# table_wrong.py:14:16: error: a table's rows differ in length
#         y[1] = f32(RAGGED[i][0])
#                    ^^^^^^
#   help: give each row as many numbers
# table_wrong.py:15:16: error: a table has at most two dimensions
#         y[2] = f32(DEEP[i][0][0])
#                    ^^^^
#   help: compute the place in a row: t[i][3 * j + k]
# table_wrong.py:16:16: error: a table of i32 and f32
#         y[3] = f32(FLOATS[i])
#                    ^^^^^^
#   help: give every number the same type: NAME = gpu.table((1, 2, 3), f64)
# table_wrong.py:17:22: error: index 3 is out of bounds for a tuple of 3
#         y[4] = f32(SHORT[3])
#                          ^
# table_wrong.py:18:16: error: a tuple is unpacked, not indexed
#         y[5] = f32((i, i)[i])
#                    ^^^^^^
#   help: write `a, b = …`, or index it by a constant; a table is a module-level tuple of numbers
# table_wrong.py:19:5: error: `SHORT` is a table of u8, which cannot be written
#         SHORT[i] = 1
#         ^^^^^
#   help: copy what changes into a gpu.local_array
# table_wrong.py:20:5: error: a table is made once, outside of functions
#         gpu.table((1, 2), f64)
#         ^^^^^^^^^^^^^^^^^^^^^^
#   help: write `NAME = gpu.table((1, 2), f64)` above and use NAME here
# 8 errors
