"""The type rules of the mir dialect: operand types and attributes to result types, or what does not fit.

In: an operation's operand types and attributes. Out: its result types; RuleBroken says what is wrong with them. Its own
room so that `mir` reads as the list of operations that it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from oxide_build.dialects import vocabulary
from oxide_build.dialects.functions import BIT_FUNCTIONS, MATH_FUNCTIONS
from oxide_build.ir import Attribute, RuleBroken, require
from oxide_build.ir.definition import TypeRule
from oxide_build.ir.types import Pointer, Scalar, Struct, Type, View, bool_, i32, i64, u32

Types = Sequence[Type]
Attributes = Mapping[str, Attribute]


def as_scalar(type: Type) -> Scalar:
    if not isinstance(type, Scalar):
        raise RuleBroken(f"expected a scalar, got {type}")
    return type


def as_integer(type: Type) -> Scalar:
    scalar = as_scalar(type)
    require(scalar.is_integer, f"expected an integer, got {type}")
    return scalar


def as_view(type: Type) -> View:
    if not isinstance(type, View):
        raise RuleBroken(f"expected a view, got {type}")
    return type


def as_struct(type: Type) -> Struct:
    if not isinstance(type, Struct):
        raise RuleBroken(f"expected a struct, got {type}")
    return type


def pointee(type: Type) -> Type:
    if not isinstance(type, Pointer) or type.element is None:
        raise RuleBroken(f"expected a typed pointer, got {type}")
    return type.element


def same(*kinds: str) -> TypeRule:
    """Operands of one type, of one of these kinds; the result is of that type."""

    def rule(types: Types, attributes: Attributes) -> tuple[Type, ...]:
        first = as_scalar(types[0])
        require(all(type == first for type in types), f"operands differ: {', '.join(map(str, types))}")
        require(first.kind in kinds, f"not defined for {first}")
        return (first,)

    return rule


def no_result(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return ()


def condition(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] == bool_, f"expected a bool, got {types[0]}")
    return ()


def from_attribute(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return (attributes["type"],)


def cast(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    as_scalar(types[0])
    return (as_scalar(attributes["type"]),)


def compare(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    same("bool", "int", "uint", "float")(types, attributes)
    require(attributes["predicate"] in vocabulary.PREDICATES, f"unknown predicate {attributes['predicate']!r}")
    require(types[0] != bool_ or attributes["predicate"] in ("eq", "ne"), "bools have no order")
    return (bool_,)


def select(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] == bool_, f"expected a bool, got {types[0]}")
    require(types[1] == types[2], f"sides differ: {types[1]} and {types[2]}")
    return (types[1],)


def math(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    function = MATH_FUNCTIONS.get(attributes["function"])
    require(function is not None, f"unknown function {attributes['function']!r}")
    parameters = function.parameters if function is not None else ()
    require(len(parameters) == len(types), f"{attributes['function']!r} does not take {len(types)} operands")
    for parameter, type in zip(parameters, types, strict=True):
        require(parameter != "n" or type == i32, f"expected an i32, got {type}")
    floats = [type for parameter, type in zip(parameters, types, strict=True) if parameter != "n"]
    return same("float")(floats, attributes)


def bits(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["function"] in BIT_FUNCTIONS, f"unknown function {attributes['function']!r}")
    integer = as_integer(types[0])
    return (integer if attributes["function"] == "brev" else i32,)


def bitcast(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    old, new = as_scalar(types[0]), as_scalar(attributes["type"])
    require(bool_ not in (old, new) and old.bits == new.bits, f"{old} and {new} differ in width")
    return (new,)


def struct(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    made = as_struct(attributes["type"])
    wanted = [type for _, type in made.fields]
    require(list(types) == wanted, f"{', '.join(map(str, types))} for a {made} of {', '.join(map(str, wanted))}")
    return (made,)


def field(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return (field_of(types[0], attributes["field"]),)


def with_field(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    found = field_of(types[0], attributes["field"])
    require(types[1] == found, f"a {types[1]} for a field of {found}")
    return (types[0],)


def field_address(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    found = field_of(pointee(types[0]), attributes["field"])
    assert isinstance(types[0], Pointer)
    return (Pointer(found, types[0].space),)


def field_of(type: Type, name: str) -> Type:
    found = as_struct(type).field(name)
    if found is None:
        raise RuleBroken(f"{type} has no field {name!r}")
    return found


def local(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return (Pointer(attributes["type"], "local"),)


def load(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return (pointee(types[0]),)


def store(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(pointee(types[1]) == types[0], f"a {types[0]} stored through a {types[1]}")
    return ()


def extent(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view = as_view(types[0])
    require(0 <= attributes["dimension"] < view.rank, f"no dimension {attributes['dimension']} in rank {view.rank}")
    return (view.index,)


def subview(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view = as_view(types[0])
    require(view.rank > 1, f"no rows in rank {view.rank}")
    as_integer(types[1])
    return (replace(view, shape=view.shape[1:]),)


def element(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view = as_view(types[0])
    require(len(types) - 1 == view.rank, f"{len(types) - 1} indices for rank {view.rank}")
    for type in types[1:]:
        as_integer(type)
    return (Pointer(view.element, view.space),)


def bounds_check(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    as_integer(types[0])
    require(types[0] == types[1], f"a {types[0]} index against a {types[1]} extent")
    return ()


def shared_array(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view = as_view(attributes["type"])
    require(view.space == "shared" and None not in view.shape, f"not a shared array of fixed shape: {view}")
    return (view,)


def local_array(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view = as_view(attributes["type"])
    require(view.space == "local" and None not in view.shape, f"not a local array of fixed shape: {view}")
    return (view,)


def dynamic_shared_array(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view = as_view(attributes["type"])
    require(view.space == "shared" and view.shape == (None,), f"not a shared array of the launch's length: {view}")
    return (view,)


def table(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    view, values = as_view(attributes["type"]), attributes["values"]
    require(view.access == "read" and None not in view.shape, f"not a table's type: {view}")
    require(len(values) == prod(extent or 0 for extent in view.shape), f"{len(values)} values for a {view}")
    return (view,)


def vector_load(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    element = vector_element(types[0], attributes["width"])
    return (element,) * int(attributes["width"])


def vector_store(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    *values, pointer = types
    element = vector_element(pointer, len(values))
    require(all(type == element for type in values), f"{', '.join(map(str, values))} stored through a {pointer}")
    return ()


def vector_element(pointer: Type, width: int) -> Scalar:
    element = as_scalar(pointee(pointer))
    fits = width in vocabulary.VECTOR_WIDTHS and element.bits >= 32 and element.size * width <= vocabulary.VECTOR_BYTES
    require(fits, f"no vector access of {width} x {element}")
    return element


def coordinate(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["register"] in vocabulary.COORDINATES, f"unknown register {attributes['register']!r}")
    require(attributes["axis"] in vocabulary.AXES, f"unknown axis {attributes['axis']!r}")
    return (i32,)


def atomic(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    operation = attributes["operation"]
    require(operation in vocabulary.ATOMICS and operation not in _OTHER_ATOMICS, f"unknown atomic {operation!r}")
    return atomically(operation, vocabulary.ORDERS, types[0], types[1:], attributes)


_OTHER_ATOMICS = ("load", "store", "cas")


def atomic_cas(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return atomically("cas", vocabulary.ORDERS, types[0], types[1:], attributes)


def atomic_load(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    return atomically("load", vocabulary.LOAD_ORDERS, types[0], (), attributes)


def atomic_store(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    atomically("store", vocabulary.STORE_ORDERS, types[1], types[:1], attributes)
    return ()


def atomically(
    operation: str, orders: tuple[str, ...], pointer: Type, values: Types, attributes: Attributes
) -> tuple[Type, ...]:
    type = as_scalar(pointee(pointer))
    require(type in vocabulary.ATOMICS[operation], f"no atomic {operation} for {type}")
    require(all(value == type for value in values), f"{', '.join(map(str, values))} combined through a {pointer}")
    require(attributes["order"] in orders, f"an atomic {operation} has no order {attributes['order']!r}")
    scope(values, attributes)
    return (type,)


def scope(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["scope"] in vocabulary.SCOPES, f"unknown scope {attributes['scope']!r}")
    return ()


def sync_threads_reduce(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    condition(types, attributes)
    require(attributes["operation"] in vocabulary.BARRIER_REDUCTIONS, f"unknown reduction {attributes['operation']!r}")
    return (vocabulary.BARRIER_REDUCTIONS[attributes["operation"]],)


def named_barrier(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(all(type == i32 for type in types), f"a barrier's number and count are i32, got {types}")
    require(attributes["operation"] in vocabulary.NAMED_BARRIERS, f"unknown barrier {attributes['operation']!r}")
    return ()


def mask(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[-1] == u32, f"a mask is u32, got {types[-1]}")
    return ()


def shuffle(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] in vocabulary.WORDS, f"no shuffle of {types[0]}")
    require(types[1] == i32, f"a lane is i32, got {types[1]}")
    require(attributes["mode"] in vocabulary.SHUFFLES, f"unknown shuffle {attributes['mode']!r}")
    mask(types, attributes)
    return (types[0],)


def vote(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    condition(types, attributes)
    mask(types, attributes)
    require(attributes["operation"] in vocabulary.VOTES, f"unknown vote {attributes['operation']!r}")
    return (vocabulary.VOTES[attributes["operation"]],)


def match(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] in vocabulary.WORDS, f"no match of {types[0]}")
    mask(types, attributes)
    return (u32,)


def warp_reduce(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] in (i32, u32), f"no reduction of {types[0]}")
    require(attributes["operation"] in vocabulary.WARP_REDUCTIONS, f"unknown reduction {attributes['operation']!r}")
    return (types[0],)


def fixed(*results: Type) -> TypeRule:
    """Results that depend on nothing."""
    return lambda types, attributes: results


def clock(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["clock"] in vocabulary.CLOCKS, f"unknown clock {attributes['clock']!r}")
    return (i64,)


def nanosleep(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(types[0] == u32, f"a time is u32, got {types[0]}")
    return ()


def print_(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    for type in types:
        as_scalar(type)
    require(len(attributes["texts"]) == len(types) + 1, f"{len(attributes['texts'])} texts around {len(types)} values")
    return ()


def ptx(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    for scalar in map(as_scalar, (*types, *attributes["results"])):
        require(scalar.kind != "bool" and scalar.name not in vocabulary.NOT_IN_PTX, f"no register for {scalar}")
    return call(types, attributes)


def unroll(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    require(attributes["unroll"] >= 1, f"{attributes['unroll']} copies of a loop's body")
    return ()


def call(types: Types, attributes: Attributes) -> tuple[Type, ...]:
    results: tuple[Type, ...] = attributes["results"]
    return results
