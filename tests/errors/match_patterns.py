from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, f64, i32

from enum import IntEnum

TILE = 4


class Op(IntEnum):
    ADD = 0
    SUB = 1


@gpu.kernel
def matched(op: i32, a: f32, x: MutSlice[i32]) -> None:
    match op:
        case Op.DIV:
            x[0] = 2
        case (1, 2):
            x[0] = 3
        case 1.5:
            x[0] = 4
        case 3000000000:
            x[0] = 5
        case Op.ADD as other:
            x[0] = other
        case TILE:
            x[0] = 1
    match a:
        case 1:
            x[0] = 6
    x[1] = Op


# report:
# match_patterns.py:1:1: error: `case [1, 2]` is not part of the kernel language
#     from oxide_build import gpu
#     ^
#   help: patterns are integers, `Op.ADD` of an IntEnum, `A | B`, and `_`; for others write `if`/`elif`
# match_patterns.py:1:1: error: `case 1.5` is no integer constant
#     from oxide_build import gpu
#     ^
#   help: write an integer, `Op.ADD` of an IntEnum, or `_`
# match_patterns.py:1:1: error: 3000000000 does not fit i32 (-2147483648 to 2147483647)
#     from oxide_build import gpu
#     ^
# match_patterns.py:1:1: error: `case Op.ADD as other` is not part of the kernel language
#     from oxide_build import gpu
#     ^
#   help: patterns are integers, `Op.ADD` of an IntEnum, `A | B`, and `_`; for others write `if`/`elif`
# match_patterns.py:1:1: error: `case TILE` does not compare with `TILE`: Python takes a bare name in a pattern for a new one
#     from oxide_build import gpu
#     ^
#   help: write `case _ if subject == TILE:`, or make it a member of an IntEnum
# match_patterns.py:17:14: error: `Op` exists only on the host
#             case Op.DIV:
#                  ^^^^^^
#   help: pass it as a parameter, or make it a module-level constant assigned once
# match_patterns.py:26:20: error: unknown name `other`
#                 x[0] = other
#                        ^^^^^
#   help: assign it before, or make it a parameter
# match_patterns.py:29:11: error: `match` on f32
#         match a:
#               ^
#   help: compare floats with `if`
# match_patterns.py:32:12: error: `Op` exists only on the host
#         x[1] = Op
#                ^^
#   help: pass it as a parameter, or make it a module-level constant assigned once
# 9 errors
