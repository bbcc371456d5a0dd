"""Each file beside this one is a wrong kernel module that ends in the exact report its author gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from oxide_build.errors import CompileErrors, SourceFile
from oxide_build.pipeline import to_ssa

HERE = Path(__file__).parent
CASES = sorted(path for path in HERE.glob("*.py") if not path.name.startswith("test_"))
MARK = "\n\n# report:\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_wrong_kernel_is_reported_exactly(path: Path, update_golden: bool) -> None:
    kernel, _, expected = path.read_text(encoding="utf-8").partition(MARK)
    with pytest.raises(CompileErrors) as raised:
        to_ssa(SourceFile(path.name, kernel, f"errors.{path.stem}"))
    report = "".join(f"# {line}".rstrip() + "\n" for line in str(raised.value).splitlines())
    if update_golden:
        path.write_text(kernel.rstrip("\n") + "\n" + MARK + report, encoding="utf-8")
    assert update_golden or report == expected


def test_there_are_at_least_thirty() -> None:
    assert len(CASES) >= 30
