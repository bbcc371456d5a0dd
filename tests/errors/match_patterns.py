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
        case TILE:
            x[0] = 1
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
    match a:
        case 1:
            x[0] = 6
    x[1] = Op


# report:
# match_patterns.py:17:14: error: not Python: name capture 'TILE' makes remaining patterns unreachable
#             case TILE:
#                  ^
# 1 error
