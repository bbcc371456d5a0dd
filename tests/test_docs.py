"""The documentation is true: its kernels compile and pass ptxas, its mistakes get the errors and warnings it shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oxide_build.errors import CompileErrors, CompileWarning, SourceFile
from oxide_build.pipeline import to_llvm_ir, to_ssa
from oxide_build.pipeline.frontend.outside import INSTEAD
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import TARGETS

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
BLOCK = re.compile(r"^```python\n(?P<kernel>.*?)^```\n(?:```text\n(?P<report>.*?)^```\n)?", re.MULTILINE | re.DOTALL)


def examples() -> Iterator[object]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield pytest.param(match["kernel"], match["report"], id=f"{page.stem}-{line}")


@pytest.mark.parametrize(("kernel", "report"), list(examples()))
def test_example(kernel: str, report: str | None, generator: CodeGenerator, ptxas: Callable[[str], str]) -> None:
    name = "example.py" if report is None else report.partition(":")[0]
    source = SourceFile(name, kernel, "docs.example")
    if report is not None and "error: " in report:
        with pytest.raises(CompileErrors) as raised:
            to_ssa(source)
        assert f"{raised.value}\n" == report
        return
    warnings: list[CompileWarning] = []
    module = to_ssa(source, warn=warnings.append)
    assert "".join(f"{warning}\n" for warning in warnings) == (report or "")
    target, options = TARGETS["sm_90"], Options()
    ptxas(generator.emit_ptx("example", to_llvm_ir(module, target, options), target, options).result())


def test_what_to_write_instead_is_listed() -> None:
    listed = [line for line in (DOCS / "language/python.md").read_text().splitlines() if line.startswith("| ")][2:]
    table = dict.fromkeys(f"| {what} | {instead} |" for what, instead in INSTEAD.values())
    assert listed == list(table)
