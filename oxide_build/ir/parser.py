"""The printer's text back into a module.

In: text and the dialects it may use. Out: a module without source positions. It reads
exactly what `printer` writes; anything else is an IRSyntaxError with line and column.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from oxide_build.ir.core import Attribute, Block, Function, Global, Module, Op, Successor, Value
from oxide_build.ir.definition import Dialect, OpDefinition
from oxide_build.ir.printer import VERSION
from oxide_build.ir.types import SCALARS, Access, Element, Pointer, Scalar, Space, Struct, Type, View

T = TypeVar("T")

_TOKEN = re.compile(
    r"""(?P<space>[ \n]+)
      | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<value>%[\w.]+)
      | (?P<block>\^bb\d+)
      | (?P<symbol>@[\w.]+)
      | (?P<shape>(?:(?:\?|\d+)x)+(?=[A-Za-z_]))
      | (?P<number>-?(?:\d+\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+|\d+|inf\b))
      | (?P<word>[A-Za-z_][\w.]*)
      | (?P<mark>->|[(){}<>=:,])""",
    re.VERBOSE,
)
_CONSTANTS: dict[str, Attribute] = {"True": True, "False": False, "None": None, "nan": float("nan")}


class IRSyntaxError(ValueError):
    """Text that the printer did not write."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    offset: int
    starts_line: bool


def parse_module(text: str, dialects: Iterable[Dialect]) -> Module:
    """Read a printed module; raises IRSyntaxError."""
    definitions = {name: op for dialect in dialects for name, op in dialect.by_name().items()}
    return _Parser(text, definitions).module()


class _Parser:
    def __init__(self, text: str, definitions: dict[str, OpDefinition]) -> None:
        self.text = text
        self.definitions = definitions
        self.tokens = self._scan()
        self.position = 0
        self.values: dict[str, Value] = {}
        self.blocks: dict[str, Block] = {}
        self.structs: dict[str, Struct] = {}

    def _scan(self) -> list[_Token]:
        tokens: list[_Token] = []
        offset, fresh = 0, True
        while offset < len(self.text):
            match = _TOKEN.match(self.text, offset)
            if match is None:
                raise self._error(offset, f"unexpected {self.text[offset]!r}")
            if match.lastgroup == "space":
                fresh = "\n" in match[0]
            else:
                tokens.append(_Token(str(match.lastgroup), match[0], offset, fresh))
                fresh = False
            offset = match.end()
        return [*tokens, _Token("end", "end of text", offset, True)]

    def _error(self, offset: int, message: str) -> IRSyntaxError:
        line = self.text.count("\n", 0, offset) + 1
        return IRSyntaxError(f"{line}:{offset - self.text.rfind(chr(10), 0, offset)}: {message}")

    # tokens

    def at(self, text: str) -> bool:
        return self.tokens[self.position].text == text

    def take(self, kind: str | None = None, text: str | None = None) -> str:
        token = self.tokens[self.position]
        if (kind is not None and token.kind != kind) or (text is not None and token.text != text):
            raise self._error(token.offset, f"expected {text or kind}, found {token.text!r}")
        self.position += 1
        return token.text

    def skip(self, text: str) -> bool:
        found = self.at(text)
        self.position += found
        return found

    def listed(self, item: Callable[[], T], close: str) -> list[T]:
        """Items between commas up to `close`, which is consumed; a trailing comma is allowed."""
        items: list[T] = []
        while not self.skip(close):
            items.append(item())
            if not self.skip(","):
                self.take(text=close)
                break
        return items

    # types and attributes

    def type(self) -> Type:
        word = self.take("word")
        if word in SCALARS or word in self.structs:
            return self._known(word)
        self.take(text="<")
        return self._pointer() if word == "ptr" else self._view()

    def _pointer(self) -> Pointer:
        if self.tokens[self.position + 1].text == ">":
            space = self.take("word")
            self.take(text=">")
            return Pointer(None, cast(Space, space))
        element = self.type()
        self.take(text=",")
        space = self.take("word")
        self.take(text=">")
        return Pointer(element, cast(Space, space))

    def _view(self) -> View:
        extents = self.take("shape").rstrip("x").split("x")
        element = self._known(self.take("word"))
        self.take(text=",")
        access = self.take("word")
        self.take(text=",")
        space = self.take("word")
        wide = self.skip(",") and self.take(text="wide") == "wide"
        self.take(text=">")
        shape = tuple(None if extent == View.DYNAMIC else int(extent) for extent in extents)
        return View(element, shape, cast(Access, access), cast(Space, space), wide)

    def _known(self, word: str) -> Element:
        return self.structs[word] if word in self.structs else SCALARS[word]

    def _struct(self) -> Struct:
        name = self.take("word")
        self.take(text="{")
        return Struct(name, tuple(self.listed(self._field, "}")))

    def _field(self) -> tuple[str, Element]:
        name = self.take("word")
        self.take(text=":")
        return name, self._known(self.take("word"))

    def scalar(self) -> Scalar:
        return SCALARS[self.take("word")]

    def attributes(self) -> dict[str, Attribute]:
        if not self.skip("{"):
            return {}
        return dict(self.listed(self._attribute, "}"))

    def _attribute(self) -> tuple[str, Attribute]:
        key = self.take("word")
        self.take(text="=")
        return key, self.literal()

    def literal(self) -> Attribute:
        if self.skip("("):
            return tuple(self.listed(self.literal, ")"))
        token = self.tokens[self.position]
        if token.kind == "string":
            return ast.literal_eval(self.take())
        if token.kind == "number" or token.text == "inf":
            text = self.take()
            return float(text) if not re.fullmatch(r"-?\d+", text) else int(text)
        if token.text in _CONSTANTS:
            return _CONSTANTS[self.take()]
        return self.type()

    # structure

    def module(self) -> Module:
        self.take(text="oxide.ir")
        self.take(text=str(VERSION))
        self.take(text="module")
        module = Module(self.take("symbol")[1:])
        module.attributes = self.attributes()
        while self.skip("struct"):
            struct = self._struct()
            self.structs[struct.name] = struct
        while self.skip("global"):
            item = self._global()
            module.globals[item.name] = item
        while not self.at("end of text"):
            function = self._function()
            module.functions[function.name] = function
        return module

    def _global(self) -> Global:
        name = self.take("symbol")[1:]
        self.take(text=":")
        count = int(self.take("number"))
        self.take(text="x")
        element = self.scalar()
        self.take(text=",")
        space = cast(Space, self.take("word"))
        self.take(text=",")
        self.take(text="align")
        alignment = int(self.take("number"))
        values = self.literal() if self.skip("=") else None
        return Global(name, element, count, space, alignment, values)

    def _function(self) -> Function:
        kind = cast(Literal["kernel", "device"], self.take("word"))
        name = self.take("symbol")[1:]
        self.values, self.blocks = {}, {}
        entry = self._block("^bb0")
        self.take(text="(")
        self.listed(lambda: self._argument(entry), ")")
        results = self._results() if self.skip("->") else ()
        attributes = self._function_attributes()
        self.take(text="{")
        order: list[Block] = []
        while not self.skip("}"):
            order.append(self._labelled_block())
        self._check_resolved(order)
        return Function(name, kind, results, attributes, order)

    def _function_attributes(self) -> dict[str, Attribute]:
        opens_body = self.tokens[self.position + 1].kind == "block"
        return {} if opens_body else self.attributes()

    def _results(self) -> tuple[Type, ...]:
        return tuple(self.listed(self.type, ")")) if self.skip("(") else (self.type(),)

    def _block(self, label: str) -> Block:
        return self.blocks.setdefault(label, Block())

    def _argument(self, block: Block) -> None:
        name = self.take("value")
        self.take(text=":")
        self._define(name, block.add_argument(self.type()))

    def _define(self, name: str, value: Value) -> None:
        value.name = None if name[1:].isdigit() else name[1:]
        if name in self.values:
            raise self._error(self.tokens[self.position].offset, f"{name} is defined twice")
        self.values[name] = value

    def _labelled_block(self) -> Block:
        block = self._block(self.take("block"))
        if self.skip("("):
            self.listed(lambda: self._argument(block), ")")
        self.take(text=":")
        while self.tokens[self.position].kind != "block" and not self.at("}"):
            block.append(self._op())
        return block

    def _op(self) -> Op:
        names = self._result_names()
        token = self.tokens[self.position]
        definition = self.definitions.get(self.take("word"))
        if definition is None:
            raise self._error(token.offset, f"unknown operation {token.text!r}")
        operands, successors = self._operands()
        op = Op(definition, operands, self.attributes(), successors)
        types = self._result_types() if names else []
        if len(types) != len(names):
            raise self._error(token.offset, f"{len(names)} results but {len(types)} types")
        for name, type in zip(names, types, strict=True):
            op.results.append(Value(type, op))
            self._define(name, op.results[-1])
        return op

    def _result_names(self) -> list[str]:
        names: list[str] = []
        while self.tokens[self.position].kind == "value":
            names.append(self.take())
            if not self.skip(","):
                self.take(text="=")
        return names

    def _result_types(self) -> list[Type]:
        self.take(text=":")
        types = [self.type()]
        while self.skip(","):
            types.append(self.type())
        return types

    def _operands(self) -> tuple[list[Value], list[Successor]]:
        operands: list[Value] = []
        successors: list[Successor] = []
        while (kind := self._on_this_line()) in ("value", "block"):
            if kind == "value":
                operands.append(self._use())
            else:
                successors.append(self._successor())
            if not self.skip(","):
                break
        return operands, successors

    def _on_this_line(self) -> str:
        """The kind of the next token, or nothing when it begins another line."""
        token = self.tokens[self.position]
        return "" if token.starts_line else token.kind

    def _successor(self) -> Successor:
        block = self._block(self.take("block"))
        return Successor(block, self.listed(self._use, ")") if self.skip("(") else [])

    def _use(self) -> Value:
        token = self.tokens[self.position]
        name = self.take("value")
        if name not in self.values:
            raise self._error(token.offset, f"{name} is used before its definition in the text")
        return self.values[name]

    def _check_resolved(self, order: list[Block]) -> None:
        missing = [label for label, block in self.blocks.items() if block not in order]
        if missing:
            raise self._error(self.tokens[self.position].offset, f"no block {', '.join(missing)}")
