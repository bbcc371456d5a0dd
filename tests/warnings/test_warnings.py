"""Each file beside this one is a kernel module that compiles, with the exact warnings its author gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from oxide_build.errors import CompileWarning, SourceFile
from oxide_build.pipeline import to_ssa

HERE = Path(__file__).parent
CASES = sorted(path for path in HERE.glob("*.py") if not path.name.startswith("test_"))
MARK = "\n\n# report:\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_doubtful_kernel_is_warned_of_exactly(path: Path, update_golden: bool) -> None:
    kernel, _, expected = path.read_text(encoding="utf-8").partition(MARK)
    warnings: list[CompileWarning] = []
    to_ssa(SourceFile(path.name, kernel, f"warnings.{path.stem}"), warn=warnings.append)
    text = "\n".join(map(str, warnings))
    report = "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())
    if update_golden:
        path.write_text(kernel.rstrip("\n") + "\n" + MARK + report, encoding="utf-8")
    assert update_golden or report == expected
