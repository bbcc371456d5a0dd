from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32


@gpu.struct
class Vec2:
    x: f32
    y: f32 = 0.0


@gpu.struct
class Box:
    low: Vec2
    count: i32


BAD = Vec2(1.0, True)


@gpu.kernel
def k(p: MutSlice[Vec2], b: MutSlice[Box], n: i32) -> None:
    p[0] = Vec2()
    p[0] = Vec2(1.0, 2.0, 3.0)
    p[0] = Vec2(x=1.0, z=2.0)
    p[0] = Vec2(1.0, x=1.0)
    p[0] = Vec2(p[1], 1.0)
    b[0] = Box(Vec2(1.0), 2.5)
    b[0] = Box((1.0, 2.0), 2)
    b[0] = Box(1.0, 2)
    p[0] = b[0]
    p[0] = 1.0
    p[0] = BAD
    p[0] = Vec2
    v: Vec2 = b[0]
    w = Vec2(1.0)
    w = b[0].count


# report:
# struct_made_wrong.py:17:7: error: field `y` of `Vec2` is f32, this is the literal True
#     BAD = Vec2(1.0, True)
#           ^^^^^^^^^^^^^^^
#   help: write f32(…)
# struct_made_wrong.py:22:12: error: `Vec2` is not given `x`
#         p[0] = Vec2()
#                ^^^^^^
#   help: write `Vec2(x, y=…)`
# struct_made_wrong.py:23:12: error: `Vec2` takes 2 arguments, this gives 3
#         p[0] = Vec2(1.0, 2.0, 3.0)
#                ^^^^^^^^^^^^^^^^^^^
#   help: write `Vec2(x, y=…)`
# struct_made_wrong.py:24:12: error: `Vec2` has no field `z`
#         p[0] = Vec2(x=1.0, z=2.0)
#                ^^^^^^^^^^^^^^^^^^
#   help: write `Vec2(x, y=…)`
# struct_made_wrong.py:25:12: error: `Vec2` is given `x` twice
#         p[0] = Vec2(1.0, x=1.0)
#                ^^^^^^^^^^^^^^^^
#   help: write `Vec2(x, y=…)`
# struct_made_wrong.py:26:17: error: a number is needed here, this is a Vec2
#         p[0] = Vec2(p[1], 1.0)
#                     ^^^^
#   help: take one of its fields, such as `.x`; for all of them write a `@gpu.device` function
# struct_made_wrong.py:27:27: error: field `count` of `Box` is i32, this is the literal 2.5
#         b[0] = Box(Vec2(1.0), 2.5)
#                               ^^^
#   help: convert it: i32(2.5)
# struct_made_wrong.py:28:16: error: field `low` of `Box` is Vec2, this is a tuple of 2
#         b[0] = Box((1.0, 2.0), 2)
#                    ^^^^^^^^^^
#   help: make one: Vec2(x, y)
# struct_made_wrong.py:29:16: error: field `low` of `Box` is Vec2, this is the literal 1.0
#         b[0] = Box(1.0, 2)
#                    ^^^
#   help: make one: Vec2(x, y)
# struct_made_wrong.py:30:12: error: the element is Vec2, this is Box
#         p[0] = b[0]
#                ^^^^
#   help: make one: Vec2(x, y)
# struct_made_wrong.py:31:12: error: the element is Vec2, this is the literal 1.0
#         p[0] = 1.0
#                ^^^
#   help: make one: Vec2(x, y)
# struct_made_wrong.py:33:12: error: `Vec2` is a struct's type
#         p[0] = Vec2
#                ^^^^
#   help: make a value of it: `Vec2(…)`
# struct_made_wrong.py:34:5: error: `v` is Vec2 since line 34, this is Box
#         v: Vec2 = b[0]
#         ^
#   help: a local has one type for its whole life: use another name
# struct_made_wrong.py:36:5: error: `w` is Vec2 since line 35, this is i32
#         w = b[0].count
#         ^
#   help: a local has one type for its whole life: use another name
# 14 errors
