from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32


@gpu.struct
class Vec2:
    x: f32
    y: f32 = 0.0


@gpu.struct
class Other:
    x: f32


LIMIT = 2.0


@gpu.device
def helper(v: Vec2) -> f32:
    return v.x


@gpu.kernel
def k(p: MutSlice[Vec2], x: MutSlice[f32]) -> None:
    match p[0]:
        case Other(x):
            x[0] = x
        case Vec2(x, y, z):
            x[0] = 1.0
        case Vec2(z=1.0):
            x[0] = 2.0
        case Vec2(1.0, x=1.0):
            x[0] = 3.0
        case Vec2(x=LIMIT):
            x[0] = 4.0
        case Vec2(x=True):
            x[0] = 5.0
        case 1:
            x[0] = 6.0
        case (a, b):
            x[0] = 7.0
        case helper(a):
            x[0] = 8.0
        case Vec3(a):
            x[0] = 9.0
        case Vec2(x=None):
            x[0] = 10.0
    match x[1]:
        case Vec2(a):
            x[0] = 1.0


# report:
# struct_matched_wrong.py:27:14: error: `case Other(…)` of Vec2, which is never a Other
#             case Other(x):
#                  ^^^^^^^^
#   help: a value has one type, known at compile time: leave the case out
# struct_matched_wrong.py:28:20: error: a number is needed here, this is a MutSlice[f32]
#                 x[0] = x
#                        ^
#   help: index it: `x[i]`
# struct_matched_wrong.py:29:14: error: `Vec2` has 2 fields, this pattern 3
#             case Vec2(x, y, z):
#                  ^^^^^^^^^^^^^
#   help: write `Vec2(x, y)`
# struct_matched_wrong.py:31:14: error: `Vec2` has no field `z`
#             case Vec2(z=1.0):
#                  ^^^^^^^^^^^
#   help: its fields are x, y
# struct_matched_wrong.py:33:14: error: `x` of `Vec2` is matched twice
#             case Vec2(1.0, x=1.0):
#                  ^^^^^^^^^^^^^^^^
#   help: leave one of the two out
# struct_matched_wrong.py:35:21: error: `LIMIT` in a pattern does not compare with the constant: Python takes a bare name for a new one
#             case Vec2(x=LIMIT):
#                         ^^^^^
#   help: compare in a guard, `case Vec3(x=x) if x == …`, or make it a member of an IntEnum
# struct_matched_wrong.py:37:21: error: what is matched is f32, this is the literal True
#             case Vec2(x=True):
#                         ^^^^
#   help: convert it: f32(…)
# struct_matched_wrong.py:39:14: error: a Vec2 is matched with the literal 1
#             case 1:
#                  ^
#   help: write `Vec2(…)` or a name
# struct_matched_wrong.py:41:14: error: `case [a, b]` is not part of the kernel language
#             case (a, b):
#                  ^^^^^^
#   help: patterns are structs, `Vec3(x=0.0)`, numbers, names, `A | B`, and `_`; for others write `if`
# struct_matched_wrong.py:43:14: error: `helper` is a function
#             case helper(a):
#                  ^^^^^^
#   help: call it: `helper(…)`
# struct_matched_wrong.py:45:14: error: unknown name `Vec3`
#             case Vec3(a):
#                  ^^^^
#   help: did you mean `Vec2`?
# struct_matched_wrong.py:47:21: error: `None` is no value of the kernel language
#             case Vec2(x=None):
#                         ^^^^
#   help: use a number, or a bool and an `if`
# struct_matched_wrong.py:49:11: error: `match` on f32
#         match x[1]:
#               ^^^^
#   help: compare floats with `if`
# 13 errors
