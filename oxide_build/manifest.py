"""The manifest: what a build tells the loader about one kernel module.

In: a module's kernels and the images compiled from them. Out: the JSON file that lies
beside the images, and the same data read back. Its own room because build and runtime
both speak it and must not know each other: the build writes it, the loader reads it.

Artifacts lie in `DIRECTORY` beside the kernel module: `<module>.json` (this file), one
`<module>.<target>.ptx` a target, and one `<module>.<unit>.<target>.ptx` for each variant of a
kernel that has several, so that a variant nobody asks for is never read. The file is sorted
and holds no path outside the package, no time and no host name, so equal inputs give equal
bytes.

A kernel's launch parameters are its declared ones in order: a scalar is itself; a view
is a 64-bit pointer followed by one `i32` extent a dimension (`i64` if it is wide), row-major
and contiguous; a struct is the scalars in it, one parameter each. Elements that are structs
lie in memory as their `Layout` says, which is C's.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Literal, TypeAlias

from oxide_build.records import dataclass, field

SCHEMA = 1
DIRECTORY = "_oxide"
ROOT_MARK = ".root"
"""The file in `DIRECTORY` of images that lie in a source tree: its one line is the project's root, relative to it."""
CARRIED = ".oxide"
"""The directory, in an sdist's root, of images that were made before it was packed."""
OVERLAPPING_KERNELS = 90
"""The first SM, hence the least target of an image, where a kernel can start while the one before still runs."""

Kind = Literal["scalar", "slice", "disjoint", "mut"]

Expression = tuple[Any, ...]
"""A contract's condition, evaluated on the host before a launch:

`("extent", parameter, dimension)`, `("scalar", parameter)` (of a struct `p.x`), `("constant", value)`, or
`(operator, operand, …)` with an operator of `OPERATORS`, `and` or `or`.
"""

Number: TypeAlias = "int | float | bool"

OPERATORS: Mapping[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "neg": operator.neg,
    "not": operator.not_,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


@dataclass(frozen=True)
class Field:
    """One field of a struct: where it starts, in bytes; `type` is its scalar's or struct's name."""

    name: str
    offset: int
    type: str
    struct: Layout | None = None


@dataclass(frozen=True)
class Layout:
    """A struct in memory: its fields in order, its size and what its address is a multiple of, in bytes."""

    name: str
    size: int
    alignment: int
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: `type` is the scalar's or element's name (`f32`); `rank` is 0 for a scalar.

    Where that is a struct, `struct` is its layout.

    `alignment` is what an array's address must be a multiple of, for the kernel's vector accesses. The extents of a
    `wide` array are i64.
    """

    name: str
    kind: Kind
    type: str
    rank: int = 0
    alignment: int = 1
    struct: Layout | None = None
    wide: bool = False


@dataclass(frozen=True)
class Contract:
    """One `gpu.require`: its source text and line, and the condition as data."""

    text: str
    line: int
    expression: Expression


@dataclass(frozen=True)
class Kernel:
    """What a launch needs to know of a kernel.

    `symbol` is its entry in the image. `index_dims` is how many dimensions the launch may have for the thread's
    own index to be unique (0: any). `block` is the block the author fixed, as (x, y, z), or None.
    `shared_memory` is its static shared memory in bytes. `max_threads` is what the author allows a block, or None.
    `unit` is which of the module's images it lies in ("" is the ordinary one). `variant` is what each type variable and
    compile-time parameter of a generic kernel is in this entry; its `parameters` are those the GPU gets.
    `cooperative`: all blocks of the grid must run at once, since they wait for each other. `cluster` is how many blocks
    make a cluster, as (x, y, z), or None. `waits_for_previous`: every thread waits until the kernel before has
    finished, so that the two may overlap.
    """

    name: str
    symbol: str
    parameters: tuple[Parameter, ...]
    index_dims: int = 0
    block: tuple[int, int, int] | None = None
    shared_memory: int = 0
    contracts: tuple[Contract, ...] = ()
    max_threads: int | None = None
    cooperative: bool = False
    cluster: tuple[int, int, int] | None = None
    waits_for_previous: bool = False
    unit: str = ""
    variant: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Constant:
    """A compile-time parameter of a kernel: what it holds (`int`, `f32`, `function`, …), the values there are.

    A number's text is Python's; a function's is its module and name.
    """

    name: str
    type: str
    values: tuple[str, ...]
    default: str


@dataclass(frozen=True)
class Generic:
    """A kernel with several variants, each a `Kernel` of that name.

    `parameters` are all that are declared, (name, annotation) in order; `types` the type variables with the types
    they may be; `carriers` the parameters that say what a type variable is.
    """

    name: str
    parameters: tuple[tuple[str, str], ...]
    types: dict[str, tuple[str, ...]]
    constants: tuple[Constant, ...]
    carriers: dict[str, str]


def variant_words(variant: Mapping[str, str]) -> str:
    """A variant as reports call it: `T = f64, op = larger`; functions by their plain names."""
    return ", ".join(f"{name} = {value_word(text)}" for name, text in variant.items())


def value_word(text: str) -> str:
    """A value's text without the module in front of a function."""
    last = text.rpartition(".")[2]
    return last if last.isidentifier() else text


@dataclass(frozen=True)
class Artifact:
    """One image: its file name in `DIRECTORY`, and the least PTX version (`7.8`) and CUDA driver (`11.8`) it needs.

    `unit` says which kernels of the module it holds.
    """

    target: str
    kind: Literal["ptx", "cubin"]
    file: str
    ptx_version: str
    driver: str
    sha256: str
    size: int
    unit: str = ""


@dataclass(frozen=True)
class Manifest:
    """Everything the loader knows about one kernel module.

    `source` is the kernel file's name and `source_sha256` its digest; `imports` maps the modules of the project it
    imports from, which may have lent it functions and constants, to the digests of their text; `generator` maps tool
    to version; `options` are the settings that shaped the code; `requested` are the targets asked for, built or not.
    `provenance` is the source's `commit` and whether the tree was `dirty`, where the author asked for it.
    """

    module: str
    source: str
    source_sha256: str
    generator: dict[str, str]
    options: dict[str, bool | int]
    requested: tuple[str, ...]
    kernels: tuple[Kernel, ...]
    artifacts: tuple[Artifact, ...]
    imports: dict[str, str] = field(default_factory=dict)
    generics: tuple[Generic, ...] = ()
    provenance: dict[str, str | bool] = field(default_factory=dict)

    @property
    def units(self) -> tuple[str, ...]:
        """The units the kernels lie in, in order; "" is the ordinary one."""
        return tuple(dict.fromkeys(kernel.unit for kernel in self.kernels))

    def images(self, unit: str) -> tuple[Artifact, ...]:
        """The images of one unit."""
        return tuple(artifact for artifact in self.artifacts if artifact.unit == unit)

    def generic(self, name: str) -> Generic | None:
        """What a launch of that kernel has to choose; None for a kernel with one variant."""
        return next((generic for generic in self.generics if generic.name == name), None)

    def kernel(self, name: str) -> Kernel:
        """The kernel called `name`, of a generic one its first variant; KeyError when this module has none."""
        for kernel in self.kernels:
            if kernel.name == name:
                return kernel
        raise KeyError(name)

    def to_json(self) -> str:
        """The manifest as the text of its file."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1, sort_keys=True, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read a manifest back; ValueError when it is of another schema or no manifest at all."""
        data = json.loads(text)
        if not isinstance(data, dict) or data.pop("schema", None) != SCHEMA:
            raise ValueError(f"not a manifest of schema {SCHEMA}: built by another version of oxide-build")
        data["requested"] = tuple(data["requested"])
        data["kernels"] = tuple(_kernel(entry) for entry in data["kernels"])
        data["artifacts"] = tuple(Artifact(**entry) for entry in data["artifacts"])
        data["generics"] = tuple(_generic(entry) for entry in data["generics"])
        return cls(**data)


def _kernel(entry: dict[str, Any]) -> Kernel:
    entry["parameters"] = tuple(_parameter(parameter) for parameter in entry["parameters"])
    entry["contracts"] = tuple(
        Contract(contract["text"], contract["line"], _expression(contract["expression"]))
        for contract in entry["contracts"]
    )
    entry["block"] = None if entry["block"] is None else tuple(entry["block"])
    entry["cluster"] = None if entry["cluster"] is None else tuple(entry["cluster"])
    return Kernel(**entry)


def _parameter(entry: dict[str, Any]) -> Parameter:
    return Parameter(**{**entry, "struct": _layout(entry.get("struct"))})


def _layout(entry: dict[str, Any] | None) -> Layout | None:
    if entry is None:
        return None
    fields = tuple(Field(**{**field, "struct": _layout(field["struct"])}) for field in entry["fields"])
    return Layout(**{**entry, "fields": fields})


def _generic(entry: dict[str, Any]) -> Generic:
    return Generic(
        entry["name"],
        tuple((name, annotation) for name, annotation in entry["parameters"]),
        {name: tuple(types) for name, types in entry["types"].items()},
        tuple(Constant(c["name"], c["type"], tuple(c["values"]), c["default"]) for c in entry["constants"]),
        entry["carriers"],
    )


def _expression(node: Any) -> Any:
    return tuple(map(_expression, node)) if isinstance(node, list) else node


def evaluate(expression: Expression, extent: Callable[[str, int], int], scalar: Callable[[str], Number]) -> Number:
    """The value of a contract's condition.

    `extent(parameter, dimension)` and `scalar(parameter)` give the launch's values. `and` and `or` stop early, as in
    Python. Raises ZeroDivisionError as Python's operators do.
    """
    head, *rest = expression
    if head == "extent":
        return extent(rest[0], rest[1])
    if head == "scalar":
        return scalar(rest[0])
    if head == "constant":
        value: Number = rest[0]
        return value
    if head == "and":
        return all(evaluate(operand, extent, scalar) for operand in rest)
    if head == "or":
        return any(evaluate(operand, extent, scalar) for operand in rest)
    result: Number = OPERATORS[head](*(evaluate(operand, extent, scalar) for operand in rest))
    return result
