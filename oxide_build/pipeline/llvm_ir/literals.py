"""Types, constants and names as LLVM spells them."""

from __future__ import annotations

import math
import re
import struct

from oxide_build.ir import Global
from oxide_build.ir.types import Pointer, Scalar, Space, Type

_TYPES = {"bool": "i1", "f16": "half", "bf16": "bfloat", "f32": "float", "f64": "double"}
ADDRESS_SPACES: dict[Space, int] = {"generic": 0, "global": 1, "shared": 3, "constant": 4, "local": 5}


def type_text(type: Type) -> str:
    """`i32`, `float`, `ptr addrspace(1)`."""
    if isinstance(type, Pointer):
        number = ADDRESS_SPACES[type.space]
        return f"ptr addrspace({number})" if number else "ptr"
    assert isinstance(type, Scalar)
    return _TYPES.get(type.name, type.name)


def results_text(results: tuple[Type, ...]) -> str:
    """What a function returns: nothing, one value, or a struct of several."""
    if len(results) == 1:
        return type_text(results[0])
    return f"{{ {', '.join(map(type_text, results))} }}" if results else "void"


def constant_text(value: int | float | bool, type: Scalar) -> str:
    """A constant; floats are the hexadecimal of the value rounded to the type."""
    if type.kind == "bool":
        return "true" if value else "false"
    if not type.is_float:
        return str(value)
    if type.name == "f16":
        return f"0xH{_bits(_rounded(value, 'e'), 'e'):04X}"
    if type.name == "bf16":
        return f"0xR{_bfloat_bits(value):04X}"
    return f"0x{_bits(_rounded(value, 'f') if type.name == 'f32' else float(value), 'd'):016X}"


def _bits(value: float, form: str) -> int:
    return int.from_bytes(struct.pack(f">{form}", value), "big")


def _rounded(value: float, form: str) -> float:
    """The nearest value of a narrower type, infinity beyond its range."""
    try:
        (result,) = struct.unpack(f">{form}", struct.pack(f">{form}", value))
    except OverflowError:
        return math.copysign(math.inf, value)
    return float(result)


def _bfloat_bits(value: float) -> int:
    """The upper half of the f32, rounded to even."""
    bits = _bits(_rounded(value, "f"), "f")
    return 0x7FC0 if math.isnan(value) else (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def string_text(text: bytes) -> str:
    """A string literal, quotes included."""
    return '"' + "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\{c:02X}" for c in text) + '"'


def symbol_text(name: str) -> str:
    """The name of a function or of memory, quoted where LLVM needs it."""
    return f"@{name}" if re.fullmatch(r"[A-Za-z_][A-Za-z_0-9.]*", name) else f"@{string_text(name.encode())}"


def global_text(item: Global) -> str:
    """The definition of a module's memory: constant where it has values, external where it has no elements."""
    if not item.count:
        kind = f"external addrspace({ADDRESS_SPACES[item.space]}) global"
        return f"{symbol_text(item.name)} = {kind} [0 x {type_text(item.element)}], align {item.alignment}"
    kind = "global" if item.values is None else "constant"
    space = f"addrspace({ADDRESS_SPACES[item.space]})"
    array = f"[{item.count} x {type_text(item.element)}]"
    return f"{symbol_text(item.name)} = internal {space} {kind} {array} {_values(item)}, align {item.alignment}"


def _values(item: Global) -> str:
    if item.values is None:
        return "undef"
    if item.element.name == "i8":
        return "c" + string_text(bytes(int(value) & 0xFF for value in item.values))
    element = type_text(item.element)
    return f"[{', '.join(f'{element} {constant_text(value, item.element)}' for value in item.values)}]"
