"""Kernels written in a test as text: run in the simulator, and on a GPU when there is one."""

from __future__ import annotations

import hashlib
import importlib
import sys
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from oxide_build import ir
from oxide_build.errors import SourceFile
from oxide_build.gpu import Kernel
from oxide_build.pipeline import describe, to_llvm_ir, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import TARGETS, parse_target
from oxide_build.runtime import memory
from oxide_build.simulator import simulate

Run: TypeAlias = Callable[..., None]

HEAD = """
import math
from oxide_build import gpu
from oxide_build.gpu import (
    DisjointSlice, DisjointSlice2D, Index1D, IndexCol, IndexRow, MutSlice, MutSlice2D, Slice, Slice2D,
    f32, f64, i32, i64, u32, u64,
)
"""


def full_source(source: str) -> str:
    """A test's kernel with the imports all of them share."""
    return HEAD + textwrap.dedent(source)


@pytest.fixture(scope="session")
def compiled(generator: CodeGenerator, ptxas: Callable[[str], str]) -> Callable[[str], ir.Module]:
    """A text's `ssa` module, made once; its PTX has passed ptxas."""
    target, options = TARGETS["sm_90"], Options()

    @cache
    def compile_once(source: str) -> ir.Module:
        module = to_ssa(SourceFile("kernel.py", full_source(source), "test.kernel"))
        ptxas(generator.emit_ptx("kernel", to_llvm_ir(module, target, options), target, options).result())
        return module

    return compile_once


@pytest.fixture
def simulated(compiled: Callable[[str], ir.Module]) -> Run:
    """`simulated(source, *arguments, grid=1, …)`, for what a GPU does not survive: failing checks."""

    def run_simulated(source: str, *arguments: Any, grid: Any = 1, block: Any = 1, shared_memory: int = 0) -> None:
        module = compiled(source)
        simulate(module, describe(module)[-1], grid, block, arguments, shared_memory)

    return run_simulated


@pytest.fixture(params=["simulator", pytest.param("gpu", marks=pytest.mark.gpu)])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`run(source, *arguments, grid=1, block=1, shared_memory=0)`: the last kernel over arrays, changed in place."""
    if request.param == "simulator":
        simulated: Run = request.getfixturevalue("simulated")
        return simulated
    torch = pytest.importorskip("torch")
    directory = tmp_path_factory.getbasetemp() / "gpu_kernels"

    def run_on_gpu(source: str, *arguments: Any, grid: Any = 1, block: Any = 1, shared_memory: int = 0) -> None:
        kernel = built_kernel(full_source(source), directory)
        held = [torch.from_numpy(_plain(a)).cuda() if isinstance(a, np.ndarray) else a for a in arguments]
        passed = [_as_structs(host, device) for host, device in zip(arguments, held, strict=True)]
        kernel[grid, block, None, shared_memory](*passed)
        for host, device in zip(arguments, held, strict=True):
            if isinstance(host, np.ndarray):
                host[...] = device.cpu().numpy().view(host.dtype).reshape(host.shape)

    return run_on_gpu


def _plain(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A structured array, which torch has not, as its bytes; any other as it is."""
    return array.reshape(-1).view(np.uint8) if array.dtype.names else array


def _as_structs(host: Any, device: Any) -> Any:
    structured = isinstance(host, np.ndarray) and host.dtype.names
    return memory.view(device, memory.described(host.dtype), host.shape) if structured else device


def built_kernel(text: str, directory: Path, target: str | None = None) -> Kernel:
    """The last kernel of a package that holds this text, built for the GPU at hand or an older one; each built once."""
    from oxide_build.build import run as build
    from oxide_build.build import write_in_tree
    from oxide_build.config import Settings
    from oxide_build.jobs import Job
    from oxide_build.runtime import device

    digest = hashlib.sha256(f"{text}{target or ''}".encode()).hexdigest()
    name = f"kernels_{digest[:16]}"
    file = directory / name / "kernel.py"
    if not file.exists():
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
        (file.parent / "__init__.py").touch()
        major, minor = device.current().capability
        settings = Settings(targets=(parse_target(target or f"sm_{major}{minor}"),))
        job = Job(SourceFile("kernel.py", text, f"{name}.kernel"), file, digest, settings)
        write_in_tree(build([job], workers=1, log=lambda line: None))
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
        importlib.invalidate_caches()
    module = importlib.import_module(f"{name}.kernel")
    return [value for value in vars(module).values() if isinstance(value, Kernel)][-1]
