"""What is known of a value across the threads of a block: the lattice of the uniformity analysis.

In: what is known of an operation's operands. Out: what is known of its result. Its own room because this is arithmetic
alone: no control flow, no memory.

`i // 32` of the thread's number is the same for a whole warp although `i` is not, so a form says more than a level: a
value may be the lane number plus something as uniform as the level says, of known remainder by 32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from oxide_build.dialects import mir
from oxide_build.ir import Op, OpDefinition, Value
from oxide_build.ir.types import Scalar

LANES = 32


class Level(IntEnum):
    """Among which threads a value is the same: those of a block, those of a warp, none."""

    BLOCK = 0
    WARP = 1
    THREAD = 2


class Form(NamedTuple):
    """A value is a base uniform at `base`, plus the lane number where `lane`; `residue` is the base modulo 32."""

    base: Level
    lane: bool = False
    residue: int | None = None

    @property
    def level(self) -> Level:
        """Among which threads the value itself is the same."""
        return Level.THREAD if self.lane else self.base


UNIFORM, WARP, DIVERGENT = map(Form, Level)
"""Values of which no more is known than their level."""


def joined(a: Form, b: Form) -> Form:
    """What holds of a value that is either of two, whichever it is in all threads."""
    if a == b:
        return a
    if a.lane != b.lane:
        return DIVERGENT
    return Form(max(a.base, b.base), a.lane, a.residue if a.residue == b.residue else None)


def raised(form: Form, level: Level) -> Form:
    """What holds of a value of which threads hold different versions, each uniform at `level`."""
    if level is Level.THREAD:
        return DIVERGENT
    return form if form.base >= level else form._replace(base=level)


Transfer: TypeAlias = Callable[[Op, Sequence[Form]], Form]


def computed(op: Op, forms: Sequence[Form]) -> Form:
    """The form of a pure operation's result."""
    transfer = _TRANSFER.get(op.definition)
    return combined(forms) if transfer is None else transfer(op, forms)


def combined(forms: Sequence[Form]) -> Form:
    """A result that is the same wherever all operands are."""
    return Form(max((form.level for form in forms), default=Level.BLOCK))


def constant_of(value: Value) -> int | float | None:
    """The number a value is in the text; None for a computed one."""
    owner = value.owner
    is_constant = isinstance(owner, Op) and owner.definition is mir.constant
    return owner.attributes["value"] if isinstance(owner, Op) and is_constant else None


def _base(forms: Sequence[Form]) -> Level:
    return max(form.base for form in forms)


def _constant(op: Op, forms: Sequence[Form]) -> Form:
    value = op.attributes["value"]
    return Form(Level.BLOCK, False, value % LANES if isinstance(value, int) else None)


def _cast(op: Op, forms: Sequence[Form]) -> Form:
    types = op.operands[0].type, op.attributes["type"]
    whole = all(isinstance(type, Scalar) and type.is_integer for type in types)
    return forms[0] if whole else combined(forms)


def _select(op: Op, forms: Sequence[Form]) -> Form:
    condition, yes, no = forms
    return raised(joined(yes, no), condition.level)


def _add(op: Op, forms: Sequence[Form]) -> Form:
    a, b = forms
    if a.lane and b.lane:
        return DIVERGENT
    return Form(_base(forms), a.lane or b.lane, _modulo(a, b, lambda x, y: x + y))


def _sub(op: Op, forms: Sequence[Form]) -> Form:
    a, b = forms
    if b.lane and not a.lane:
        return DIVERGENT
    return Form(_base(forms), a.lane and not b.lane, _modulo(a, b, lambda x, y: x - y))


def _mul(op: Op, forms: Sequence[Form]) -> Form:
    a, b = forms
    if a.lane or b.lane:
        return DIVERGENT
    return Form(_base(forms), False, 0 if 0 in (a.residue, b.residue) else _modulo(a, b, lambda x, y: x * y))


def _modulo(a: Form, b: Form, combine: Callable[[int, int], int]) -> int | None:
    return None if a.residue is None or b.residue is None else combine(a.residue, b.residue) % LANES


def _shl(op: Op, forms: Sequence[Form]) -> Form:
    amount = constant_of(op.operands[1])
    if amount is None:
        return combined(forms)
    # The amount counts as unsigned: a negative one is beyond every width.
    factor = 1 << int(amount) if 0 <= amount < 5 else 0
    return _mul(op, (forms[0], Form(Level.BLOCK, False, factor))) if amount else forms[0]


def _whole_warps(form: Form) -> bool:
    """Whether the value counts lanes from a multiple of 32."""
    return form.lane and form.residue == 0


def _shr(op: Op, forms: Sequence[Form]) -> Form:
    amount = constant_of(op.operands[1])
    if amount is not None and amount >= 5 and _whole_warps(forms[0]):
        return Form(forms[0].base)
    return combined(forms)


def _floordiv(op: Op, forms: Sequence[Form]) -> Form:
    a, b = forms
    return Form(_base(forms)) if _whole_warps(a) and not b.lane and b.residue == 0 else combined(forms)


def _mod(op: Op, forms: Sequence[Form]) -> Form:
    a, b = forms
    if b.lane or b.residue != 0 or (a.lane and a.residue != 0):
        return combined(forms)
    return Form(_base(forms), a.lane, a.residue)


def _and(op: Op, forms: Sequence[Form]) -> Form:
    a, b = forms if forms[0].lane else forms[::-1]
    if not a.lane:
        return Form(_base(forms), False, _modulo(a, b, lambda x, y: x & y))
    if _whole_warps(a) and not b.lane and b.residue in (0, LANES - 1):
        return Form(_base(forms), b.residue != 0, 0)
    return combined(forms)


def _or(op: Op, forms: Sequence[Form]) -> Form:
    """`|` and `^`: of numbers that share no bits below 32 they are sums."""
    a, b = forms if forms[0].lane else forms[::-1]
    if _whole_warps(a) and not b.lane and b.residue == 0:
        return Form(_base(forms), True, 0)
    return combined(forms)


def _compare(op: Op, forms: Sequence[Form]) -> Form:
    """A warp's thread numbers all lie on one side of a multiple of 32."""
    (a, b), predicate = forms, op.attributes["predicate"]
    if a.lane and b.lane and a.residue == b.residue == 0:
        return Form(_base(forms))
    if b.lane:
        (a, b), predicate = (b, a), {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}.get(predicate)
    limit = {"lt": 0, "ge": 0, "le": LANES - 1, "gt": LANES - 1}.get(predicate)
    return Form(_base(forms)) if _whole_warps(a) and limit is not None and b.residue == limit else combined(forms)


_TRANSFER: Mapping[OpDefinition, Transfer] = {
    mir.constant: _constant,
    mir.cast: _cast,
    mir.select: _select,
    mir.add: _add,
    mir.sub: _sub,
    mir.mul: _mul,
    mir.shl: _shl,
    mir.shr: _shr,
    mir.floordiv: _floordiv,
    mir.mod: _mod,
    mir.and_: _and,
    mir.or_: _or,
    mir.xor: _or,
    mir.cmp: _compare,
}
"""Operations of which more can be said than that equal operands give equal results."""
