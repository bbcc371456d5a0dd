"""Case files: a kernel and its text at every stage, reviewed as a diff; each stage is tested on its own.

A `.case` file is the kernel's source, then one section a stage, headed `==== stage ====`. `--update-golden`
rewrites the sections. The `ast` stage is left out: its text is Python's own and differs between versions.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from oxide_build.dialects import llvm, mir, nvvm
from oxide_build.errors import SourceFile
from oxide_build.ir.parser import parse_module
from oxide_build.ir.verifier import verify
from oxide_build.pipeline import LEGAL, Stage, to_llvm_ir, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import TARGETS

CASES = sorted((Path(__file__).parent / "cases").glob("*.case"))
TARGET = TARGETS["sm_90"]
OURS = (Stage.MIR, Stage.SSA, Stage.LLVM)
STAGES = (*OURS, Stage.LL)
HEADING = re.compile(r"^==== (\w+) ====\n", re.MULTILINE)


@cache
def sections(path: Path) -> dict[str, str]:
    """The source under "" and each stage's expected text under its name."""
    first, *rest = HEADING.split(path.read_text(encoding="utf-8"))
    return {"": first, **dict(zip(rest[::2], rest[1::2], strict=True))}


@cache
def products(path: Path) -> dict[str, str]:
    """Each stage's text as the pipeline makes it now."""
    found: dict[str, str] = {}

    def keep(stage: Stage, product: object) -> None:
        found[stage.value] = str(product)

    source = SourceFile(f"cases/{path.stem}.py", sections(path)[""].rstrip("\n") + "\n", f"cases.{path.stem}")
    to_llvm_ir(to_ssa(source, keep), TARGET, Options(), keep)
    return found


@pytest.fixture
def current(update_golden: bool) -> None:
    """Rewrite every case file when asked to."""
    if not update_golden:
        return
    for path in CASES:
        text = sections(path)[""].rstrip("\n") + "\n"
        text += "".join(f"\n==== {stage.value} ====\n{products(path)[stage.value]}" for stage in STAGES)
        path.write_text(text, encoding="utf-8")
    sections.cache_clear()


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.value)
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_stage_text_is_as_reviewed(path: Path, stage: Stage, current: None) -> None:
    assert products(path)[stage.value].rstrip("\n") == sections(path).get(stage.value, "").rstrip("\n")


@pytest.mark.parametrize("stage", OURS, ids=lambda stage: stage.value)
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_printed_text_reads_back(path: Path, stage: Stage) -> None:
    text = products(path)[stage.value]
    module = parse_module(text, [mir.DIALECT, llvm.DIALECT, nvvm.DIALECT])
    verify(module, LEGAL[stage])
    assert str(module) == text


def test_every_mir_operation_stands_in_a_case() -> None:
    text = "\n".join(products(path)[Stage.MIR.value] for path in CASES)
    missing = [op.name for op in mir.DIALECT.ops if not re.search(rf"\b{re.escape(op.name)}\b", text)]
    assert missing == []
