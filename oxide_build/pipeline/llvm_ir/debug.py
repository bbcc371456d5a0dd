"""Metadata: from instructions to source lines, and what loops ask of the optimiser.

`DebugDirectivesOnly` gives PTX `.loc` lines for profilers and sanitizers without debug
sections and without switching off optimisation.
"""

from __future__ import annotations

from oxide_build.errors import SourceFile, Span
from oxide_build.ir import Function
from oxide_build.pipeline.llvm_ir.literals import string_text


class Metadata:
    """The metadata nodes of one module, numbered as they are first needed."""

    def __init__(self) -> None:
        self._nodes: dict[str, int] = {}
        self._units: list[int] = []

    def _node(self, text: str) -> int:
        return self._nodes.setdefault(text, len(self._nodes))

    def loop(self, unroll: int) -> int:
        """The node of a loop that asks for so many copies of its body: each loop has one of its own."""
        count = self._node(f'!{{!"llvm.loop.unroll.count", i32 {unroll}}}')
        number = len(self._nodes)
        return self._node(f"distinct !{{!{number}, !{count}}}")

    def _file(self, source: SourceFile) -> int:
        return self._node(f'!DIFile(filename: {string_text(source.path.encode())}, directory: "")')

    def _unit(self, source: SourceFile) -> int:
        unit = self._node(
            f"distinct !DICompileUnit(language: DW_LANG_Python, file: !{self._file(source)}, "
            'producer: "oxide-build", isOptimized: true, runtimeVersion: 0, emissionKind: DebugDirectivesOnly)'
        )
        if unit not in self._units:
            self._units.append(unit)
        return unit

    def subprogram(self, function: Function) -> int | None:
        """The node of a function; None where its source is unknown."""
        span = function.span
        if span is None:
            return None
        signature = self._node("!DISubroutineType(types: !{})")
        return self._node(
            f"distinct !DISubprogram(name: {string_text(function.name.encode())}, scope: !{self._file(span.source)}, "
            f"file: !{self._file(span.source)}, line: {span.line}, type: !{signature}, scopeLine: {span.line}, "
            f"spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !{self._unit(span.source)})"
        )

    def location(self, span: Span | None, subprogram: int) -> int:
        """The node of a place in a function; line 0, the compiler's own, where it is unknown."""
        line, column = (0, 0) if span is None else (span.line, span.column)
        return self._node(f"!DILocation(line: {line}, column: {column}, scope: !{subprogram})")

    def flag(self, behavior: int, name: str, value: int) -> int:
        """The node of a module flag."""
        return self._node(f'!{{i32 {behavior}, !"{name}", i32 {value}}}')

    def lines(self, flags: list[tuple[int, str, int]]) -> list[str]:
        """The named metadata of the module, then every node."""
        if self._units:
            flags = [*flags, (2, "Dwarf Version", 2), (2, "Debug Info Version", 3)]
        named = {"llvm.dbg.cu": self._units, "llvm.module.flags": [self.flag(*flag) for flag in flags]}
        lists = [f"!{name} = !{{{', '.join(f'!{n}' for n in nodes)}}}" for name, nodes in named.items() if nodes]
        return lists + [f"!{number} = {text}" for text, number in self._nodes.items()]
