"""The mir dialect: a kernel as its author wrote it, typed, with views and checks still whole.

Each operation is one declaration; its type rule is its meaning for builder and verifier.
The `mir` stage holds locals as slots (`local`, `load`, `store`); the `ssa` stage is the
same dialect without `local`.

Meanings the types do not say:
- Integers wrap. `floordiv` and `mod` round towards minus infinity, as Python's do, for
  floats too; the divisor was checked before. `shl` and `shr` by the width or more give 0
  (or the sign); the amount counts as unsigned.
- `min` and `max` of floats give the other operand where one is NaN (C's fmin, fmax).
- `cast` from float to integer rounds towards zero and saturates, NaN gives 0; between
  integers it wraps; to bool it asks "not equal to zero".
- A kernel's attributes are `index_dims` (how many dimensions its launch may have, 0: any),
  `block` ((x, y, z) or None) and `contracts` ((text, line, condition) each, the condition
  in the manifest's form).
- `arch` is the target's number, 90 for sm_90a; the `ssa` stage is the same for all targets.
  `print` writes its texts with its operands between them. `ptx` is the author's own PTX,
  `%0`, `%1`, … its results, then its operands.
- Indices were checked by `bounds_check` before `element`; an extent is never negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oxide_build.ir import Attribute, Dialect, OpDefinition, RuleBroken, require
from oxide_build.ir.definition import TypeRule
from oxide_build.ir.types import Pointer, Scalar, Type, View, bool_, i32

Types = Sequence[Type]
Attributes = Mapping[str, Attribute]

PREDICATES = ("eq", "ne", "lt", "le", "gt", "ge")
AXES = ("x", "y", "z")
COORDINATES = ("thread_idx", "block_idx", "block_dim", "grid_dim")
NOT_IN_PTX = ("i8", "u8", "f16", "bf16")
"""Number types inline PTX has no operands of."""
ATOMICS = ("add",)
MATH_FUNCTIONS: Mapping[str, int] = {
    "sqrt": 1,
    "exp": 1,
    "log": 1,
    "sin": 1,
    "cos": 1,
    "floor": 1,
    "ceil": 1,
    "pow": 2,
}
"""Functions of `math` and how many operands each takes."""


# type rules


def _scalar(type: Type) -> Scalar:
    if not isinstance(type, Scalar):
        raise RuleBroken(f"expected a scalar, got {type}")
    return type


def _integer(type: Type) -> Scalar:
    scalar = _scalar(type)
    require(scalar.is_integer, f"expected an integer, got {type}")
    return scalar


def _view(type: Type) -> View:
    if not isinstance(type, View):
        raise RuleBroken(f"expected a view, got {type}")
    return type


def _pointee(type: Type) -> Type:
    if not isinstance(type, Pointer) or type.element is None:
        raise RuleBroken(f"expected a typed pointer, got {type}")
    return type.element


def _same(*kinds: str) -> TypeRule:
    """Operands of one type, of one of these kinds; the result is of that type."""

    def rule(types: Types, attributes: Attributes) -> tuple[Type, ...]:
        first = _scalar(types[0])
        require(all(type == first for type in types), f"operands differ: {', '.join(map(str, types))}")
        require(first.kind in kinds, f"not defined for {first}")
        return (first,)

    return rule


def _no_result(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return ()


def _condition(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] == bool_, f"expected a bool, got {types[0]}")
    return ()


def _from_attribute(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return (attributes["type"],)


def _cast(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _scalar(types[0])
    return (_scalar(attributes["type"]),)


def _compare(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _same("bool", "int", "uint", "float")(types, attributes)
    require(attributes["predicate"] in PREDICATES, f"unknown predicate {attributes['predicate']!r}")
    require(types[0] != bool_ or attributes["predicate"] in ("eq", "ne"), "bools have no order")
    return (bool_,)


def _select(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] == bool_, f"expected a bool, got {types[0]}")
    require(types[1] == types[2], f"sides differ: {types[1]} and {types[2]}")
    return (types[1],)


def _math(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    arity = MATH_FUNCTIONS.get(attributes["function"])
    require(arity == len(types), f"{attributes['function']!r} does not take {len(types)} operands")
    return _same("float")(types, attributes)


def _local(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return (Pointer(attributes["type"], "local"),)


def _load(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return (_pointee(types[0]),)


def _store(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(_pointee(types[1]) == types[0], f"a {types[0]} stored through a {types[1]}")
    return ()


def _extent(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    rank = _view(types[0]).rank
    require(0 <= attributes["dimension"] < rank, f"no dimension {attributes['dimension']} in rank {rank}")
    return (i32,)


def _element(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view = _view(types[0])
    require(len(types) - 1 == view.rank, f"{len(types) - 1} indices for rank {view.rank}")
    for type in types[1:]:
        _integer(type)
    return (Pointer(view.element, view.space),)


def _bounds_check(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _integer(types[0])
    require(types[0] == types[1], f"a {types[0]} index against a {types[1]} extent")
    return ()


def _shared_array(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view = _view(attributes["type"])
    require(view.space == "shared" and None not in view.shape, f"not a shared array of fixed shape: {view}")
    return (view,)


def _coordinate(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["register"] in COORDINATES, f"unknown register {attributes['register']!r}")
    require(attributes["axis"] in AXES, f"unknown axis {attributes['axis']!r}")
    return (i32,)


def _atomic(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["operation"] in ATOMICS, f"unknown atomic {attributes['operation']!r}")
    require(_pointee(types[0]) == types[1], f"a {types[1]} combined through a {types[0]}")
    return (types[1],)


def _i32(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return (i32,)


def _print(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    for type in types:
        _scalar(type)
    require(len(attributes["texts"]) == len(types) + 1, f"{len(attributes['texts'])} texts around {len(types)} values")
    return ()


def _ptx(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    for type in (*types, *attributes["results"]):
        require(_scalar(type).kind != "bool" and _scalar(type).name not in NOT_IN_PTX, f"no register for {type}")
    return _call(types, attributes)


def _unroll(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["unroll"] >= 1, f"{attributes['unroll']} copies of a loop's body")
    return ()


def _call(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    results: tuple[Type, ...] = attributes["results"]
    return results


# values
constant = OpDefinition("mir.constant", 0, _from_attribute, {"value": object, "type": Scalar})
cast = OpDefinition("mir.cast", 1, _cast, {"type": Scalar})
select = OpDefinition("mir.select", 3, _select)

# arithmetic
_NUMBERS = ("int", "uint", "float")
add = OpDefinition("mir.add", 2, _same(*_NUMBERS))
sub = OpDefinition("mir.sub", 2, _same(*_NUMBERS))
mul = OpDefinition("mir.mul", 2, _same(*_NUMBERS))
div = OpDefinition("mir.div", 2, _same("float"))
floordiv = OpDefinition("mir.floordiv", 2, _same(*_NUMBERS))
mod = OpDefinition("mir.mod", 2, _same(*_NUMBERS))
neg = OpDefinition("mir.neg", 1, _same(*_NUMBERS))
abs_ = OpDefinition("mir.abs", 1, _same("int", "float"))
min_ = OpDefinition("mir.min", 2, _same(*_NUMBERS))
max_ = OpDefinition("mir.max", 2, _same(*_NUMBERS))
and_ = OpDefinition("mir.and", 2, _same("bool", "int", "uint"))
or_ = OpDefinition("mir.or", 2, _same("bool", "int", "uint"))
xor = OpDefinition("mir.xor", 2, _same("bool", "int", "uint"))
not_ = OpDefinition("mir.not", 1, _same("bool", "int", "uint"))
shl = OpDefinition("mir.shl", 2, _same("int", "uint"))
shr = OpDefinition("mir.shr", 2, _same("int", "uint"))
cmp = OpDefinition("mir.cmp", 2, _compare, {"predicate": str})
math = OpDefinition("mir.math", None, _math, {"function": str})

# memory
local = OpDefinition("mir.local", 0, _local, {"type": Type}, pure=False)
load = OpDefinition("mir.load", 1, _load, pure=False)
store = OpDefinition("mir.store", 2, _store, pure=False)
extent = OpDefinition("mir.extent", 1, _extent, {"dimension": int})
element = OpDefinition("mir.element", None, _element)
shared_array = OpDefinition("mir.shared_array", 0, _shared_array, {"symbol": str, "type": View}, pure=False)
atomic = OpDefinition("mir.atomic", 2, _atomic, {"operation": str, "order": str, "scope": str}, pure=False)

# checks and contracts
bounds_check = OpDefinition("mir.bounds_check", 2, _bounds_check, pure=False)
check = OpDefinition("mir.check", 1, _condition, {"message": str}, pure=False)
assume = OpDefinition("mir.assume", 1, _condition, pure=False)

# threads
coordinate = OpDefinition("mir.coordinate", 0, _coordinate, {"register": str, "axis": str})
arch = OpDefinition("mir.arch", 0, _i32, pure=False)
print_ = OpDefinition("mir.print", None, _print, {"texts": tuple}, pure=False)
ptx = OpDefinition("mir.ptx", None, _ptx, {"text": str, "results": tuple}, pure=False)
sync_threads = OpDefinition("mir.sync_threads", 0, _no_result, pure=False)

# control
call = OpDefinition("mir.call", None, _call, {"callee": str, "results": tuple}, pure=False)
br = OpDefinition("mir.br", 0, _no_result, successors=1, terminator=True, pure=False)
loop_br = OpDefinition("mir.loop_br", 0, _unroll, {"unroll": int}, successors=1, terminator=True, pure=False)
"""Back to a loop's head, with the author's request for that many copies of its body; otherwise as `br`."""
cond_br = OpDefinition("mir.cond_br", 1, _condition, successors=2, terminator=True, pure=False)
return_ = OpDefinition("mir.return", None, _no_result, terminator=True, pure=False)

DIALECT = Dialect("mir", tuple(value for value in list(globals().values()) if isinstance(value, OpDefinition)))

SSA_OPS = frozenset(DIALECT.ops) - {local}
"""What may stand in the `ssa` stage."""
