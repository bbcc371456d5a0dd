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
# match_patterns.py:17:14: error: there is no `Op.DIV` among the constants of its enum
#             case Op.DIV:
#                  ^^^^^^
#   help: did you mean `Op.ADD`?
# match_patterns.py:19:14: error: `case [1, 2]` is not part of the kernel language
#             case (1, 2):
#                  ^^^^^^
#   help: patterns are integers, `Op.ADD` of an IntEnum, `A | B`, and `_`; for others write `if`/`elif`
# match_patterns.py:21:14: error: `case 1.5` is no integer constant
#             case 1.5:
#                  ^^^
#   help: write an integer, `Op.ADD` of an IntEnum, or `_`
# match_patterns.py:23:14: error: 3000000000 does not fit i32 (-2147483648 to 2147483647)
#             case 3000000000:
#                  ^^^^^^^^^^
# match_patterns.py:25:14: error: `case Op.ADD as other` is not part of the kernel language
#             case Op.ADD as other:
#                  ^^^^^^^^^^^^^^^
#   help: patterns are integers, `Op.ADD` of an IntEnum, `A | B`, and `_`; for others write `if`/`elif`
# match_patterns.py:26:20: error: unknown name `other`
#                 x[0] = other
#                        ^^^^^
#   help: assign it before, or make it a parameter
# match_patterns.py:27:14: error: `case TILE` does not compare with `TILE`: Python takes a bare name in a pattern for a new one
#             case TILE:
#                  ^^^^
#   help: write `case _ if subject == TILE:`, or make it a member of an IntEnum
# match_patterns.py:29:11: error: `match` on f32
#         match a:
#               ^
#   help: compare floats with `if`
# match_patterns.py:32:12: error: `Op` is an enum
#         x[1] = Op
#                ^^
#   help: write one of its members: Op.ADD, Op.SUB
# 9 errors
