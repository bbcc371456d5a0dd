"""The llvm dialect: LLVM's own instructions, in the operation form of our IR.

Types are signless scalars (`bool` is i1; the operation says whether an integer counts as
signed) and opaque pointers; nothing here knows views. Meanings are LLVM's own; what the
writer adds is only syntax. Names of intrinsics are complete (`llvm.fabs.f32`).

A function's attributes are `parameters` (LLVM's attributes of each parameter, as text)
and `attributes` (LLVM's string attributes, (key, value) each). `call` goes to a function
of the module or to an external one; several results are one struct in LLVM. `load_vector`
and `store_vector` move adjacent elements as one LLVM vector. A global without elements is
external: memory whose size the launch decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oxide_build.ir import Attribute, Dialect, OpDefinition, RuleBroken, require
from oxide_build.ir.definition import TypeRule
from oxide_build.ir.types import Pointer, Scalar, Type, bool_, i64

Types = Sequence[Type]
Attributes = Mapping[str, Attribute]

FAST_MATH_FLAGS = ("reassoc", "nnan", "ninf", "nsz", "arcp", "contract", "afn", "fast")
INTEGER_PREDICATES = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
FLOAT_PREDICATES = ("oeq", "une", "olt", "ole", "ogt", "oge", "one", "ord", "uno")
ATOMIC_OPERATIONS = ("add", "fadd", "min", "umin", "max", "umax", "and", "or", "xor", "xchg", "uinc_wrap", "udec_wrap")


# type rules


def _scalar(type: Type) -> Scalar:
    if not isinstance(type, Scalar) or type.kind == "uint":
        raise RuleBroken(f"expected a signless scalar, got {type}")
    return type


def _pointer(type: Type) -> Pointer:
    if not isinstance(type, Pointer) or type.element is not None:
        raise RuleBroken(f"expected an opaque pointer, got {type}")
    return type


def _plain(type: Type) -> Type:
    return _pointer(type) if isinstance(type, Pointer) else _scalar(type)


def _equal(types: Types) -> Type:
    first = _plain(types[0])
    require(all(type == first for type in types), f"operands differ: {', '.join(map(str, types))}")
    return first


def _fast_math(attributes: Attributes) -> None:
    for flag in attributes["fast_math"]:
        require(flag in FAST_MATH_FLAGS, f"unknown fast-math flag {flag!r}")


def _no_result(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return ()


def _from_attribute(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return (_scalar(attributes["type"]),)


def _integers(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    first = _scalar(_equal(types))
    require(not first.is_float, f"expected integers, got {first}")
    return (first,)


def _floats(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    first = _scalar(_equal(types))
    require(first.is_float, f"expected floats, got {first}")
    _fast_math(attributes)
    return (first,)


def _same(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return (_equal(types),)


def _icmp(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _integers(types, attributes)
    require(attributes["predicate"] in INTEGER_PREDICATES, f"unknown predicate {attributes['predicate']!r}")
    return (bool_,)


def _fcmp(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(_scalar(_equal(types)).is_float, f"expected floats, got {types[0]}")
    require(attributes["predicate"] in FLOAT_PREDICATES, f"unknown predicate {attributes['predicate']!r}")
    return (bool_,)


def _select(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] == bool_, f"expected a bool, got {types[0]}")
    return (_equal(types[1:]),)


def _conversion(source: str, result: str, *, wider: bool | None = None) -> TypeRule:
    """From an integer or a float to one; `wider` says how the widths must relate, None leaves them free."""

    def rule(types: Types, attributes: Attributes) -> tuple[Type, ...]:
        old, new = _scalar(types[0]), _scalar(attributes["type"])
        require(old.is_float == (source == "float"), f"expected {source}, got {old}")
        require(new.is_float == (result == "float"), f"expected {result} as result, got {new}")
        fits = wider is None or (old.bits < new.bits if wider else old.bits > new.bits)
        require(fits, f"{old} to {new} goes the wrong way")
        return (new,)

    return rule


def _bitcast(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    old, new = _scalar(types[0]), _scalar(attributes["type"])
    require(old.bits == new.bits, f"{old} and {new} differ in width")
    return (new,)


def _addrspacecast(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _pointer(types[0])
    return (Pointer(None, attributes["space"]),)


def _getelementptr(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[1] == i64, f"expected an i64 index, got {types[1]}")
    _scalar(attributes["element"])
    return (_pointer(types[0]),)


def _load(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _pointer(types[0])
    return (_scalar(attributes["type"]),)


def _store(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _plain(types[0])
    _pointer(types[1])
    return ()


def _load_vector(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return _load(types, attributes) * int(attributes["count"])


def _store_vector(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    *values, pointer = types
    require(len(values) > 1, "one value is no vector")
    return _store([_equal(values), pointer], attributes)


def _alloca(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _scalar(attributes["element"])
    require(attributes["count"] >= 1, "an alloca of nothing")
    return (Pointer(None, "generic"),)


def _ptrtoint(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _pointer(types[0])
    return (i64,)


def _atomicrmw(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    _pointer(types[0])
    require(attributes["operation"] in ATOMIC_OPERATIONS, f"unknown operation {attributes['operation']!r}")
    # The code generator drops every stronger ordering and every other scope without a word.
    require(attributes["ordering"] == "monotonic", f"ordering {attributes['ordering']!r} would be dropped")
    require(attributes["scope"] == "device", f"scope {attributes['scope']!r} would be dropped")
    return (_scalar(types[1]),)


def _addressof(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return (Pointer(None, attributes["space"]),)


def _call(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    for type in types:
        _plain(type)
    return tuple(_plain(type) for type in attributes["results"])


def _intrinsic(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["intrinsic"].startswith("llvm."), f"not an intrinsic: {attributes['intrinsic']!r}")
    _fast_math(attributes)
    return _call(types, attributes)


def _condition(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] == bool_, f"expected a bool, got {types[0]}")
    return ()


# values
constant = OpDefinition("llvm.constant", 0, _from_attribute, {"value": object, "type": Scalar})
select = OpDefinition("llvm.select", 3, _select)
freeze = OpDefinition("llvm.freeze", 1, _same)

# integers: all wrap
add = OpDefinition("llvm.add", 2, _integers)
sub = OpDefinition("llvm.sub", 2, _integers)
mul = OpDefinition("llvm.mul", 2, _integers)
sdiv = OpDefinition("llvm.sdiv", 2, _integers)
udiv = OpDefinition("llvm.udiv", 2, _integers)
srem = OpDefinition("llvm.srem", 2, _integers)
urem = OpDefinition("llvm.urem", 2, _integers)
and_ = OpDefinition("llvm.and", 2, _integers)
or_ = OpDefinition("llvm.or", 2, _integers)
xor = OpDefinition("llvm.xor", 2, _integers)
shl = OpDefinition("llvm.shl", 2, _integers)
lshr = OpDefinition("llvm.lshr", 2, _integers)
ashr = OpDefinition("llvm.ashr", 2, _integers)
icmp = OpDefinition("llvm.icmp", 2, _icmp, {"predicate": str})

# floats
_FAST_MATH: Mapping[str, type] = {"fast_math": tuple}
fadd = OpDefinition("llvm.fadd", 2, _floats, _FAST_MATH)
fsub = OpDefinition("llvm.fsub", 2, _floats, _FAST_MATH)
fmul = OpDefinition("llvm.fmul", 2, _floats, _FAST_MATH)
fdiv = OpDefinition("llvm.fdiv", 2, _floats, _FAST_MATH)
fneg = OpDefinition("llvm.fneg", 1, _floats, _FAST_MATH)
fcmp = OpDefinition("llvm.fcmp", 2, _fcmp, {"predicate": str})

# conversions
_TYPE: Mapping[str, type] = {"type": Scalar}
trunc = OpDefinition("llvm.trunc", 1, _conversion("integer", "integer", wider=False), _TYPE)
zext = OpDefinition("llvm.zext", 1, _conversion("integer", "integer", wider=True), _TYPE)
sext = OpDefinition("llvm.sext", 1, _conversion("integer", "integer", wider=True), _TYPE)
fptrunc = OpDefinition("llvm.fptrunc", 1, _conversion("float", "float", wider=False), _TYPE)
fpext = OpDefinition("llvm.fpext", 1, _conversion("float", "float", wider=True), _TYPE)
sitofp = OpDefinition("llvm.sitofp", 1, _conversion("integer", "float"), _TYPE)
bitcast = OpDefinition("llvm.bitcast", 1, _bitcast, _TYPE)
uitofp = OpDefinition("llvm.uitofp", 1, _conversion("integer", "float"), _TYPE)

# memory
_ALIGNMENT: Mapping[str, type] = {"alignment": int}
addressof = OpDefinition("llvm.addressof", 0, _addressof, {"symbol": str, "space": str})
addrspacecast = OpDefinition("llvm.addrspacecast", 1, _addrspacecast, {"space": str})
getelementptr = OpDefinition("llvm.getelementptr", 2, _getelementptr, {"element": Scalar})
load = OpDefinition("llvm.load", 1, _load, {**_TYPE, **_ALIGNMENT}, pure=False)
store = OpDefinition("llvm.store", 2, _store, _ALIGNMENT, pure=False)
load_vector = OpDefinition("llvm.load_vector", 1, _load_vector, {**_TYPE, "count": int, **_ALIGNMENT}, pure=False)
store_vector = OpDefinition("llvm.store_vector", None, _store_vector, _ALIGNMENT, pure=False)
alloca = OpDefinition("llvm.alloca", 0, _alloca, {"element": Scalar, "count": int, **_ALIGNMENT}, pure=False)
ptrtoint = OpDefinition("llvm.ptrtoint", 1, _ptrtoint)
atomicrmw = OpDefinition("llvm.atomicrmw", 2, _atomicrmw, {"operation": str, "ordering": str, "scope": str}, pure=False)

# calls
call = OpDefinition("llvm.call", None, _call, {"callee": str, "results": tuple}, pure=False)
intrinsic = OpDefinition(
    "llvm.intrinsic", None, _intrinsic, {"intrinsic": str, "results": tuple, **_FAST_MATH}, pure=False
)

inline_asm = OpDefinition(
    "llvm.inline_asm",
    None,
    _call,
    {"text": str, "constraints": str, "results": tuple, "convergent": bool},
    pure=False,
)
"""PTX of ours, with side effects; `convergent` where threads of a warp work together."""

# control
br = OpDefinition("llvm.br", 0, _no_result, successors=1, terminator=True, pure=False)
loop_br = OpDefinition("llvm.loop_br", 0, _no_result, {"unroll": int}, successors=1, terminator=True, pure=False)
"""LLVM's `br` back to a loop's head, with the metadata that asks for so many copies of the body."""
cond_br = OpDefinition("llvm.cond_br", 1, _condition, successors=2, terminator=True, pure=False)
return_ = OpDefinition("llvm.return", None, _no_result, terminator=True, pure=False)
unreachable = OpDefinition("llvm.unreachable", 0, _no_result, terminator=True, pure=False)

DIALECT = Dialect("llvm", tuple(value for value in list(globals().values()) if isinstance(value, OpDefinition)))
