"""What the manifest says of a module's kernels, read off the `ssa` stage."""

from __future__ import annotations

import math

from oxide_build import ir, manifest
from oxide_build.dialects import mir
from oxide_build.errors import Collector, CompileError
from oxide_build.ir.types import View

MOST_SHARED_BYTES = 48 * 1024
"""What a block has on every target without asking for more."""

_KINDS: dict[str, manifest.Kind] = {"read": "slice", "disjoint": "disjoint", "mut": "mut"}


def describe(module: ir.Module) -> tuple[manifest.Kernel, ...]:
    """Every kernel as its launcher needs to know it, in source order."""
    return tuple(_describe(module, kernel) for kernel in module.kernels())


def check_shared_memory(module: ir.Module) -> None:
    """Refuse kernels whose shared arrays, each small enough, are together more than a block has.

    Raises CompileErrors: the driver would refuse the image on the user's machine instead.
    """
    errors = Collector()
    for kernel in module.kernels():
        size = _shared_memory(module, kernel)
        if size > MOST_SHARED_BYTES:
            message = f"the shared arrays of `{kernel.name}` are {size} bytes; a block has {MOST_SHARED_BYTES}"
            help = "make them smaller, or use gpu.dynamic_shared_array, whose size the launch gives"
            errors.errors.append(CompileError(message, help=help, span=kernel.span))
    errors.raise_if_any()


def _describe(module: ir.Module, kernel: ir.Function) -> manifest.Kernel:
    return manifest.Kernel(
        name=kernel.name,
        symbol=kernel.name,
        parameters=tuple(_parameter(kernel, value) for value in kernel.parameters),
        index_dims=kernel.attributes["index_dims"],
        block=kernel.attributes["block"],
        shared_memory=_shared_memory(module, kernel),
        contracts=tuple(manifest.Contract(*contract) for contract in kernel.attributes["contracts"]),
        cooperative=any(op.definition is mir.sync_grid for f in _reached(module, kernel) for op in f.ops()),
        cluster=kernel.attributes.get("cluster"),
    )


def _parameter(kernel: ir.Function, value: ir.Value) -> manifest.Parameter:
    name, type = str(value.name), value.type
    if isinstance(type, View):
        alignment = dict(kernel.attributes.get("alignments", ())).get(name, 1)
        return manifest.Parameter(name, _KINDS[type.access], str(type.element), type.rank, alignment, type.wide)
    return manifest.Parameter(name, "scalar", str(type))


def _shared_memory(module: ir.Module, function: ir.Function) -> int:
    """Bytes of shared memory of a function and of all it calls, each counted once."""
    ops = (op for reached in _reached(module, function) for op in reached.ops())
    arrays = [op.result.type for op in ops if op.definition is mir.shared_array]
    return sum(_bytes(type) for type in arrays if isinstance(type, View))


def _reached(module: ir.Module, function: ir.Function) -> list[ir.Function]:
    """A function and all it calls, each once."""
    reached: dict[str, ir.Function] = {function.name: function}
    work = [function]
    while work:
        for op in work.pop().ops():
            callee = op.attributes["callee"] if op.definition is mir.call else None
            if callee is not None and callee not in reached:
                reached[callee] = module.functions[callee]
                work.append(module.functions[callee])
    return list(reached.values())


def _bytes(view: View) -> int:
    return view.element.size * math.prod(extent for extent in view.shape if extent is not None)
