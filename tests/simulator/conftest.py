"""How the simulator's tests run a kernel: from its printed text, with the manifest entry its parameters imply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pytest

import oxide_build.simulator
from oxide_build import ir, manifest
from oxide_build.dialects import mir
from oxide_build.errors import SourceFile, Span
from oxide_build.ir.parser import parse_module
from oxide_build.ir.types import View
from oxide_build.ir.verifier import verify
from oxide_build.pipeline import describe, to_ssa
from tests.frontend.conftest import full_source

Launch: TypeAlias = Callable[..., None]

_KINDS: dict[str, manifest.Kind] = {"read": "slice", "disjoint": "disjoint", "mut": "mut"}


def _parameter(value: ir.Value) -> manifest.Parameter:
    if isinstance(value.type, View):
        kind = _KINDS[value.type.access]
        return manifest.Parameter(str(value.name), kind, value.type.element.name, value.type.rank)
    return manifest.Parameter(str(value.name), "scalar", str(value.type))


def _launch(
    text: str, grid: object, block: object, *arguments: Any, lines: Mapping[str, str] | None = None, **declared: Any
) -> None:
    """Simulate the first kernel of `text`; `lines` gives operations, by name, a source line, numbered in that order."""
    module = parse_module(f"oxide.ir 1\nmodule @test\n{text}", [mir.DIALECT])
    verify(module, mir.SSA_OPS)
    source = SourceFile("kernels/test.py", "\n".join((lines or {}).values()))
    for op in (op for function in module.functions.values() for op in function.ops() if op.name in (lines or {})):
        number = list(lines or {}).index(op.name) + 1
        op.span = Span(source, number, 1, number, len(source.line(number)) + 1)
    kernel = module.kernels()[0]
    entry = manifest.Kernel(kernel.name, kernel.name, tuple(map(_parameter, kernel.parameters)), **declared)
    oxide_build.simulator.simulate(module, entry, grid, block, arguments)


@pytest.fixture
def launch() -> Launch:
    """`launch(text, grid, block, *arguments)` simulates the first kernel of a module's text."""
    return _launch


def _simulate_file(path: str, text: str, grid: object, block: object, *arguments: Any, shared_memory: int = 0) -> None:
    """Simulate the last kernel of a file."""
    module = to_ssa(SourceFile(path, text, "test.kernel"))
    oxide_build.simulator.simulate(module, describe(module)[-1], grid, block, arguments, shared_memory)


@pytest.fixture
def simulate_file() -> Launch:
    """`simulate_file(path, text, grid, block, *arguments, shared_memory=0)`."""
    return _simulate_file


@pytest.fixture
def written() -> Launch:
    """`written(source, *arguments, grid=1, block=1, shared_memory=0)` simulates the last kernel of a source text."""

    def simulate_written(source: str, *arguments: Any, grid: object = 1, block: object = 1, **given: Any) -> None:
        _simulate_file("kernel.py", full_source(source), grid, block, *arguments, **given)

    return simulate_written


@pytest.fixture(params=[64, 1 << 17], ids=["several chunks", "one chunk"])
def chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test with its blocks in several chunks and in one: it must not show."""
    monkeypatch.setattr(oxide_build.simulator, "THREADS_AT_ONCE", request.param)


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test without the checks for races and unwritten memory."""
    monkeypatch.setenv("OXIDE_SIM_CHECKS", "0")
