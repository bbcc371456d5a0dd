"""Structs on the host: their values taken apart, the layouts of arrays of them compared.

In: what a caller passed, and a layout of the manifest. Out: the numbers in a struct by name, or what differs. Its own
room because launch and simulator must agree on what a struct is, and neither may need NumPy for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import prod
from struct import pack, unpack
from typing import Any

from oxide_build.manifest import Field, Layout, Parameter


def numbers(parameter: Parameter) -> Iterator[Parameter]:
    """A scalar parameter as the numbers a launch passes: itself, or each scalar in a struct, called `p.origin.x`."""
    if parameter.struct is None:
        yield parameter
        return
    for field in parameter.struct.fields:
        inner = Parameter(f"{parameter.name}.{field.name}", "scalar", field.type, struct=field.struct)
        yield from numbers(inner)


def values(struct: Layout, value: Any) -> Iterator[Any]:
    """The values of all scalars in a struct, in order; raises ValueError with what was found where it is none.

    Takes an instance of a `@gpu.struct` class, or an element of a NumPy structured array.
    """
    names = tuple(field.name for field in struct.fields)
    if getattr(getattr(value, "dtype", None), "names", None) == names and getattr(value, "shape", None) == ():
        parts = [_number(field, value[field.name]) for field in struct.fields]
    elif tuple(getattr(value, "__dataclass_fields__", ())) == names:
        parts = [getattr(value, name) for name in names]
    else:
        raise ValueError(_found(value))
    for field, part in zip(struct.fields, parts, strict=True):
        if field.struct is None:
            yield part
        else:
            yield from values(field.struct, part)


def _number(field: Field, part: Any) -> Any:
    """An element's field; NumPy has no bfloat16, so there one is its bits, as in an array."""
    if field.type != "bf16" or str(part.dtype) != "uint16":
        return part
    return unpack("<f", pack("<HH", 0, int(part)))[0]


def _found(value: Any) -> str:
    fields = getattr(getattr(value, "dtype", None), "names", None) or tuple(getattr(value, "__dataclass_fields__", ()))
    name = type(value).__qualname__
    return f"a {name} with the fields {', '.join(fields)}" if fields else f"{value!r} ({name})"


def described(layout: Layout) -> str:
    """A layout in words: `24 bytes: alive bool at 0, at (x f32 at 0, y f32 at 4) at 4`."""
    return f"{layout.size} bytes: {_fields(layout)}"


def _fields(layout: Layout) -> str:
    texts = (field.type if field.struct is None else f"({_fields(field.struct)})" for field in layout.fields)
    pairs = zip(layout.fields, texts, strict=True)
    return ", ".join(f"{field.name} {text} at {field.offset}" for field, text in pairs)


def from_description(name: str, described: Sequence[Any], size: int) -> Layout:
    """The layout of elements that NumPy's `dtype.descr` and `__cuda_array_interface__` describe as `described`.

    A field of a type that kernels have not keeps its name there, which agrees with none of theirs.
    """
    fields: list[Field] = []
    offset = 0
    for entry in described:
        if entry[0]:
            fields.append(_field(offset, *entry))
        offset += _size(*entry[1:])
    return Layout(name, size, 1, tuple(fields))


def _field(offset: int, title: Any, type: Any, shape: Sequence[int] = ()) -> Field:
    name = title if isinstance(title, str) else title[1]
    if isinstance(type, list) and not shape:
        return Field(name, offset, "", from_description("", type, _size(type)))
    return Field(name, offset, f"{scalar_name(str(type))}{list(shape) if shape else ''}")


def _size(type: Any, shape: Sequence[int] = ()) -> int:
    if isinstance(type, list):
        return prod(shape) * sum(_size(*entry[1:]) for entry in type)
    digits = re.search(r"\d+", type)
    return prod(shape) * int(digits[0] if digits else 0)


def scalar_name(typestr: str) -> str:
    """The scalar type that `<f4` stands for; the text itself where kernels have none."""
    match = re.fullmatch(r"[<|]([biuf])(\d+)", typestr)
    if match is None:
        return typestr
    return "bool" if match[1] == "b" else f"{match[1]}{8 * int(match[2])}"


def agree(declared: Layout, found: Layout) -> bool:
    """Whether two layouts put the same numbers at the same places; a struct's own name matters not, bf16 is 16 bits."""
    pairs = zip(declared.fields, found.fields, strict=False)
    fields = len(declared.fields) == len(found.fields) and all(_same(*pair) for pair in pairs)
    return fields and declared.size == found.size


def _same(declared: Field, found: Field) -> bool:
    if (declared.name, declared.offset) != (found.name, found.offset):
        return False
    if declared.struct is not None and found.struct is not None:
        return agree(declared.struct, found.struct)
    types = declared.type, found.type
    return declared.struct is found.struct and (types[0] == types[1] or types == ("bf16", "u16"))
