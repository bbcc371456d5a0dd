"""What the manifest says of a module's kernels, read off the `ssa` stage."""

from __future__ import annotations

import math

from oxide_build import ir, manifest
from oxide_build.dialects import mir
from oxide_build.errors import Collector, CompileError
from oxide_build.ir.types import Struct, Type, View
from oxide_build.pipeline.units import reached, unit_of

MOST_SHARED_BYTES = 48 * 1024
"""What a block has on every target without asking for more."""

_KINDS: dict[str, manifest.Kind] = {"read": "slice", "disjoint": "disjoint", "mut": "mut"}


def describe(module: ir.Module) -> tuple[manifest.Kernel, ...]:
    """Every kernel as its launcher needs to know it, in source order."""
    return tuple(_describe(module, kernel) for kernel in module.kernels())


def describe_generics(module: ir.Module) -> tuple[manifest.Generic, ...]:
    """Every kernel with several variants, as a launch chooses among them."""
    return tuple(_generic(*declared) for declared in module.attributes.get("generics", ()))


def _generic(
    name: str,
    parameters: tuple[tuple[str, str], ...],
    types: tuple[tuple[str, tuple[str, ...]], ...],
    constants: tuple[tuple[str, str, tuple[str, ...], str], ...],
    carriers: tuple[tuple[str, str], ...],
) -> manifest.Generic:
    listed = tuple(manifest.Constant(*constant) for constant in constants)
    return manifest.Generic(name, parameters, dict(types), listed, dict(carriers))


def check_shared_memory(module: ir.Module) -> None:
    """Refuse kernels whose shared arrays, each small enough, are together more than a block has.

    Raises CompileErrors: the driver would refuse the image on the user's machine instead.
    """
    errors = Collector()
    for kernel in module.kernels():
        size = _shared_memory(module, kernel)
        if size > MOST_SHARED_BYTES:
            message = f"the shared arrays of {_called(kernel)} are {size} bytes; a block has {MOST_SHARED_BYTES}"
            help = "make them smaller, or use gpu.dynamic_shared_array, whose size the launch gives"
            errors.errors.append(CompileError(message, help=help, span=kernel.span))
    errors.raise_if_any()


def _called(kernel: ir.Function) -> str:
    """A kernel in the author's words: with what a variant of it has."""
    variant = dict(kernel.attributes.get("variant", ()))
    return " ".join([f"`{_name(kernel)}`", *([f"with {manifest.variant_words(variant)}"] if variant else [])])


def _name(kernel: ir.Function) -> str:
    return str(kernel.attributes.get("kernel", kernel.name))


def _describe(module: ir.Module, kernel: ir.Function) -> manifest.Kernel:
    return manifest.Kernel(
        name=_name(kernel),
        symbol=kernel.name,
        parameters=tuple(_parameter(kernel, value) for value in kernel.parameters),
        index_dims=kernel.attributes["index_dims"],
        block=kernel.attributes["block"],
        shared_memory=_shared_memory(module, kernel),
        contracts=tuple(manifest.Contract(*contract) for contract in kernel.attributes["contracts"]),
        max_threads=kernel.attributes.get("max_threads"),
        unit=unit_of(kernel),
        variant=dict(kernel.attributes.get("variant", ())),
        cooperative=any(op.definition is mir.sync_grid for f in _reached(module, kernel) for op in f.ops()),
        cluster=kernel.attributes.get("cluster"),
        waits_for_previous=_always_waits(module, kernel),
    )


def _parameter(kernel: ir.Function, value: ir.Value) -> manifest.Parameter:
    name, type = str(value.name), value.type
    if isinstance(type, View):
        alignment = dict(kernel.attributes.get("alignments", ())).get(name, 1)
        kind, element = _KINDS[type.access], type.element
        shape = type.rank, alignment
        return manifest.Parameter(name, kind, _spelled(element), *shape, struct=layout(element), wide=type.wide)
    return manifest.Parameter(name, "scalar", _spelled(type), struct=layout(type))


def layout(type: Type) -> manifest.Layout | None:
    """A struct as the manifest describes it; None for any other type."""
    if not isinstance(type, Struct):
        return None
    fields = (manifest.Field(name, type.offsets[name], _spelled(field), layout(field)) for name, field in type.fields)
    return manifest.Layout(type.plain_name, type.size, type.alignment, tuple(fields))


def _spelled(type: Type) -> str:
    return type.plain_name if isinstance(type, Struct) else str(type)


def _shared_memory(module: ir.Module, function: ir.Function) -> int:
    """Bytes of shared memory of a function and of all it calls, each counted once."""
    arrays = [op.result.type for f in _reached(module, function) for op in f.ops() if op.definition is mir.shared_array]
    return sum(_bytes(type) for type in arrays if isinstance(type, View))


def _reached(module: ir.Module, function: ir.Function) -> list[ir.Function]:
    """A function and all it calls, each once."""
    return [module.functions[name] for name in reached(module, [function])]


def _always_waits(module: ir.Module, function: ir.Function) -> bool:
    """Whether every way from a function's start to its end comes by a wait for the previous kernel."""
    work = [function.blocks[0]]
    seen = set(work)
    while work:
        block = work.pop()
        if any(_waits(module, op) for op in block.ops):
            continue
        if not block.successors:
            return False
        work += (following := [other for other in block.successors if other not in seen])
        seen.update(following)
    return True


def _waits(module: ir.Module, op: ir.Op) -> bool:
    """Whether an operation is that wait, or a call of a function in which it is on every way."""
    if op.definition is mir.call:
        return _always_waits(module, module.functions[op.attributes["callee"]])
    return op.definition is mir.wait_for_previous_kernel


def _bytes(view: View) -> int:
    return view.element.size * math.prod(extent for extent in view.shape if extent is not None)
