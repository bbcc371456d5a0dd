"""Random kernels: source text that is well typed by construction, with a launch and inputs.

In: choices. Out: a `Program`. Nothing in it lacks a defined answer: divisors are not zero,
indices are taken modulo extents, each thread writes its own elements, and threads meet in
uniform control flow only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fuzz.arrays import stored
from tests.fuzz.expressions import NUMBERS, Scope, View, edges
from tests.fuzz.numbers import INTEGERS, WIDTHS, from_bits, to_float
from tests.fuzz.statements import Statements

if TYPE_CHECKING:
    from tests.fuzz.choices import Choices

HEAD = """\
import math
from typing import TypeVar

from oxide_build import gpu
from oxide_build.gpu import (
    DisjointSlice, DisjointSlice2D, MutSlice, MutSlice2D, Slice, Slice2D,
    bf16, f16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64,
)

T = TypeVar("T", i32, u8, i64, f32, f64, u32)
"""
_BLOCKS = (1, 4, 32, 7, 33, 64, 48)
_SPECIAL = (
    *(float("nan"), float("inf"), -float("inf"), -0.0, 0.0, 1.0, -1.0, 0.5, 3.7, -2.5),
    *(1e-42, 65504.0, 3e9, 1e300),
)
_COUNTED = ("add", "sub", "min", "max", "and_", "or_", "xor")


@dataclass
class Program:
    """A kernel `name` in `source` (which lacks the head), its launch, and its arguments in order."""

    name: str
    source: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    types: list[str]
    arguments: list[Any]
    features: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The whole kernel module."""
        return HEAD + self.source

    def copies(self) -> list[Any]:
        """The arguments, arrays copied."""
        return [value.copy() if hasattr(value, "copy") else value for value in self.arguments]


def program(choices: Choices, name: str) -> Program:
    """A random program; `name` is its kernel's, and in the names of all else at the top of its source."""
    return _Writer(choices, name).program()


class _Writer:
    def __init__(self, choices: Choices, name: str) -> None:
        self.choices, self.name = choices, name
        self.features: set[str] = set()
        self.statements = Statements(choices, self.features)
        self.expressions = self.statements.expressions
        self.scope = Scope()
        self.parts: list[str] = []
        self.parameters: list[str] = []
        self.types: list[str] = []
        self.arguments: list[Any] = []

    def program(self) -> Program:
        """Constants, device functions, the kernel."""
        choices = self.choices
        block, grid = choices.pick(_BLOCKS), choices.integer(1, 2)
        flat = not choices.chance(20)
        self.statements.flat = flat
        self._constants()
        self._inputs()
        self._functions()
        threads = grid * block
        shape = (grid, block) if flat else (2, 4 * grid)
        outputs = [self._output(f"out{n}", threads if flat else (2, 4 * grid)) for n in range(choices.integer(1, 3))]
        extent = threads if not flat or choices.chance(60) else max(1, threads - choices.integer(0, 9))
        lines = self._kernel(flat, outputs, block, extent)
        launch = ((grid, 1, 1), (shape[1], 1, 1)) if flat else ((grid, 1, 1), (4, 2, 1))
        decorated = f"@gpu.kernel\ndef {self.name}({', '.join(self.parameters)}) -> None:"
        body = "\n".join("    " + line for line in lines)
        source = "\n\n\n".join([*self.parts, f"{decorated}\n{body}\n"])
        return Program(self.name, source, *launch, self.types, self.arguments, sorted(self.features))

    def _kernel(self, flat: bool, outputs: list[tuple[str, str]], block: int, extent: int) -> list[str]:
        self.parameters.append("n: i32")
        self.types.append("i32")
        self.arguments.append(extent)
        scope = self.scope
        scope.fixed.add("i")
        if flat:
            lines, place = ["i = gpu.index_1d()", "t = gpu.thread_idx.x"], "i"
        else:
            self.features.add("index_2d")
            lines, place = ["i, t = gpu.index_2d()"], "i, t"
            scope.fixed.add("t")
        scope.variables.update(i="i32", t="i32")
        scope.fixed.update(("t", "n"))
        scope.variables["n"] = "i32"
        for _ in range(self.choices.integer(1, 4)):
            lines += self.statements.statement(scope, 2)
        if flat:
            for _ in range(self.choices.integer(0, 2)):
                lines += self.statements.meeting(scope, block)
        if self.choices.chance(30):
            self.features.add("tail_return")
            lines += ["if i >= n:", "    return"]
            if flat and self.choices.chance(50):
                self.features.add("meeting_after_return")
                lines += self.statements.meeting(scope, block)
        for _ in range(self.choices.integer(1, 4)):
            lines += self.statements.statement(scope, 2)
        lines += self._counts(scope)
        for name, type in outputs:
            lines.append(f"{name}[{place}] = {self.expressions.number(type, scope, 3)}")
            if self.choices.chance(40):
                lines += self._changed(name, type, place, scope)
        return lines

    def _changed(self, name: str, type: str, place: str, scope: Scope) -> list[str]:
        self.features.add("element_augmented")
        value = self.expressions.beside(type, scope, 2)
        symbol = self.choices.pick(("+", "-", "*"))
        return [f"if {self.expressions.condition(scope, 1)}:", f"    {name}[{place}] {symbol}= {value}"]

    def _counts(self, scope: Scope) -> list[str]:
        if not self.choices.chance(25):
            return []
        type, operation = self.choices.pick(("i32", "u32", "i64", "u64")), self.choices.pick(_COUNTED)
        self.features.add("atomic")
        self.parameters.append(f"counts: MutSlice[{type}]")
        self._array(type, 4)
        index = self.expressions.number("i32", scope, 1)
        value = self.expressions.number(type, scope, 2)
        return [f"gpu.atomic_{operation}(counts, ({index}) % 4, {value})"]

    def _constants(self) -> None:
        for n in range(self.choices.integer(0, 2)):
            type, name = self.choices.pick(NUMBERS), f"C{n}_{self.name}"
            self.parts.append(f"{name} = {type}({self.expressions.weak(type)})")
            self.scope.variables[name] = type
            self.scope.fixed.add(name)
        if self.choices.chance(30):
            self.features.add("table")
            type, name = self.choices.pick((*INTEGERS, "f32", "f64")), f"TABLE_{self.name}"
            values = [self.expressions.weak(type) for _ in range(self.choices.integer(1, 5))]
            values = [value for value in values if "inf" not in value] or ["0"]
            self.parts.append(f"{name} = gpu.table(({', '.join(values)},), {type})")
            self.scope.views.append(View(name, type, extent=len(values)))

    def _inputs(self) -> None:
        for n in range(self.choices.integer(1, 3)):
            type, rank = self.choices.pick(NUMBERS), 2 if self.choices.chance(20) else 1
            name = f"x{n}"
            self.parameters.append(f"{name}: Slice{'2D' * (rank - 1)}[{type}]")
            self._array(type, self.choices.integer(1, 24) if rank == 1 else (2, self.choices.integer(1, 8)))
            self.scope.views.append(View(name, type, rank))
        for n in range(self.choices.integer(0, 3)):
            type = self.choices.pick([t for t in (*NUMBERS, "bool") if t != "bf16"])
            self.parameters.append(f"s{n}: {type}")
            self.types.append(type)
            self.arguments.append(bool(self._value("u8") & 1) if type == "bool" else self._value(type))
            self.scope.variables[f"s{n}"] = type

    def _output(self, name: str, shape: Any) -> tuple[str, str]:
        type = self.choices.pick(NUMBERS)
        kind = self.choices.pick(("DisjointSlice", "MutSlice"))
        self.parameters.append(f"{name}: {kind}{'2D' if isinstance(shape, tuple) else ''}[{type}]")
        self._array(type, shape)
        return name, type

    def _array(self, type: str, shape: Any) -> None:
        count = shape if isinstance(shape, int) else shape[0] * shape[1]
        values = [self._value(type) for _ in range(min(count, 24))]
        self.types.append(type)
        self.arguments.append(stored([values[n % len(values)] for n in range(count)], type).reshape(shape))

    def _value(self, type: str) -> Any:
        if type in INTEGERS:
            if self.choices.chance(60):
                return self.choices.pick(edges(type))
            return from_bits(self.choices.integer(0, (1 << WIDTHS[type]) - 1), type)
        if self.choices.chance(50):
            return to_float(self.choices.pick(_SPECIAL), type)
        if self.choices.chance(50):
            return to_float(self.choices.integer(-1000, 1000) / 8, type)
        value = from_bits(self.choices.integer(0, (1 << WIDTHS[type]) - 1), type)
        return value if value == value else 1.0

    def _functions(self) -> None:
        for n in range(self.choices.integer(0, 2)):
            text, function = self.statements.function(f"d{n}_{self.name}", self.scope)
            self.parts.append(text)
            self.scope.functions.append(function)
