"""Random expressions: the text of a number of a wanted type, made from what is in scope.

In: choices, a type, a scope. Out: Python text whose type in the kernel language is exactly the
wanted one. Its own room because statements only ask it for numbers and never look inside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fuzz.numbers import FLOATS, INTEGERS, WIDTHS, limits

if TYPE_CHECKING:
    from tests.fuzz.choices import Choices

NUMBERS = (*INTEGERS, *FLOATS)
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_FLOAT_LITERALS = ("0.0", "1.0", "0.5", "2.0", "0.1", "1.5", "3.25", "100.0", "1e-3", "0.3333333333333333", "1e4")
_LARGE_LITERALS = ("1e10", "3.4e38", "1e-40", "1e-45", "16777217.0", "2147483648.0", "math.inf")


@dataclass(frozen=True)
class View:
    """An array an expression may read anywhere: an element at any i32, by its shape."""

    name: str
    type: str
    rank: int = 1
    extent: int | None = None


@dataclass(frozen=True)
class Function:
    """A device function: `types` of its parameters (a type, `Slice[…]`, `T` or `const`), and of its results."""

    name: str
    types: tuple[str, ...]
    results: tuple[str, ...]
    optional: int = 0


@dataclass
class Scope:
    """What a statement can name: variables by type, weak ones (known integers), arrays, functions."""

    variables: dict[str, str] = field(default_factory=dict)
    weak: dict[str, int] = field(default_factory=dict)
    views: list[View] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    fixed: set[str] = field(default_factory=set)

    def inner(self) -> Scope:
        """The scope of a nested suite: what it defines stays inside."""
        return Scope(dict(self.variables), dict(self.weak), list(self.views), list(self.functions), set(self.fixed))

    def of(self, type: str) -> list[str]:
        """The variables of a type."""
        return [name for name, found in self.variables.items() if found == type]


def edges(type: str) -> tuple[int, ...]:
    """The integers of a type where arithmetic changes its ways."""
    low, high = limits(type)
    width = WIDTHS[type]
    found = (0, 1, 2, 3, 5, 7, 10, width - 1, width, high, high - 1, low, low + 1, -1, -2, -7, high // 2 + 1)
    return tuple(dict.fromkeys(value for value in found if low <= value <= high))


def literal(value: int) -> str:
    """An integer as a literal that stays one beside any operator."""
    return f"({value})" if value < 0 else str(value)


class Expressions:
    """The writer of expressions; `features` collects what it used."""

    def __init__(self, choices: Choices, features: set[str]) -> None:
        self.choices, self.features = choices, features

    def number(self, type: str, scope: Scope, depth: int) -> str:
        """A number of exactly this type, no weak literal."""
        if type == "bool":
            return self.condition(scope, depth)
        if depth <= 0 or self.choices.chance(15):
            return self.leaf(type, scope)
        kinds = _INTEGER_KINDS if type in INTEGERS else _FLOAT_KINDS
        name = self.choices.pick(kinds)
        self.features.add(name)
        text: str = getattr(self, f"_{name}")(type, scope, depth - 1)
        return text

    def leaf(self, type: str, scope: Scope) -> str:
        """A variable, an element, a typed constant."""
        found = scope.of(type)
        if found and self.choices.chance(70):
            return self.choices.pick(found)
        views = [view for view in scope.views if view.type == type]
        if views and self.choices.chance(60):
            return self.element(self.choices.pick(views), scope)
        others = [name for name, other in scope.variables.items() if other not in (type, "bool") and name[0] != "C"]
        if others and self.choices.chance(50):
            return f"{type}({self.choices.pick(others)})"
        return f"{type}({self.weak(type)})"

    def element(self, view: View, scope: Scope) -> str:
        """An element of an array, at an index that is inside."""
        self.features.add(f"element{view.rank}")
        places = scope.of("i32") + ["gpu.thread_idx.x"] * ("t" in scope.variables) or ["2"]
        index = self.choices.pick(places)
        if self.choices.chance(30):
            index = self.number("i32", scope, 1)
        if view.rank == 1:
            return f"{view.name}[({index}) % {view.extent or f'len({view.name})'}]"
        other = self.choices.pick(places)
        return f"{view.name}[({index}) % {view.name}.shape[0], ({other}) % {view.name}.shape[1]]"

    def weak(self, type: str) -> str:
        """A literal that fits the type."""
        if type in INTEGERS:
            value = self.choices.pick(edges(type)) if self.choices.chance(60) else self.choices.integer(0, 100)
            return literal(value)
        if WIDTHS[type] >= 32 and self.choices.chance(15):
            text = self.choices.pick(_LARGE_LITERALS)
        else:
            text = self.choices.pick(_FLOAT_LITERALS)
        return f"(-{text})" if self.choices.chance(30) else text

    def pair(self, type: str, scope: Scope, depth: int) -> tuple[str, str]:
        """Two operands that combine in this type."""
        first, second = self.number(type, scope, depth), self.beside(type, scope, depth)
        return (second, first) if self.choices.chance(30) else (first, second)

    def beside(self, type: str, scope: Scope, depth: int) -> str:
        """An operand that combines with one of this type in this type: as wide, narrower, or a weak literal."""
        way = self.choices.integer(0, 9)
        if way < 4:
            return self.number(type, scope, depth)
        if way < 7:
            if scope.weak and self.choices.chance(40):
                return self.choices.pick(list(scope.weak))
            if type in FLOATS and self.choices.chance(30):
                return str(self.choices.integer(0, 9))
            return self.weak(type)
        return self.number(self.choices.pick(narrower(type)), scope, depth)

    def condition(self, scope: Scope, depth: int) -> str:
        """A bool."""
        if depth <= 0:
            found = scope.of("bool")
            if found and self.choices.chance(50):
                return self.choices.pick(found)
            type = self.choices.pick(NUMBERS)
            return f"({self.leaf(type, scope)} {self.choices.pick(COMPARISONS)} {self.weak(type)})"
        name = self.choices.pick(_BOOL_KINDS)
        self.features.add(name)
        text: str = getattr(self, f"_{name}")(scope, depth - 1)
        return text

    # numbers of both kinds

    def _linear(self, type: str, scope: Scope, depth: int) -> str:
        a, b = self.pair(type, scope, depth)
        return f"({a} {self.choices.pick(('+', '-', '*'))} {b})"

    def _power(self, type: str, scope: Scope, depth: int) -> str:
        exponent = self.choices.integer(0, 16 if type in INTEGERS else 3)
        base = self.number(type, scope, depth)
        return f"pow({base}, {exponent})" if self.choices.chance(20) else f"({base} ** {exponent})"

    def _sign(self, type: str, scope: Scope, depth: int) -> str:
        a, b = self.pair(type, scope, depth)
        return f"({self.choices.pick(('-', '+'))}({a} + {b}))"

    def _absolute(self, type: str, scope: Scope, depth: int) -> str:
        return f"abs({self.number(type, scope, depth)})"

    def _extreme(self, type: str, scope: Scope, depth: int) -> str:
        items = [*self.pair(type, scope, depth)]
        if self.choices.chance(20):
            items.append(self.number(type, scope, depth))
        text = f"{self.choices.pick(('min', 'max'))}({', '.join(items)})"
        return f"({text} + 0.0)" if type in FLOATS else text  # which of two zeros it is is not defined

    def _choice(self, type: str, scope: Scope, depth: int) -> str:
        a, b = self.pair(type, scope, depth)
        running = scope.inner()
        running.weak.clear()  # a test the compiler decides leaves one side, and its type, only
        return f"({a} if {self.condition(running, depth)} else {b})"

    def _conversion(self, type: str, scope: Scope, depth: int) -> str:
        source = self.choices.pick((*NUMBERS, "bool"))
        text = self.number(source, scope, depth)
        if type in INTEGERS and source != "bool" and text.startswith((f"{source}(", "C")):
            text = f"({text} + {text})"  # a constant alone must fit
        return f"{type}({text})"

    def _bits(self, type: str, scope: Scope, depth: int) -> str:
        source = self.choices.pick([other for other in NUMBERS if WIDTHS[other] == WIDTHS[type]])
        value = self.number(source, scope, depth)
        if source in FLOATS:  # which NaN it is is not defined
            name = self.leaf(source, scope)
            value = f"({name} if {name} == {name} else {source}(1.0))"
        text = f"gpu.bitcast({value}, {type})"
        return f"abs({text})" if type in FLOATS else text

    def _call(self, type: str, scope: Scope, depth: int) -> str:
        fitting = [f for f in scope.functions if f.results == (type,) or (f.results == ("T",) and type in T_TYPES)]
        if not fitting:
            return self._linear(type, scope, depth)
        return self.call(self.choices.pick(fitting), scope, depth, type)

    def call(self, function: Function, scope: Scope, depth: int, generic: str = "i32") -> str:
        """A call of a device function; `generic` is what its type variable is."""
        given = len(function.types)
        while given > len(function.types) - function.optional and self.choices.chance(50):
            given -= 1
        arguments = [self._argument(type, scope, depth, generic) for type in function.types[:given]]
        return f"{function.name}({', '.join(arguments)})"

    def _argument(self, type: str, scope: Scope, depth: int, generic: str) -> str:
        if type == "const":
            return str(self.choices.integer(0, 6))
        if type == "T":
            return self.number(generic, scope, depth)
        if type.startswith("Slice"):
            element = type[6:-1]
            return next(v.name for v in scope.views if v.type == element and v.rank == 1)
        return self.number(type, scope, depth) if self.choices.chance(70) else self.weak(type)

    # integers

    def _division(self, type: str, scope: Scope, depth: int) -> str:
        a = self.number(type, scope, depth)
        divisor = f"({self.number(type, scope, depth)} | 1)"
        if self.choices.chance(30):
            divisor = literal(self.choices.pick([value for value in edges(type) if value]))
        symbol = self.choices.pick(("//", "%"))
        if self.choices.chance(15):
            return f"divmod({a}, {divisor})[{self.choices.integer(0, 1)}]"
        return f"({a} {symbol} {divisor})"

    def _bitwise(self, type: str, scope: Scope, depth: int) -> str:
        a, b = self.pair(type, scope, depth)
        return f"({a} {self.choices.pick(('&', '|', '^'))} {b})"

    def _shift(self, type: str, scope: Scope, depth: int) -> str:
        amount = str(self.choices.integer(0, WIDTHS[type] + 1 if WIDTHS[type] < 64 else 64))
        if self.choices.chance(50):
            amount = self.number(type, scope, depth)
            if self.choices.chance(60):
                amount = f"({amount} & {min(127, limits(type)[1])})"
        return f"({self.number(type, scope, depth)} {self.choices.pick(('<<', '>>'))} {amount})"

    def _invert(self, type: str, scope: Scope, depth: int) -> str:
        return f"(~{self.number(type, scope, depth)})"

    def _reverse(self, type: str, scope: Scope, depth: int) -> str:
        if type == "i32" and self.choices.chance(80):
            source = self.choices.pick(tuple(INTEGERS))
            return f"gpu.{self.choices.pick(('popc', 'clz', 'ctz'))}({self.number(source, scope, depth)})"
        return f"gpu.brev({self.number(type, scope, depth)})"

    # floats

    def _quotient(self, type: str, scope: Scope, depth: int) -> str:
        a, b = self.pair(type, scope, depth)
        return f"({a} {self.choices.pick(('/', '/', '/', '//', '%'))} {b})"

    def _rounding(self, type: str, scope: Scope, depth: int) -> str:
        name = self.choices.pick(("round", "gpu.math.floor", "gpu.math.ceil", "gpu.math.trunc"))
        return f"{name}({self.number(type, scope, depth)})"

    def _root(self, type: str, scope: Scope, depth: int) -> str:
        return f"math.sqrt({self.number(type, scope, depth)})"

    def _fused(self, type: str, scope: Scope, depth: int) -> str:
        if type not in ("f32", "f64"):
            return self._quotient(type, scope, depth)
        a, b = self.number(type, scope, depth), self.number(type, scope, depth)
        return f"gpu.fma({a}, {b}, {self.weak(type)})"

    # bools

    def _comparison(self, scope: Scope, depth: int) -> str:
        type = self.choices.pick(NUMBERS)
        a, b = self.pair(type, scope, depth)
        text = f"{a} {self.choices.pick(COMPARISONS)} {b}"
        if self.choices.chance(20):
            text += f" {self.choices.pick(COMPARISONS)} {self.number(type, scope, depth)}"
        return f"({text})"

    def _logic(self, scope: Scope, depth: int) -> str:
        word = self.choices.pick(("and", "or"))
        return f"({self.condition(scope, depth)} {word} {self.condition(scope, depth)})"

    def _negation(self, scope: Scope, depth: int) -> str:
        return f"(not {self.condition(scope, depth)})"

    def _bool_bits(self, scope: Scope, depth: int) -> str:
        symbol = self.choices.pick(("&", "|", "^", "==", "!="))
        return f"({self.condition(scope, depth)} {symbol} {self.condition(scope, depth)})"

    def _known(self, scope: Scope, depth: int) -> str:
        """A comparison that the compiler may work out itself."""
        type = self.choices.pick(NUMBERS)
        other = self.choices.pick(narrower(type))
        left, right = f"{type}({self.weak(type)})", f"{other}({self.weak(other)})"
        if type in FLOATS and self.choices.chance(40):
            left = f"{type}({self.choices.pick(_FLOAT_LITERALS)})"
            right = self.choices.pick((f"{other}(0.1)" if other in FLOATS else right, "0.1", "1e-3", "16777217"))
        return f"({left} {self.choices.pick(COMPARISONS)} {right})"

    def _truth(self, scope: Scope, depth: int) -> str:
        return f"bool({self.number(self.choices.pick(NUMBERS), scope, depth)})"

    def _test(self, scope: Scope, depth: int) -> str:
        name = self.choices.pick(("isnan", "isinf", "isfinite"))
        return f"math.{name}({self.number(self.choices.pick(tuple(FLOATS)), scope, depth)})"


T_TYPES = ("i32", "u8", "i64", "f32", "f64", "u32")
"""What the type variable of generic functions may be."""
_BOTH = ("linear", "linear", "linear", "power", "sign", "absolute", "extreme", "choice", "conversion", "bits", "call")
_INTEGER_KINDS = (*_BOTH, "division", "division", "bitwise", "bitwise", "shift", "shift", "invert", "reverse")
_FLOAT_KINDS = (*_BOTH, "quotient", "quotient", "quotient", "rounding", "root", "fused")
_COMPARED = ("comparison", "comparison", "comparison", "known")
_BOOL_KINDS = (*_COMPARED, "logic", "logic", "negation", "bool_bits", "truth", "test")


def narrower(type: str) -> list[str]:
    """The types that combine with this one in this one."""
    if type in INTEGERS:
        return [t for t in INTEGERS if t[0] == type[0] and WIDTHS[t] <= WIDTHS[type]]
    halves = [] if WIDTHS[type] == 16 else ["f16", "bf16"]
    return [type, *halves, *(["f32"] if type == "f64" else []), *INTEGERS]
