"""Random statements and device functions, over the expressions of `expressions`.

In: choices, a scope. Out: lines of Python; the scope knows the names they define. Loops are
bounded, and what may return or jump stands where no thread waits for another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.expressions import NUMBERS, T_TYPES, Expressions, Function, Scope, View, literal
from tests.fuzz.expressions import edges as edge_values
from tests.fuzz.numbers import INTEGERS, WIDTHS

if TYPE_CHECKING:
    from tests.fuzz.choices import Choices

_KINDS = (
    *("assignment", "assignment", "assignment", "reassignment", "reassignment", "augmented", "augmented"),
    *("swap", "branch", "branch", "both_sides", "while_loop", "for_loop", "wide_range", "static_loop"),
    *("match", "local_array", "quotients", "unpack_call", "grid_stride", "constant_loop"),
)
_EXCHANGED = ("i32", "u32", "i64", "u64", "f32", "f64")
_SHUFFLES = ("shuffle", "shuffle_up", "shuffle_down", "shuffle_xor")
_REDUCTIONS = ("add", "min", "max", "and_", "or_", "xor")


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


class Statements:
    """The writer of statements."""

    def __init__(self, choices: Choices, features: set[str]) -> None:
        self.choices, self.features = choices, features
        self.expressions = Expressions(choices, features)
        self._names = 0
        self.flat = True

    def new(self, prefix: str = "v") -> str:
        """A name that nothing else has."""
        self._names += 1
        return f"{prefix}{self._names}"

    def statement(self, scope: Scope, depth: int) -> list[str]:
        """One statement."""
        kind = self.choices.pick(_KINDS if depth else _KINDS[:8])
        self.features.add(kind)
        lines: list[str] = getattr(self, f"_{kind}")(scope, depth)
        return lines

    def suite(self, scope: Scope, depth: int, most: int = 3) -> list[str]:
        """A nested suite, in a scope of its own."""
        inner = scope.inner()
        return _indented([s for _ in range(self.choices.integer(1, most)) for s in self.statement(inner, depth)])

    def _number(self, type: str, scope: Scope) -> str:
        text = self.expressions.number(type, scope, self.choices.integer(1, 3))
        return f"({text} + 0)" if text in scope.fixed and type == "i32" else text  # no witness

    def _assignment(self, scope: Scope, depth: int) -> list[str]:
        type, name = self.choices.pick((*NUMBERS, "bool")), self.new()
        value = self._number(type, scope)
        if type not in ("bool", "f16", "bf16") and self.choices.chance(15):
            line = f"{name}: {type} = {self.expressions.beside(type, scope, 2)}"
        elif type in ("i32", "f32") and self.choices.chance(20):
            line = f"{name} = {self.choices.integer(-9, 9) if type == 'i32' else '0.1'}"
        else:
            line = f"{name} = {value}"
        scope.variables[name] = type
        return [line]

    def _changeable(self, scope: Scope) -> list[str]:
        return [name for name in scope.variables if name not in scope.fixed]

    def _reassignment(self, scope: Scope, depth: int) -> list[str]:
        names = self._changeable(scope)
        if not names:
            return self._assignment(scope, depth)
        name = self.choices.pick(names)
        type = scope.variables[name]
        if type == "bool":
            return [f"{name} = {self._number(type, scope)}"]
        return [f"{name} = {self.expressions.beside(type, scope, 2)}"]

    def _augmented(self, scope: Scope, depth: int) -> list[str]:
        names = [name for name in self._changeable(scope) if scope.variables[name] != "bool"]
        if not names:
            return self._assignment(scope, depth)
        name = self.choices.pick(names)
        type = scope.variables[name]
        if type in INTEGERS and self.choices.chance(20):
            return [f"{name} {self.choices.pick(('//', '%'))}= ({self.expressions.number(type, scope, 1)} | 1)"]
        symbols = ("+", "-", "*", "&", "|", "^", "<<", ">>") if type in INTEGERS else ("+", "-", "*", "/")
        symbol = self.choices.pick(symbols)
        if symbol in ("<<", ">>"):
            return [f"{name} {symbol}= {self.choices.integer(0, WIDTHS[type] - 1)}"]
        return [f"{name} {symbol}= {self.expressions.beside(type, scope, 2)}"]

    def _swap(self, scope: Scope, depth: int) -> list[str]:
        names = self._changeable(scope)
        pairs = [(a, b) for a in names for b in names if a < b and scope.variables[a] == scope.variables[b]]
        if not pairs:
            first, second = self.new(), self.new()
            types = [self.choices.pick(NUMBERS) for _ in range(2)]
            values = [self._number(type, scope) for type in types]
            scope.variables.update({first: types[0], second: types[1]})
            return [f"{first}, {second} = {', '.join(values)}"]
        a, b = self.choices.pick(pairs)
        if self.choices.chance(40) and scope.variables[a] != "bool":
            return [f"{a}, {b} = {b}, {self.expressions.number(scope.variables[a], scope, 2)}"]
        return [f"{a}, {b} = {b}, {a}"]

    def _branch(self, scope: Scope, depth: int) -> list[str]:
        lines = [f"if {self.expressions.condition(scope, 2)}:", *self.suite(scope, max(0, depth - 1))]
        if self.choices.chance(30):
            lines += [f"elif {self.expressions.condition(scope, 2)}:", *self.suite(scope, max(0, depth - 1))]
        if self.choices.chance(50):
            lines += ["else:", *self.suite(scope, max(0, depth - 1))]
        return lines

    def _both_sides(self, scope: Scope, depth: int) -> list[str]:
        type, name = self.choices.pick(NUMBERS), self.new()
        condition = self.expressions.condition(scope, 2)
        yes, no = self._number(type, scope), self._number(type, scope)
        scope.variables[name] = type
        return [f"if {condition}:", f"    {name} = {yes}", "else:", f"    {name} = {no}"]

    def _looped(self, scope: Scope, depth: int) -> list[str]:
        """A loop's body, perhaps with a jump in the middle."""
        lines = self.suite(scope, max(0, depth - 1), 2)
        if self.choices.chance(40):
            word = self.choices.pick(("break", "continue"))
            self.features.add(word)
            lines += [f"    if {self.expressions.condition(scope, 2)}:", f"        {word}"]
            lines += self.suite(scope, max(0, depth - 1), 2)
        return lines

    def _while_loop(self, scope: Scope, depth: int) -> list[str]:
        counter, most = self.new("n"), self.choices.integer(1, 5)
        scope.variables[counter] = "i32"
        scope.fixed.add(counter)
        test = f"{counter} < {most}"
        if self.choices.chance(50):
            test += f" and {self.expressions.condition(scope, 1)}"
        body = [f"    {counter} += 1", *self._looped(scope, depth)]
        return [f"{counter} = 0", f"while {test}:", *body]

    def _for_loop(self, scope: Scope, depth: int) -> list[str]:
        name = self.new("k")
        start, step = self.choices.integer(-3, 3), self.choices.pick((1, 2, -1, -2, 3))
        stop = start + step * self.choices.integer(0, 4)
        bounds = f"{start}, {stop}, {step}"
        if self.choices.chance(40):
            bounds = f"({self.expressions.number('i32', scope, 1)}) & 3"
        call = f"range({bounds})"
        if self.choices.chance(10):
            call = f"gpu.unroll({call}, {self.choices.integer(1, 4)})"
        return self._loop(name, "i32", call, scope, depth)

    def _loop(
        self, name: str, type: str, call: str, scope: Scope, depth: int, first: list[str] | None = None
    ) -> list[str]:
        inner = scope.inner()
        inner.variables[name] = type
        return [f"for {name} in {call}:", *(first or []), *self._looped(inner, depth)]

    def _wide_range(self, scope: Scope, depth: int) -> list[str]:
        """A range from anywhere to anywhere, left after a few rounds."""
        type, name, counter = self.choices.pick(tuple(INTEGERS)), self.new("k"), self.new("n")
        start, stop = (self.expressions.number(type, scope, 1) for _ in range(2))
        if self.choices.chance(50):
            start = f"{type}({literal(self.choices.pick(edge_values(type)))})"
        step = f"({self.expressions.number(type, scope, 1)} | 1)"
        if self.choices.chance(60):
            step = str(self.choices.pick((1, 2, 3, 100) if type[0] == "u" else (1, 2, -1, -3, 100, -100)))
        guard = [f"    {counter} += 1", f"    if {counter} > 4:", "        break"]
        scope.variables[counter] = "i32"
        scope.fixed.add(counter)
        return [f"{counter} = 0", *self._loop(name, type, f"range({start}, {stop}, {step})", scope, depth, guard)]

    def _static_loop(self, scope: Scope, depth: int) -> list[str]:
        name, inner = self.new("k"), scope.inner()
        inner.weak[name] = 0
        bounds = self.choices.pick(("3", "1, 4", "0, 6, 2", "4, 0, -2"))
        return [f"for {name} in gpu.static_range({bounds}):", *self._looped(inner, depth)]

    def _constant_loop(self, scope: Scope, depth: int) -> list[str]:
        """An accumulation: the shape most loops have."""
        type, name = self.choices.pick(NUMBERS), self.new("a")
        lines = [f"{name} = {type}({self.expressions.weak(type)})"]
        inner = scope.inner()
        k = self.new("k")
        inner.variables.update({name: type, k: "i32"})
        step = f"    {name} = {name} {self.choices.pick(('+', '-', '*'))} {self.expressions.beside(type, inner, 2)}"
        scope.variables[name] = type
        return [*lines, f"for {k} in range({self.choices.integer(1, 6)}):", step]

    def _grid_stride(self, scope: Scope, depth: int) -> list[str]:
        if not self.flat:
            return self._for_loop(scope, depth)
        name, inner = self.new("k"), scope.inner()
        inner.fixed.add(name)
        return self._loop(name, "i32", f"gpu.grid_stride(n + {self.choices.integer(0, 9)})", inner, depth)

    def _match(self, scope: Scope, depth: int) -> list[str]:
        type = self.choices.pick(tuple(INTEGERS))
        subject = self.expressions.number(type, scope, 2)
        if self.choices.chance(70):
            subject = f"({subject} & 3)"
        lines = [f"match {subject}:"]
        for value in sorted({self.choices.integer(0, 4) for _ in range(self.choices.integer(1, 3))}):
            pattern = f"{value} | {value + 5}" if self.choices.chance(30) else str(value)
            guard = f" if {self.expressions.condition(scope, 1)}" if self.choices.chance(30) else ""
            lines += [f"    case {pattern}{guard}:", *_indented(self.suite(scope, 0, 2))]
        if self.choices.chance(60):
            lines += ["    case _:", *_indented(self.suite(scope, 0, 2))]
        return lines

    def _local_array(self, scope: Scope, depth: int) -> list[str]:
        type, name, k = self.choices.pick(NUMBERS), self.new("a"), self.new("k")
        extent = self.choices.integer(1, 6)
        inner = scope.inner()
        inner.variables[k] = "i32"
        filled = f"    {name}[{k}] = {self.expressions.beside(type, inner, 2)}"
        lines = [f"{name} = gpu.local_array({extent}, {type})", f"for {k} in range({extent}):", filled]
        scope.views.append(View(name, type, extent=extent))
        index = self.expressions.number("i32", scope, 1)
        symbol = self.choices.pick(("=", "+=", "-=", "*="))
        return [*lines, f"{name}[({index}) % {extent}] {symbol} {self.expressions.beside(type, scope, 2)}"]

    def _quotients(self, scope: Scope, depth: int) -> list[str]:
        type, names = self.choices.pick(NUMBERS), (self.new(), self.new())
        divisor = self.expressions.number(type, scope, 1)
        value = self.expressions.number(type, scope, 1)
        scope.variables.update(dict.fromkeys(names, type))
        return [f"{', '.join(names)} = divmod({value}, {f'({divisor} | 1)' if type in INTEGERS else divisor})"]

    def _unpack_call(self, scope: Scope, depth: int) -> list[str]:
        found = [function for function in scope.functions if len(function.results) > 1]
        if not found:
            return self._assignment(scope, depth)
        function, names = self.choices.pick(found), (self.new(), self.new())
        generic = self.choices.pick(T_TYPES)
        call = self.expressions.call(function, scope, 2, generic)
        for name, type in zip(names, function.results, strict=True):
            scope.variables[name] = generic if type == "T" else type
        return [f"{', '.join(names)} = {call}"]

    # where threads meet

    def meeting(self, scope: Scope, block: int) -> list[str]:
        """A barrier around shared memory, or a warp operation, for all threads of the block."""
        returned = "tail_return" in self.features
        kind = self.choices.pick(("shuffle", "vote", "reduction", *(() if returned else ("shared", "shared"))))
        self.features.add(kind)
        lines: list[str] = getattr(self, f"_{kind}")(scope, block)
        return lines

    def _shared(self, scope: Scope, block: int) -> list[str]:
        type, name, read = self.choices.pick(NUMBERS), self.new("a"), self.new()
        value = self.expressions.beside(type, scope, 2)
        index = self.expressions.number("i32", scope, 1)
        scope.variables[read] = type
        return [
            f"{name} = gpu.shared_array({block}, {type})",
            f"{name}[t] = {value}",
            "gpu.sync_threads()",
            f"{read} = {name}[({index}) % {block}]",
        ]

    def _shuffle(self, scope: Scope, block: int) -> list[str]:
        type, name = self.choices.pick(_EXCHANGED), self.new()
        value, how = self._number(type, scope), self.choices.pick(_SHUFFLES)
        lane = str(self.choices.integer(0, 31))
        if how == "shuffle" and self.choices.chance(50):
            lane = self.expressions.number("i32", scope, 1)
        scope.variables[name] = type
        return [f"{name} = gpu.{how}({value}, {lane})"]

    def _vote(self, scope: Scope, block: int) -> list[str]:
        how, name = self.choices.pick(("ballot", "any", "all", "match_any")), self.new()
        argument = self.expressions.condition(scope, 2)
        if how == "match_any":
            argument = self._number(self.choices.pick(_EXCHANGED[:4]), scope)
        scope.variables[name] = "bool" if how in ("any", "all") else "u32"
        return [f"{name} = gpu.{how}({argument})"]

    def _reduction(self, scope: Scope, block: int) -> list[str]:
        type, name = self.choices.pick(("i32", "u32")), self.new()
        value = self._number(type, scope)
        scope.variables[name] = type
        return [f"{name} = gpu.reduce_{self.choices.pick(_REDUCTIONS)}({value})"]

    # device functions

    def function(self, name: str, outer: Scope) -> tuple[str, Function]:
        """A device function: its text, and how it is called."""
        kind = self.choices.pick(("plain", "plain", "generic", "view"))
        self.features.add(f"device_{kind}")
        mark = "@gpu.device(inline=False)" if self.choices.chance(25) else "@gpu.device"
        constants = {n: t for n, t in outer.variables.items() if n.startswith("C")}
        callable_ = [function for function in outer.functions if not function.types[0].startswith("Slice")]
        scope = Scope(dict(constants), fixed=set(constants), functions=callable_)
        make = {"plain": self._plain, "generic": self._generic, "view": self._reader}[kind]
        parameters, function, body = make(name, scope, outer)
        results = function.results[0] if len(function.results) == 1 else f"tuple[{', '.join(function.results)}]"
        head = f"{mark}\ndef {name}({', '.join(parameters)}) -> {results}:"
        return "\n".join([head, *_indented(body)]), function

    def _plain(self, name: str, scope: Scope, outer: Scope) -> tuple[list[str], Function, list[str]]:
        types = [self.choices.pick(NUMBERS) for _ in range(self.choices.integer(1, 3))]
        parameters = [f"p{n}: {type}" for n, type in enumerate(types)]
        optional = 0
        if self.choices.chance(30):
            self.features.add("default")
            parameters[-1] += f" = {self.expressions.weak(types[-1])}"
            optional = 1
        scope.variables.update({f"p{n}": type for n, type in enumerate(types)})
        results = tuple(self.choices.pick(NUMBERS) for _ in range(self.choices.integer(1, 2)))
        body = [line for _ in range(self.choices.integer(0, 2)) for line in self._in_function(scope)]
        if self.choices.chance(50):
            self.features.add("early_return")
            body += [f"if {self.expressions.condition(scope, 2)}:", f"    return {self._returned(results, scope)}"]
        body.append(f"return {self._returned(results, scope)}")
        return parameters, Function(name, tuple(types), results, optional), body

    def _in_function(self, scope: Scope) -> list[str]:
        while True:
            kind = self.choices.pick(_KINDS)
            if kind != "grid_stride":
                self.features.add(kind)
                lines: list[str] = getattr(self, f"_{kind}")(scope, 0)
                return lines

    def _returned(self, results: tuple[str, ...], scope: Scope) -> str:
        return ", ".join(self.expressions.number(type, scope, 2) for type in results)

    def _generic(self, name: str, scope: Scope, outer: Scope) -> tuple[list[str], Function, list[str]]:
        a, b = (f"(p {self.choices.pick(('+', '-', '*'))} {other})" for other in ("q", self.choices.integer(0, 9)))
        value = self.choices.pick((f"{a} + {b}", f"{a} if p < q else {b}", f"{a} * T(c)", f"abs({a}) - c"))
        change = self.choices.pick(("+ p", "- p", "* p", "+ T(k)", "- q", "* q"))
        body = [f"r = {value}", "for k in range(c):", f"    r = r {change}"]
        results = self.choices.pick((("T",), ("T", "T")))
        function = Function(name, ("T", "T", "const"), results)
        body.append(f"return {', '.join(('r', 'p')[: len(results)])}")
        return ["p: T", "q: T", "c: gpu.Const[int]"], function, body

    def _reader(self, name: str, scope: Scope, outer: Scope) -> tuple[list[str], Function, list[str]]:
        views = [view for view in outer.views if view.rank == 1]
        if not views:
            return self._plain(name, scope, outer)
        type = self.choices.pick(views).type
        scope.views.append(View("x", type))
        scope.variables["p"] = "i32"
        result = self.choices.pick(NUMBERS)
        body = [f"return {self.expressions.number(result, scope, 3)}"]
        return [f"x: Slice[{type}]", "p: i32"], Function(name, (f"Slice[{type}]", "i32"), (result,)), body
