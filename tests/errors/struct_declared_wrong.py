from collections.abc import Callable
from dataclasses import dataclass

from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32


@gpu.struct
class Node:
    value: f32
    next: Node


@gpu.struct
class Shape:
    corner: Corner


@gpu.struct
class Corner:
    x: f32


@gpu.struct
class Length:
    x: f32

    def doubled(self) -> f32:
        return self.x + self.x


@gpu.struct
class Plain:
    x: int
    y: float


@gpu.struct
class Holder:
    data: Slice[f32]


@gpu.struct
class Named:
    name: str


@gpu.struct
class Untyped:
    x = 1.0


@gpu.struct
class Empty:
    """Nothing."""


@gpu.struct
class Derived(Corner):
    y: f32


@gpu.struct
class Twice:
    x: f32
    x: i32


@gpu.struct(align=16)
class Aligned:
    x: f32


@dataclass
@gpu.struct
class Marked:
    x: f32


@gpu.struct
class Extents:
    shape: i32


@gpu.struct
class Late:
    x: f32 = some_function()


@gpu.struct
class Mistyped:
    x: i32 = 1.5


@gpu.kernel
def k(x: MutSlice[f32]) -> None:
    x[0] = 1.0


# report:
# struct_declared_wrong.py:9:1: error: `Node` contains itself
#     class Node:
#     ^^^^^^^^^^^
#   help: a struct holds its fields by value: keep the index of the other element, `next: i32`
# struct_declared_wrong.py:16:13: error: `Corner` is defined further down
#         corner: Corner
#                 ^^^^^^
#   help: move it above `Shape`
# struct_declared_wrong.py:28:5: error: a struct has fields only, `doubled` is a method
#         def doubled(self) -> f32:
#         ^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write a `@gpu.device` function that takes the struct
# struct_declared_wrong.py:34:8: error: `int` has no fixed width on a GPU
#         x: int
#            ^^^
#   help: write i32 or i64
# struct_declared_wrong.py:40:11: error: a struct holds no arrays
#         data: Slice[f32]
#               ^^^^^^^^^^
#   help: pass the array as a parameter of the kernel, or an index
# struct_declared_wrong.py:45:11: error: `str` is nothing a struct can hold
#         name: str
#               ^^^
#   help: a field is a scalar (f32, i32, …), bool, or another @gpu.struct
# struct_declared_wrong.py:50:5: error: a field without a type
#         x = 1.0
#         ^^^^^^^
#   help: write `x: f32 = …`
# struct_declared_wrong.py:54:1: error: `Empty` has no fields
#     class Empty:
#     ^^^^^^^^^^^^
#   help: write one a line: `x: f32`
# struct_declared_wrong.py:59:1: error: `Derived` inherits
#     class Derived(Corner):
#     ^^^^^^^^^^^^^^^^^^^^^^
#   help: write its fields out, or give it a field of that struct
# struct_declared_wrong.py:66:5: error: `Twice` has two fields `x`
#         x: i32
#         ^^^^^^
#   help: rename one of them
# struct_declared_wrong.py:70:1: error: `Aligned` is marked by more than `@gpu.struct`
#     class Aligned:
#     ^^^^^^^^^^^^^^
#   help: write `@gpu.struct` alone
# struct_declared_wrong.py:76:1: error: `Marked` is marked by more than `@gpu.struct`
#     class Marked:
#     ^^^^^^^^^^^^^
#   help: write `@gpu.struct` alone
# struct_declared_wrong.py:82:5: error: a field cannot be called `shape`: that is what arrays have
#         shape: i32
#         ^^^^^^^^^^
#   help: rename it
# struct_declared_wrong.py:87:14: error: the default of field `x` of `Late` is a constant
#         x: f32 = some_function()
#                  ^^^^^^^^^^^^^^^
#   help: write a number or a module-level constant
# struct_declared_wrong.py:92:14: error: field `x` of `Mistyped` is i32, this is the literal 1.5
#         x: i32 = 1.5
#                  ^^^
#   help: write i32(…)
# 15 errors
