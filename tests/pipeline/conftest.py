"""What the target half's tests share: mir text to each product."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oxide_build.dialects import llvm, mir, nvvm
from oxide_build.ir import Module
from oxide_build.ir.parser import parse_module
from oxide_build.ir.verifier import verify
from oxide_build.pipeline.llvm_ir import emit_llvm_ir
from oxide_build.pipeline.lowering import lower
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import TARGETS

LEGAL = frozenset(llvm.DIALECT.ops + nvvm.DIALECT.ops)
KERNEL = "{index_dims = 0, block = None, contracts = ()}"


@pytest.fixture(scope="session")
def ssa() -> Callable[[str], Module]:
    """Parse the functions of a mir module; `KERNEL` stands for a kernel's attributes."""

    def parse(functions: str) -> Module:
        text = f"oxide.ir 1\nmodule @kernels\n{functions.replace('KERNEL', KERNEL)}"
        module = parse_module(text, [mir.DIALECT])
        verify(module, mir.SSA_OPS)
        return module

    return parse


@pytest.fixture(scope="session")
def lowered(ssa: Callable[[str], Module]) -> Callable[..., Module]:
    """Lower mir text, verify the product."""

    def run(functions: str, options: Options = Options(), target: str = "sm_90") -> Module:  # noqa: B008 (frozen)
        module = lower(ssa(functions), TARGETS[target], options)
        verify(module, LEGAL)
        return module

    return run


@pytest.fixture(scope="session")
def llvm_ir(lowered: Callable[..., Module]) -> Callable[..., str]:
    """mir text to LLVM IR."""

    def run(functions: str, options: Options = Options(), target: str = "sm_90") -> str:  # noqa: B008 (frozen)
        return emit_llvm_ir(lowered(functions, options, target), TARGETS[target], options)

    return run


@pytest.fixture(scope="session")
def ptx(llvm_ir: Callable[..., str], generator: CodeGenerator, ptxas: Callable[[str], str]) -> Callable[..., str]:
    """mir text to PTX that ptxas accepts."""

    def run(functions: str, options: Options = Options(), target: str = "sm_90") -> str:  # noqa: B008 (frozen)
        text = llvm_ir(functions, options, target)
        return ptxas(generator.emit_ptx("kernels", text, TARGETS[target], options).result())

    return run
