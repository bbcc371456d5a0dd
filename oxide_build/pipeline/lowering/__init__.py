"""mir to the llvm and nvvm dialects: the step where language becomes machine.

In: a module at the `ssa` stage, which stays as it was. Out: a new module of functions
over scalars and opaque pointers. One file a family of operations, each registering its
handlers; `function` is what they build with, `types` what a value becomes.
"""

from __future__ import annotations

from dataclasses import replace

from oxide_build.ir import Function, Module, Value
from oxide_build.ir.types import Scalar, Struct, View, bool_, i32, i64
from oxide_build.pipeline.lowering import (
    arch,
    arithmetic,
    arrays,
    atomics,
    barriers,
    bits,
    checks,
    control,
    conversions,
    division,
    math,
    memory,
    printing,
    ptx,
    structs,
    threads,
    uniform,
    vectors,
    warps,
)
from oxide_build.pipeline.lowering.function import FunctionLowering
from oxide_build.pipeline.lowering.types import launch_parts, leaves, parts
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import Target

FAMILIES = (
    *(arch, arithmetic, arrays, atomics, barriers, bits, checks, control, conversions, division),
    *(math, memory, printing, ptx, structs, threads, uniform, vectors, warps),
)
"""The rooms that register handlers."""

MAX_THREADS = 1024
"""The most threads a block has on any target."""

_EXTENTS = {type: f"noundef range({type} 0, {type.minimum})" for type in (i32, i64)}
"""An extent is never negative: the upper end is exclusive, and wraps."""


def lower(module: Module, target: Target, options: Options) -> Module:
    """The llvm/nvvm form of an `ssa` module.

    Raises CompileError for what the target half cannot express, or this target does not have; code that `gpu.arch`
    keeps from the target is left out.
    """
    lowered = Module(module.name)
    for function in module.functions.values():
        lowered.functions[function.name] = _lower_function(function, lowered, options, target)
    return lowered


def _lower_function(source: Function, module: Module, options: Options, target: Target) -> Function:
    options = replace(options, **dict(source.attributes.get("overrides", ())))
    lowering = FunctionLowering(source, module, options, target, arch.ways(source, target.number))
    lowering.open(lowering.block)
    take = _take_launched if source.kind == "kernel" else _take_parts
    attributes = [attribute for value in source.parameters for attribute in take(lowering, value)]
    lowering.function.attributes = {
        "parameters": tuple(attributes),
        "attributes": (*_launch_bounds(source), *_clusters(lowering, source), *_float_mode(options)),
        **{key: value for key, value in source.attributes.items() if key in ("inline", "overrides")},
    }
    return lowering.run()


def _take_parts(lowering: FunctionLowering, value: Value) -> list[str]:
    """Add a device function's parameter; return its parts' LLVM attributes."""
    taken = [lowering.block.add_argument(type, value.name) for type in parts(value.type)]
    lowering.bind(value, *taken)
    return [""] * len(taken)


def _take_launched(lowering: FunctionLowering, value: Value) -> list[str]:
    """Add a kernel's parameter as a launch passes it; return its parts' LLVM attributes."""
    taken = [lowering.block.add_argument(type, value.name) for type in launch_parts(value.type)]
    if isinstance(value.type, View):
        pointer, *extents = taken
        dynamic = [extent for extent, fixed in zip(extents, value.type.shape, strict=True) if fixed is None]
        lowering.bind(value, pointer, *dynamic)
        return [_pointer(lowering, value), *(_EXTENTS[value.type.index] for _ in extents)]
    assert isinstance(value.type, (Scalar, Struct))
    scalars = [scalar for _, scalar in leaves(value.type)]
    pairs = zip(taken, scalars, strict=True)
    lowering.bind(value, *(conversions.truth(lowering, part) if scalar == bool_ else part for part, scalar in pairs))
    return ["noundef"] * len(taken)


def _pointer(lowering: FunctionLowering, value: Value) -> str:
    """The attributes of an array's pointer: aligned as the host checks it at each launch."""
    alignments = dict(lowering.source.attributes.get("alignments", ()))
    return f"noundef align {alignments[value.name]}" if value.name in alignments else "noundef"


def _launch_bounds(source: Function) -> list[tuple[str, str]]:
    """ptxas takes one of the two directives on threads, not both: a fixed block says all."""
    if source.kind == "device":
        return []
    block, min_blocks = source.attributes.get("block"), source.attributes.get("min_blocks")
    fixed = ("nvvm.reqntid", ",".join(map(str, block or ())))
    bounded = ("nvvm.maxntid", str(source.attributes.get("max_threads", MAX_THREADS)))
    resident = [] if min_blocks is None else [("nvvm.minctasm", str(min_blocks))]
    return [bounded if block is None else fixed, *resident]


def _clusters(lowering: FunctionLowering, source: Function) -> list[tuple[str, str]]:
    cluster = source.attributes.get("cluster")
    if cluster is None:
        return []
    barriers.require_clusters(lowering, "`cluster=`", help="build this kernel's module for sm_90 and later only")
    return [("nvvm.cluster_dim", ",".join(map(str, cluster)))]


def _float_mode(options: Options) -> list[tuple[str, str]]:
    return [("denormal-fp-math-f32", "preserve-sign,preserve-sign")] if options.fast_math else []
