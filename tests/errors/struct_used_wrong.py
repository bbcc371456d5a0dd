from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32


@gpu.struct
class Vec2:
    x: f32
    y: f32 = 0.0


@gpu.struct
class Particle:
    position: Vec2
    mass: f32


class Host:
    x: f32


ORIGIN = Vec2(0.0)


@gpu.device
def length(v: Vec2) -> f32:
    return v.x * v.x + v.y * v.y


@gpu.kernel
def k(p: MutSlice[Particle], x: MutSlice[f32], r: Slice[Particle]) -> None:
    x[0] = p[0].posiiton.x
    x[0] = p[0].mass.x
    x[0] = p[0].position + ORIGIN
    x[0] = p[0].position.length()
    x[0] = length(p[0])
    x[0] = length(1.0)
    p[0].position.z = 1.0
    p[0].mass.x = 1.0
    p[0].mass = ORIGIN
    p[0].position = 1.0
    r[0].mass = 1.0
    ORIGIN.x = 1.0
    gpu.thread_idx.x = 1
    v = ORIGIN
    v.w = 1.0
    v.x.y = 1.0
    v.x = True
    x[0] = 1.0 if v == p[0] else 2.0
    x[0] = 1.0 if v < v else 2.0
    x[0] = 1.0 if v else 2.0
    w = v if x[0] > 1.0 else 2.0
    x[0] = v[0]
    gpu.atomic_add(p, 0, p[0])
    gpu.atomic_add(p.mass, 0, 1.0)
    x[0], x[1] = gpu.load_vector(p, 0, 2)
    print(v)
    a, b = v


@gpu.kernel
def host(h: Slice[Host]) -> None:
    pass


# report:
# struct_used_wrong.py:31:12: error: `Particle` has no field `posiiton`
#         x[0] = p[0].posiiton.x
#                ^^^^^^^^^^^^^
#   help: did you mean `position`?
# struct_used_wrong.py:32:12: error: f32 has no attribute `x`
#         x[0] = p[0].mass.x
#                ^^^^^^^^^^^
#   help: it has none
# struct_used_wrong.py:33:12: error: a number is needed here, this is a Vec2
#         x[0] = p[0].position + ORIGIN
#                ^^^^^^^^^^^^^^^^^^^^^^
#   help: take one of its fields, such as `.x`; for all of them write a `@gpu.device` function
# struct_used_wrong.py:34:12: error: `p[0].position.length` is no method: values have none
#         x[0] = p[0].position.length()
#                ^^^^^^^^^^^^^^^^^^^^^^
#   help: write a `@gpu.device` function, `length(p[0].position)`
# struct_used_wrong.py:35:19: error: parameter `v` of `length` is Vec2, this is Particle
#         x[0] = length(p[0])
#                       ^^^^
#   help: make one: Vec2(x, y)
# struct_used_wrong.py:36:19: error: parameter `v` of `length` is Vec2, this is the literal 1.0
#         x[0] = length(1.0)
#                       ^^^
#   help: make one: Vec2(x, y)
# struct_used_wrong.py:37:5: error: `Vec2` has no field `z`
#         p[0].position.z = 1.0
#         ^^^^^^^^^^^^^^^
#   help: its fields are x, y
# struct_used_wrong.py:38:5: error: `p[0].mass` is f32, it has no field `x`
#         p[0].mass.x = 1.0
#         ^^^^^^^^^^^
#   help: only structs have fields
# struct_used_wrong.py:39:17: error: a number is needed here, this is a Vec2
#         p[0].mass = ORIGIN
#                     ^^^^^^
#   help: take one of its fields, such as `.x`; for all of them write a `@gpu.device` function
# struct_used_wrong.py:40:21: error: `p[0].position` is Vec2, this is the literal 1.0
#         p[0].position = 1.0
#                         ^^^
#   help: make one: Vec2(x, y)
# struct_used_wrong.py:41:5: error: `r` is a Slice[Particle], which cannot be written
#         r[0].mass = 1.0
#         ^
#   help: declare it DisjointSlice (each thread writes its own element) or MutSlice
# struct_used_wrong.py:42:5: error: `ORIGIN` is a constant
#         ORIGIN.x = 1.0
#         ^^^^^^^^
#   help: copy it first: `p = ORIGIN`, then assign `p`'s field
# struct_used_wrong.py:43:5: error: `gpu.thread_idx.x` cannot be assigned
#         gpu.thread_idx.x = 1
#         ^^^^^^^^^^^^^^^^
#   help: assign a name, an element, or a field of one of them
# struct_used_wrong.py:45:5: error: `Vec2` has no field `w`
#         v.w = 1.0
#         ^^^
#   help: its fields are x, y
# struct_used_wrong.py:46:5: error: f32 has no field `y`
#         v.x.y = 1.0
#         ^^^^^
#   help: only structs have fields
# struct_used_wrong.py:47:11: error: `v.x` is f32, this is the literal True
#         v.x = True
#               ^^^^
#   help: convert it: f32(…)
# struct_used_wrong.py:48:19: error: `==` of Vec2 and Particle
#         x[0] = 1.0 if v == p[0] else 2.0
#                       ^^^^^^^^^
#   help: only structs of one type compare; compare one of its fields
# struct_used_wrong.py:49:19: error: `<` of structs
#         x[0] = 1.0 if v < v else 2.0
#                       ^^^^^
#   help: structs compare with == and != only; compare their fields
# struct_used_wrong.py:50:19: error: a number is needed here, this is a Vec2
#         x[0] = 1.0 if v else 2.0
#                       ^
#   help: take one of its fields, such as `.x`; for all of them write a `@gpu.device` function
# struct_used_wrong.py:51:9: error: the other side of `if … else` is Vec2, this is the literal 2.0
#         w = v if x[0] > 1.0 else 2.0
#             ^^^^^^^^^^^^^^^^^^^^^^^^
#   help: make one: Vec2(x, y)
# struct_used_wrong.py:52:12: error: `v` is Vec2, not an array
#         x[0] = v[0]
#                ^
#   help: only views (Slice, DisjointSlice, MutSlice, shared arrays) have elements and extents
# struct_used_wrong.py:53:20: error: there is no atomic add for Particle
#         gpu.atomic_add(p, 0, p[0])
#                        ^
#   help: there is one for i32, u32, i64, u64, f32, f64, f16, bf16; keep the field that threads share in an array of its own
# struct_used_wrong.py:54:20: error: MutSlice[Particle] has no attribute `mass`
#         gpu.atomic_add(p.mass, 0, 1.0)
#                        ^^^^^^
#   help: an array has `.shape` and `.unchecked`
# struct_used_wrong.py:55:34: error: no vector access to Particle
#         x[0], x[1] = gpu.load_vector(p, 0, 2)
#                                      ^
#   help: there is one to f32, i32, u32, f64, i64, u64
# struct_used_wrong.py:56:11: error: a number is needed here, this is a Vec2
#         print(v)
#               ^
#   help: take one of its fields, such as `.x`; for all of them write a `@gpu.device` function
# struct_used_wrong.py:57:5: error: Vec2 cannot be unpacked
#         a, b = v
#         ^^^^
#   help: assign it to one name
# struct_used_wrong.py:61:19: error: `Host` exists only on the host
#     def host(h: Slice[Host]) -> None:
#                       ^^^^
#   help: mark a class of fields with `@gpu.struct`
# 27 errors
