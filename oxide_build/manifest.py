"""The manifest: what a build tells the loader about one kernel module.

In: a module's kernels and the images compiled from them. Out: the JSON file that lies
beside the images, and the same data read back. Its own room because build and runtime
both speak it and must not know each other: the build writes it, the loader reads it.

Artifacts lie in `DIRECTORY` beside the kernel module: `<module>.json` (this file) and
one `<module>.<target>.ptx` a target. The file is sorted and holds no path outside the
package, no time and no host name, so equal inputs give equal bytes.

A kernel's launch parameters are its declared ones in order: a scalar is itself; a view
is a 64-bit pointer followed by one `i32` extent a dimension (`i64` if it is wide), row-major
and contiguous.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

SCHEMA = 1
DIRECTORY = "_oxide"

Kind = Literal["scalar", "slice", "disjoint", "mut"]

Expression = tuple[Any, ...]
"""A contract's condition, evaluated on the host before a launch:

`("extent", parameter, dimension)`, `("scalar", parameter)`, `("constant", value)`, or
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
class Parameter:
    """One declared parameter: `type` is the scalar's or element's name (`f32`); `rank` is 0 for a scalar.

    `alignment` is what an array's address must be a multiple of, for the kernel's vector accesses. The extents of a
    `wide` array are i64.
    """

    name: str
    kind: Kind
    type: str
    rank: int = 0
    alignment: int = 1
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
    `shared_memory` is its static shared memory in bytes. `cooperative`: all blocks of the grid must run at once,
    since they wait for each other. `cluster` is how many blocks make a cluster, as (x, y, z), or None.
    """

    name: str
    symbol: str
    parameters: tuple[Parameter, ...]
    index_dims: int = 0
    block: tuple[int, int, int] | None = None
    shared_memory: int = 0
    contracts: tuple[Contract, ...] = ()
    cooperative: bool = False
    cluster: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Artifact:
    """One image: its file name in `DIRECTORY`, and the least PTX version (`7.8`) and CUDA driver (`11.8`) it needs."""

    target: str
    kind: Literal["ptx", "cubin"]
    file: str
    ptx_version: str
    driver: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """Everything the loader knows about one kernel module.

    `source` is the kernel file's name and `source_sha256` its digest; `imports` maps the modules of the project it
    imports from, which may have lent it functions and constants, to the digests of their text; `generator` maps tool
    to version; `options` are the settings that shaped the code; `requested` are the targets asked for, built or not.
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

    def kernel(self, name: str) -> Kernel:
        """The kernel called `name`; KeyError when this module has none."""
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
        return cls(**data)


def _kernel(entry: dict[str, Any]) -> Kernel:
    entry["parameters"] = tuple(Parameter(**parameter) for parameter in entry["parameters"])
    entry["contracts"] = tuple(
        Contract(contract["text"], contract["line"], _expression(contract["expression"]))
        for contract in entry["contracts"]
    )
    entry["block"] = None if entry["block"] is None else tuple(entry["block"])
    entry["cluster"] = None if entry["cluster"] is None else tuple(entry["cluster"])
    return Kernel(**entry)


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
