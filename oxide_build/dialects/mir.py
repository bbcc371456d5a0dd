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
  integers it wraps; to bool it asks "not equal to zero". To bf16 it goes by way of f32.
- f16 and bf16 are computed in f32 and rounded to nearest even, operation by operation.
- `clz` and `ctz` of 0 are the width.
- A kernel's attributes are `index_dims` (how many dimensions its launch may have, 0: any),
  `block` ((x, y, z) or None) and `contracts` ((text, line, condition) each, the condition
  in the manifest's form).
- `arch` is the target's number, 90 for sm_90a; the `ssa` stage is the same for all targets.
  `print` writes its texts with its operands between them. `ptx` is the author's own PTX,
  `%0`, `%1`, … its results, then its operands.
- Atomics give the value they found. `inc` gives 0 from the operand on, else one more; `dec`
  gives the operand from 0 and from beyond the operand, else one less. A `sub` of floats adds
  the negated operand.
- A warp is 32 consecutive threads of a block, x fastest. The last operand of a warp
  operation names the lanes that take part (`warp_reduce`: all that have not returned). A
  shuffle's lane counts modulo 32; from a lane that is not there it gives the own value.
- Indices were checked by `bounds_check` before `element` and `subview`; an extent is never
  negative. `assume_inside` states what was not checked; the simulator still looks.
- `vector_load` and `vector_store` check that their pointer is aligned to all they move. A
  kernel's attribute `alignments`, where it has one, holds (parameter, bytes) of those whose
  base the host must check for that.
- All `dynamic_shared_array`s of a block are the same bytes, as many as the launch gave.
- `subview` is the part of a view at one index of its first dimension: a view of one rank less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from oxide_build.dialects.functions import BIT_FUNCTIONS, MATH_FUNCTIONS
from oxide_build.ir import Attribute, Dialect, OpDefinition, RuleBroken, require
from oxide_build.ir.definition import TypeRule
from oxide_build.ir.types import Pointer, Scalar, Type, View, bool_, f32, f64, i32, i64, u32, u64

Types = Sequence[Type]
Attributes = Mapping[str, Attribute]

PREDICATES = ("eq", "ne", "lt", "le", "gt", "ge")
AXES = ("x", "y", "z")
COORDINATES = ("thread_idx", "block_idx", "block_dim", "grid_dim")
NOT_IN_PTX = ("i8", "u8", "f16", "bf16")
"""Number types inline PTX has no operands of."""
WORDS = (i32, u32, i64, u64, f32, f64)
"""The types of 32 and 64 bits: what atomics and shuffles move."""
_INTEGER_WORDS = (i32, u32, i64, u64)
ATOMICS: Mapping[str, tuple[Scalar, ...]] = {
    "add": WORDS,
    "sub": WORDS,
    "exch": WORDS,
    **dict.fromkeys(("min", "max", "and", "or", "xor"), _INTEGER_WORDS),
    **dict.fromkeys(("inc", "dec"), (u32,)),
    **dict.fromkeys(("load", "store"), WORDS),
    "cas": _INTEGER_WORDS,
}
"""The types each atomic operation is defined for; `load`, `store` and `cas` are operations of their own."""
SCOPES = ("block", "cluster", "device", "system")
ORDERS = ("relaxed", "acquire", "release", "acq_rel", "seq_cst")
LOAD_ORDERS = ("relaxed", "acquire", "seq_cst")
STORE_ORDERS = ("relaxed", "release", "seq_cst")
BARRIER_REDUCTIONS: Mapping[str, Scalar] = {"count": i32, "and": bool_, "or": bool_}
SHUFFLES = ("idx", "up", "down", "xor")
VOTES: Mapping[str, Scalar] = {"ballot": u32, "any": bool_, "all": bool_}
WARP_REDUCTIONS = ("add", "min", "max", "and", "or", "xor")
CLOCKS = ("clock64", "global_timer")
VECTOR_WIDTHS = (2, 4)
VECTOR_BYTES = 16
"""The most that one access of a thread moves."""


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
    function = MATH_FUNCTIONS.get(attributes["function"])
    require(function is not None, f"unknown function {attributes['function']!r}")
    parameters = function.parameters if function is not None else ()
    require(len(parameters) == len(types), f"{attributes['function']!r} does not take {len(types)} operands")
    for parameter, type in zip(parameters, types, strict=True):
        require(parameter != "n" or type == i32, f"expected an i32, got {type}")
    floats = [type for parameter, type in zip(parameters, types, strict=True) if parameter != "n"]
    return _same("float")(floats, attributes)


def _bits(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["function"] in BIT_FUNCTIONS, f"unknown function {attributes['function']!r}")
    integer = _integer(types[0])
    return (integer if attributes["function"] == "brev" else i32,)


def _bitcast(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    old, new = _scalar(types[0]), _scalar(attributes["type"])
    require(bool_ not in (old, new) and old.bits == new.bits, f"{old} and {new} differ in width")
    return (new,)


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


def _subview(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view = _view(types[0])
    require(view.rank > 1, f"no rows in rank {view.rank}")
    _integer(types[1])
    return (View(view.element, view.shape[1:], view.access, view.space),)


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


def _local_array(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view = _view(attributes["type"])
    require(view.space == "local" and None not in view.shape, f"not a local array of fixed shape: {view}")
    return (view,)


def _dynamic_shared_array(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view = _view(attributes["type"])
    require(view.space == "shared" and view.shape == (None,), f"not a shared array of the launch's length: {view}")
    return (view,)


def _table(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view, values = _view(attributes["type"]), attributes["values"]
    require(view.access == "read" and None not in view.shape, f"not a table's type: {view}")
    require(len(values) == prod(extent or 0 for extent in view.shape), f"{len(values)} values for a {view}")
    return (view,)


def _vector_load(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    element = _vector_element(types[0], attributes["width"])
    return (element,) * int(attributes["width"])


def _vector_store(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    *values, pointer = types
    element = _vector_element(pointer, len(values))
    require(all(type == element for type in values), f"{', '.join(map(str, values))} stored through a {pointer}")
    return ()


def _vector_element(pointer: Type, width: int) -> Scalar:
    element = _scalar(_pointee(pointer))
    fits = width in VECTOR_WIDTHS and element.bits >= 32 and element.size * width <= VECTOR_BYTES
    require(fits, f"no vector access of {width} x {element}")
    return element


def _coordinate(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["register"] in COORDINATES, f"unknown register {attributes['register']!r}")
    require(attributes["axis"] in AXES, f"unknown axis {attributes['axis']!r}")
    return (i32,)


def _atomic(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    operation = attributes["operation"]
    require(operation in ATOMICS and operation not in _OTHER_ATOMICS, f"unknown atomic {operation!r}")
    return _atomically(operation, ORDERS, types[0], types[1:], attributes)


_OTHER_ATOMICS = ("load", "store", "cas")


def _atomic_cas(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return _atomically("cas", ORDERS, types[0], types[1:], attributes)


def _atomic_load(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return _atomically("load", LOAD_ORDERS, types[0], (), attributes)


def _atomic_store(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _atomically("store", STORE_ORDERS, types[1], types[:1], attributes)
    return ()


def _atomically(
    operation: str, orders: tuple[str, ...], pointer: Type, values: Types, attributes: Attributes
) -> tuple[Type, ...]:
    type = _scalar(_pointee(pointer))
    require(type in ATOMICS[operation], f"no atomic {operation} for {type}")
    require(all(value == type for value in values), f"{', '.join(map(str, values))} combined through a {pointer}")
    require(attributes["order"] in orders, f"an atomic {operation} has no order {attributes['order']!r}")
    _scope(values, attributes)
    return (type,)


def _scope(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["scope"] in SCOPES, f"unknown scope {attributes['scope']!r}")
    return ()


def _sync_threads_reduce(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _condition(types, attributes)
    require(attributes["operation"] in BARRIER_REDUCTIONS, f"unknown reduction {attributes['operation']!r}")
    return (BARRIER_REDUCTIONS[attributes["operation"]],)


def _mask(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[-1] == u32, f"a mask is u32, got {types[-1]}")
    return ()


def _shuffle(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] in WORDS, f"no shuffle of {types[0]}")
    require(types[1] == i32, f"a lane is i32, got {types[1]}")
    require(attributes["mode"] in SHUFFLES, f"unknown shuffle {attributes['mode']!r}")
    _mask(types, attributes)
    return (types[0],)


def _vote(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _condition(types, attributes)
    _mask(types, attributes)
    require(attributes["operation"] in VOTES, f"unknown vote {attributes['operation']!r}")
    return (VOTES[attributes["operation"]],)


def _match(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] in WORDS, f"no match of {types[0]}")
    _mask(types, attributes)
    return (u32,)


def _warp_reduce(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] in (i32, u32), f"no reduction of {types[0]}")
    require(attributes["operation"] in WARP_REDUCTIONS, f"unknown reduction {attributes['operation']!r}")
    return (types[0],)


def _fixed(*results: Type) -> TypeRule:
    """Results that depend on nothing."""
    return lambda types, attributes: results


def _clock(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["clock"] in CLOCKS, f"unknown clock {attributes['clock']!r}")
    return (i64,)


def _nanosleep(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] == u32, f"a time is u32, got {types[0]}")
    return ()


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
bitcast = OpDefinition("mir.bitcast", 1, _bitcast, {"type": Scalar})
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
bits = OpDefinition("mir.bits", 1, _bits, {"function": str})

# memory
local = OpDefinition("mir.local", 0, _local, {"type": Type}, pure=False)
load = OpDefinition("mir.load", 1, _load, pure=False)
store = OpDefinition("mir.store", 2, _store, pure=False)
extent = OpDefinition("mir.extent", 1, _extent, {"dimension": int})
subview = OpDefinition("mir.subview", 2, _subview)
element = OpDefinition("mir.element", None, _element)
vector_load = OpDefinition("mir.vector_load", 1, _vector_load, {"width": int}, pure=False)
vector_store = OpDefinition("mir.vector_store", None, _vector_store, pure=False)
local_array = OpDefinition("mir.local_array", 0, _local_array, {"type": View}, pure=False)
dynamic_shared_array = OpDefinition("mir.dynamic_shared_array", 0, _dynamic_shared_array, {"type": View}, pure=False)
table = OpDefinition("mir.table", 0, _table, {"values": tuple, "type": View})
shared_array = OpDefinition("mir.shared_array", 0, _shared_array, {"symbol": str, "type": View}, pure=False)

# atomics
_ORDER: Mapping[str, type] = {"order": str, "scope": str}
_OPERATION: Mapping[str, type] = {"operation": str}
atomic = OpDefinition("mir.atomic", 2, _atomic, {**_OPERATION, **_ORDER}, pure=False)
atomic_cas = OpDefinition("mir.atomic_cas", 3, _atomic_cas, _ORDER, pure=False)
atomic_load = OpDefinition("mir.atomic_load", 1, _atomic_load, _ORDER, pure=False)
atomic_store = OpDefinition("mir.atomic_store", 2, _atomic_store, _ORDER, pure=False)
thread_fence = OpDefinition("mir.thread_fence", 0, _scope, {"scope": str}, pure=False)

# checks and contracts
bounds_check = OpDefinition("mir.bounds_check", 2, _bounds_check, pure=False)
assume_inside = OpDefinition("mir.assume_inside", 2, _bounds_check, pure=False)
check = OpDefinition("mir.check", 1, _condition, {"message": str}, pure=False)
assume = OpDefinition("mir.assume", 1, _condition, pure=False)

# threads
coordinate = OpDefinition("mir.coordinate", 0, _coordinate, {"register": str, "axis": str})
arch = OpDefinition("mir.arch", 0, _i32, pure=False)
print_ = OpDefinition("mir.print", None, _print, {"texts": tuple}, pure=False)
ptx = OpDefinition("mir.ptx", None, _ptx, {"text": str, "results": tuple}, pure=False)
sync_threads = OpDefinition("mir.sync_threads", 0, _no_result, pure=False)
sync_threads_reduce = OpDefinition("mir.sync_threads_reduce", 1, _sync_threads_reduce, _OPERATION, pure=False)

# warps
lane_id = OpDefinition("mir.lane_id", 0, _fixed(i32))
active_mask = OpDefinition("mir.active_mask", 0, _fixed(u32), pure=False)
sync_warp = OpDefinition("mir.sync_warp", 1, _mask, pure=False)
shuffle = OpDefinition("mir.shuffle", 3, _shuffle, {"mode": str}, pure=False)
vote = OpDefinition("mir.vote", 2, _vote, _OPERATION, pure=False)
match_any = OpDefinition("mir.match_any", 2, _match, pure=False)
warp_reduce = OpDefinition("mir.warp_reduce", 1, _warp_reduce, _OPERATION, pure=False)

# time
clock = OpDefinition("mir.clock", 0, _clock, {"clock": str}, pure=False)
nanosleep = OpDefinition("mir.nanosleep", 1, _nanosleep, pure=False)

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
