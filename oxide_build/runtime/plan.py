"""The launch plan: straight-line Python for one kernel and the kinds of arguments that a launch of it had.

In: a `Recipe`, what a launch that went well has shown. Out: a function that launches again where the arguments are of
the same kind and nothing is wrong with them, and else says "not me": False, nothing launched, nothing raised. Its own
room because the general way (`Configuration`) is the one source of errors and asks every question in words; this one
asks the same questions in the fewest instructions. What it refuses, the general way takes or words.

The text is made from the recipe alone, so kernels with equal parameters share the compiled code.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from oxide_build.manifest import Contract, Expression, Kernel, Parameter
from oxide_build.records import dataclass
from oxide_build.runtime import packing, scalars
from oxide_build.signature import INTEGER_RANGES, LARGEST_FLOATS, declared_type, largest_extent, rounded

Attempt = Callable[[tuple[int, ...], "int | None", tuple[Any, ...]], bool]
"""`attempt(geometry, stream, arguments)`; the geometry is grid, block and bytes of dynamic shared memory."""


@dataclass(frozen=True)
class Reader:
    """How a library's arrays are asked for what a launch needs; `{0}` is the array.

    `mark` is the attribute that is one object for all arrays of the same elements.
    """

    pointer: str
    device: str
    contiguous: str
    mark: str = "dtype"


READERS: Mapping[tuple[str, str], Reader] = {
    ("torch", "Tensor"): (_torch := Reader("{0}.data_ptr()", "{0}.get_device()", "{0}.is_contiguous()")),
    ("torch", "Parameter"): _torch,
    ("cupy", "ndarray"): Reader("{0}.data.ptr", "{0}.data.device_id", "{0}._c_contiguous"),
    ("oxide_build", "Memory"): Reader("{0}.address", "{0}.device", "True", "mark"),
}
"""By top-level module and name of the exact type; other arrays are launched in the general way."""

_SIGNS = ("+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">=")
OPERATORS: Mapping[str, str] = dict(
    zip(("add", "sub", "mul", "div", "floordiv", "mod", "eq", "ne", "lt", "le", "gt", "ge"), _SIGNS, strict=True)
)


@dataclass(frozen=True)
class Kind:
    """What an array was: its exact type and the object that marks its elements."""

    type: type
    mark: object

    @property
    def library(self) -> str:
        return self.type.__module__.partition(".")[0]

    @property
    def reader(self) -> Reader | None:
        """How to read such arrays; None for those that only the general way knows."""
        return _reader(self.type)


def kind_of(array: object) -> Kind:
    """The kind of an array, or of what only the general way takes for one."""
    reader = _reader(type(array))
    return Kind(type(array), getattr(array, "dtype" if reader is None else reader.mark, None))


def _reader(array: type) -> Reader | None:
    return READERS.get((array.__module__.partition(".")[0], array.__qualname__))


@dataclass(frozen=True)
class Recipe:
    """A launch that went well: the kernel, its arrays' kinds in order, the GPU, the driver's handles for that GPU.

    `find_stream` gives the current stream of the arrays' library, or its handle; None where that is not clear.
    `most_shared` is how much dynamic shared memory the function may have.
    """

    kernel: Kernel
    kinds: tuple[Kind, ...]
    ordinal: int
    function: int
    context: int
    find_stream: Callable[[int], Any] | None
    most_shared: int


class Buffers:
    """Memory for a kernel's parameters, with the pointers into it: taken for a launch and put back after it.

    A list's pop and append are atomic, with and without a global lock, so threads and signal handlers share one.
    """

    def __init__(self, layout: packing.Plan) -> None:
        self._layout = layout
        self._free: list[packing.Arguments] = []
        self.put = self._free.append

    def take(self) -> packing.Arguments:
        """A buffer that nobody else has."""
        try:
            return self._free.pop()
        except IndexError:
            return self._layout.buffer()


def attempt(recipe: Recipe, api: Any, layout: packing.Plan, buffers: Buffers) -> Attempt:
    """The plan of a recipe as a function; `api` is the driver."""
    names: dict[str, Any] = {
        **{f"type_{place}": kind.type for place, kind in enumerate(recipe.kinds)},
        **{f"mark_{place}": kind.mark for place, kind in enumerate(recipe.kinds)},
        "ordinal": recipe.ordinal,
        "function": recipe.function,
        "context": recipe.context,
        "most_shared": recipe.most_shared,
        "find_stream": recipe.find_stream,
        "current_context": api.cuCtxGetCurrent,
        "launch": api.cuLaunchKernel,
        "pack_into": layout.layout.pack_into,
        "take": buffers.take,
        "put": buffers.put,
        "rounded": rounded,
        "bf16": bf16,
        "integers": scalars.INTEGERS,
        "reals": scalars.REALS,
        "booleans": scalars.BOOLEANS,
    }
    exec(_compiled(text(recipe)), names)
    made: Attempt = names["attempt"]
    return made


@functools.lru_cache(maxsize=256)
def _compiled(source: str) -> Any:
    return compile(source, "<launch plan>", "exec")


def bf16(number: float) -> bytes:
    """A number in range as the two bytes of its bfloat16."""
    return struct.pack("<f", rounded("bf16", number))[2:]


def text(recipe: Recipe) -> str:
    """The plan as Python. A parameter `x` is `v_x`, its pointer `p_x`, its first extent `n_x_0`."""
    arguments = "".join(f"v_{parameter.name}, " for parameter in recipe.kernel.parameters)
    checks = [
        *([f"{arguments.rstrip()} = arguments"] if arguments else _refuse("arguments")),
        *_checks(recipe),
        *(line for contract in recipe.kernel.contracts for line in _contract(contract)),
        *_refuse("geometry[6] > most_shared or int(current_context()[1]) != context"),
        "if stream is None:",
        *_current_stream(recipe),
        "buffer = take()",
        f"pack_into(buffer.memory, 0{''.join(f', {value}' for value in _values(recipe.kernel))})",
        "done = not launch(function, *geometry, stream, buffer.address, 0)[0]",
        "put(buffer)",
        "return done",
    ]
    body = "".join(f"        {line}\n" for line in checks)
    return f"def attempt(geometry, stream, arguments):\n    try:\n{body}    except Exception:\n        return False\n"


def _current_stream(recipe: Recipe) -> list[str]:
    if not recipe.kinds:
        return ["    stream = 0"]
    return ["    stream = find_stream(ordinal)", "    if type(stream) is not int:", "        stream = stream.ptr"]


def _refuse(condition: str) -> list[str]:
    return [f"if {condition}:", "    return False"]


def _checks(recipe: Recipe) -> Iterator[str]:
    kinds = enumerate(recipe.kinds)
    required = {name for contract in recipe.kernel.contracts for name in scalars_in(contract.expression)}
    for parameter in recipe.kernel.parameters:
        yield f"# {parameter.name}: {declared_type(parameter)}"
        if parameter.kind == "scalar":
            yield from _scalar(parameter, parameter.name in required)
        else:
            yield from _view(parameter, *next(kinds))


def scalars_in(expression: Expression) -> Iterator[str]:
    """The names of the scalars in a condition."""
    head, *rest = expression
    if head == "scalar":
        yield rest[0]
    elif head not in ("extent", "constant"):
        for operand in rest:
            yield from scalars_in(operand)


def _scalar(parameter: Parameter, is_required: bool) -> Iterator[str]:
    """The questions to a number; one that a contract is about is rounded before it."""
    value = f"v_{parameter.name}"
    if parameter.type == "bool":
        yield from _python("bool", value, "booleans")
    elif parameter.type in INTEGER_RANGES:
        lowest, highest = INTEGER_RANGES[parameter.type]
        yield from _python("int", value, "integers")
        yield from _refuse(f"not {lowest} <= {value} <= {highest}")
    else:
        largest = LARGEST_FLOATS[parameter.type]
        yield from _python("float", value, "reals")
        yield from _refuse(f"not {-largest!r} <= {value} <= {largest!r}")
        if is_required:
            yield f"{value} = rounded({parameter.type!r}, {value})"


def _python(type_name: str, value: str, others: str) -> list[str]:
    """Let `value` be Python's number of that type: of a type that the table has not, the lookup refuses it."""
    return [f"if type({value}) is not {type_name}:", f"    {value} = {others}[type({value})]({value})"]


def _view(parameter: Parameter, place: int, kind: Kind) -> Iterator[str]:
    name, reader = parameter.name, kind.reader
    assert reader is not None
    value = f"v_{name}"
    device, contiguous, pointer = (part.format(value) for part in (reader.device, reader.contiguous, reader.pointer))
    yield from _refuse(f"type({value}) is not type_{place} or {value}.{reader.mark} is not mark_{place}")
    yield from _refuse(f"{device} != ordinal or not {contiguous}")
    yield f"p_{name} = {pointer}"
    yield f"{''.join(f'{extent}, ' for extent in extents(parameter)).rstrip()} = {value}.shape"
    yield from _refuse(f"not p_{name} or p_{name} % {alignment(parameter)}")
    if not parameter.wide:
        for extent in extents(parameter):
            yield from _refuse(f"{extent} > {largest_extent(parameter)}")


def extents(parameter: Parameter) -> list[str]:
    """The names of a view's extents in the text."""
    return [f"n_{parameter.name}_{dimension}" for dimension in range(parameter.rank)]


def alignment(parameter: Parameter) -> int:
    """What a view's address must be a multiple of; both are powers of two."""
    own = size_of(parameter.type) if parameter.struct is None else parameter.struct.alignment
    return max(parameter.alignment, own)


def size_of(type_name: str) -> int:
    """The bytes of a scalar type."""
    return struct.calcsize(packing.SCALARS[type_name])


def _contract(contract: Contract) -> Iterator[str]:
    yield f"# {contract.text}"
    yield from _refuse(f"not {condition(contract.expression)}")


def condition(expression: Expression) -> str:
    """A contract's condition as Python."""
    head, *rest = expression
    if head == "extent":
        return f"n_{rest[0]}_{rest[1]}"
    if head == "scalar":
        return f"v_{rest[0]}"
    if head == "constant":
        return f"({rest[0]!r})"
    operands = [condition(operand) for operand in rest]
    if head in ("and", "or"):
        return f"bool({f' {head} '.join(operands)})"
    if head in ("neg", "not"):
        return f"({'-' if head == 'neg' else 'not '}{operands[0]})"
    return f"({operands[0]} {OPERATORS[head]} {operands[1]})"


def _values(kernel: Kernel) -> Iterator[str]:
    for parameter in kernel.parameters:
        if parameter.kind != "scalar":
            yield f"p_{parameter.name}"
            yield from extents(parameter)
        else:
            yield f"bf16(v_{parameter.name})" if parameter.type == "bf16" else f"v_{parameter.name}"
