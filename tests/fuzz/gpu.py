"""Programs on the GPU at hand: many kernels in one module, compiled, loaded and launched one by one.

In: programs. Out: for each its arguments after the run, or in words why there are none. Its own
room because a fault loses the process's context: the runner gives each batch a process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oxide_build import ir, manifest
from oxide_build.errors import KernelFault, OxideError
from oxide_build.pipeline import describe, to_llvm_ir
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import parse_target
from oxide_build.runtime import device, packing
from oxide_build.runtime.arrays import View
from tests.fuzz.compare import compiled
from tests.fuzz.programs import HEAD, Program

OPTIONS = Options(fp_contract=False, line_info=False)
"""Multiplications and additions stay apart, so that every float result is exact."""


def run(programs: Sequence[Program]) -> list[list[Any] | str]:
    """Each program's arguments after its launch, or what went wrong; after a fault the rest is not run."""
    results: list[list[Any] | str] = []
    try:
        with device.activated(0), CodeGenerator(1) as generator:
            _run(generator, programs, results)
    except KernelFault as fault:
        if len(results) < len(programs):
            results.append(f"fault: {fault.args[0]}")
    return [*results, *["not run after a fault"] * (len(programs) - len(results))]


def _run(generator: CodeGenerator, programs: Sequence[Program], results: list[list[Any] | str]) -> None:
    try:
        together = _loaded(generator, programs)
    except OxideError:
        together = None  # one of them does not compile; each by itself shows which
    for program in programs:
        try:
            module, library, log = together or _loaded(generator, [program])
            kernel = next(kernel for kernel in describe(module) if kernel.name == program.name)
            results.append(_launched(program, kernel, device.get_kernel(library, log, program.name)))
        except KernelFault:
            raise
        except OxideError as error:
            results.append(f"{type(error).__name__}: {error}")


def _loaded(generator: CodeGenerator, programs: Sequence[Program]) -> tuple[ir.Module, Any, object]:
    module = compiled(HEAD + "\n\n".join(program.source for program in programs))
    major, minor = device.current().capability
    target = parse_target(f"sm_{major}{minor}")
    ptx = generator.emit_ptx("fuzz", to_llvm_ir(module, target, OPTIONS), target, OPTIONS).result()
    return module, *device.load_library(ptx.encode(), programs[0].name)


def _launched(program: Program, kernel: manifest.Kernel, function: Any) -> list[Any]:
    api, arguments = device.driver(), program.copies()
    views: dict[str, View] = {}
    scalars: dict[str, Any] = {}
    for parameter, value in zip(kernel.parameters, arguments, strict=True):
        if isinstance(value, np.ndarray):
            pointer = int(device.check(api.cuMemAlloc(value.nbytes), "allocating"))
            device.check(api.cuMemcpyHtoD(pointer, value.ctypes.data, value.nbytes), "copying")
            views[parameter.name] = View(pointer, value.shape, parameter.type, None, False, 0, "fuzz")
        else:
            scalars[parameter.name] = value
    packed = packing.plan(kernel).pack(views, scalars)
    device.launch(function, program.grid, program.block, 0, 0, packed.address, lambda: f"launching {program.name}")
    device.check(api.cuCtxSynchronize(), f"running {program.name}")
    for parameter, value in zip(kernel.parameters, arguments, strict=True):
        if isinstance(value, np.ndarray):
            pointer = views[parameter.name].pointer
            device.check(api.cuMemcpyDtoH(value.ctypes.data, pointer, value.nbytes), "copying back")
            device.check(api.cuMemFree(pointer), "freeing")
    return arguments
