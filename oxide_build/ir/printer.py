"""A module as text: deterministic, readable, and read back by `parser`.

Values keep their hints (`%acc`), made unique by a number where a hint occurs again;
values without one are numbered. Blocks are numbered in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oxide_build.ir.core import Attribute, Function, Global, Module, Op, Successor, Value
from oxide_build.ir.types import Pointer, Struct, Type, View

VERSION = 1


def print_module(module: Module) -> str:
    """The whole module, ending in a line end."""
    head = [f"oxide.ir {VERSION}", f"module @{module.name}{_attributes(module.attributes)}"]
    head += [_struct(struct) for struct in _structs(module)]
    globals_ = [_global(item) for item in module.globals.values()]
    functions = [print_function(function) for function in module.functions.values()]
    return "\n".join(["\n".join(head + globals_), *functions]) + "\n"


def print_function(function: Function) -> str:
    """One function, ending in its closing brace."""
    return "\n".join(_FunctionPrinter(function).lines())


class _FunctionPrinter:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.blocks = {block: f"^bb{index}" for index, block in enumerate(function.blocks)}
        self.values: dict[Value, str] = {}
        self.taken: set[str] = set()
        self.unnamed = 0
        for value in _definitions(function):
            self._name(value)

    def _name(self, value: Value) -> None:
        if value.name is None:
            name = str(self.unnamed)
            self.unnamed += 1
        else:
            name = _fresh(value.name, self.taken)
        self.taken.add(name)
        self.values[value] = f"%{name}"

    def lines(self) -> Iterator[str]:
        function = self.function
        parameters = self._typed(function.parameters)
        results = f" -> {_types(function.results)}" if function.results else ""
        yield f"{function.kind} @{function.name}({parameters}){results}{_attributes(function.attributes)} {{"
        for index, block in enumerate(function.blocks):
            arguments = f"({self._typed(block.arguments)})" if index and block.arguments else ""
            yield f"{self.blocks[block]}{arguments}:"
            yield from (f"  {self._op(op)}" for op in block.ops)
        yield "}"

    def _op(self, op: Op) -> str:
        left = f"{', '.join(self.values[r] for r in op.results)} = " if op.results else ""
        operands = [self.values.get(v, "%<unplaced>") for v in op.operands]
        successors = [self._successor(successor) for successor in op.successors]
        right = f" {', '.join(operands + successors)}" if operands or successors else ""
        types = f" : {', '.join(str(r.type) for r in op.results)}" if op.results else ""
        return f"{left}{op.name}{right}{_attributes(op.attributes)}{types}"

    def _successor(self, successor: Successor) -> str:
        arguments = ", ".join(self.values.get(v, "%<unplaced>") for v in successor.arguments)
        label = self.blocks.get(successor.block, "^<unplaced>")
        return f"{label}({arguments})" if arguments else label

    def _typed(self, values: Iterable[Value]) -> str:
        return ", ".join(f"{self.values[value]}: {value.type}" for value in values)


def _definitions(function: Function) -> Iterator[Value]:
    for block in function.blocks:
        yield from block.arguments
        for op in block.ops:
            yield from op.results


def _structs(module: Module) -> list[Struct]:
    """Every struct a module uses, each behind those that are its fields."""
    found: dict[Struct, None] = {}
    for function in module.functions.values():
        for value in _definitions(function):
            _collect(value.type, found)
        for type in function.results:
            _collect(type, found)
    return list(found)


def _collect(type: Type | None, found: dict[Struct, None]) -> None:
    if isinstance(type, (Pointer, View)):
        _collect(type.element, found)
    elif isinstance(type, Struct) and type not in found:
        for _, field in type.fields:
            _collect(field, found)
        found[type] = None


def _struct(struct: Struct) -> str:
    return f"struct {struct.name} {{{', '.join(f'{name}: {type}' for name, type in struct.fields)}}}"


def _fresh(hint: str, taken: set[str]) -> str:
    if hint not in taken:
        return hint
    number = 1
    while f"{hint}.{number}" in taken:
        number += 1
    return f"{hint}.{number}"


def _types(types: tuple[Type, ...]) -> str:
    return str(types[0]) if len(types) == 1 else f"({', '.join(map(str, types))})"


def _attributes(attributes: dict[str, Attribute]) -> str:
    if not attributes:
        return ""
    return " {" + ", ".join(f"{key} = {_literal(value)}" for key, value in attributes.items()) + "}"


def _literal(value: Attribute) -> str:
    if isinstance(value, tuple):
        inner = ", ".join(map(_literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return str(value) if isinstance(value, Type) else repr(value)


def _global(item: Global) -> str:
    values = "" if item.values is None else f" = {_literal(item.values)}"
    return f"global @{item.name} : {item.count} x {item.element}, {item.space}, align {item.alignment}{values}"
