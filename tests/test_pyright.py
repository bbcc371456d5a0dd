"""Every kernel of the repository, its documentation included, is accepted by pyright in strict mode, in one run.

basedpyright is pyright with its own Node in the wheel; in this mode it has pyright's rules.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = tuple(ROOT / "tests" / "gpu_face" / f"typed_{name}.py" for name in ("kernels", "looking"))
PACKAGES = (ROOT / "example_pkg" / "kernels", ROOT / "tests" / "programs" / "kernels")
CASES = ROOT / "tests" / "cases"
PAGES = (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
EXAMPLE = re.compile(r"^```python\n(?P<text>.*?)^```\n(?P<report>(?:\n|with\n)?```text\n)?", re.MULTILINE | re.DOTALL)


def texts() -> Iterator[tuple[str, str]]:
    """Kernels that stand in other files: those of cases, and the documentation's that show no mistake."""
    for case in CASES.glob("*.case"):
        yield f"case_{case.stem}", case.read_text(encoding="utf-8").partition("\n==== ")[0]
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in EXAMPLE.finditer(text):
            if "@gpu." in match["text"] and not match["report"]:
                line = text.count("\n", 0, match.start()) + 1
                yield f"{page.stem.lower()}_{line}", match["text"]


@pytest.fixture
def kernels(tmp_path: Path) -> list[Path]:
    """All kernel files, with a configuration for pyright in `tmp_path`."""
    for name, text in texts():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    files = [*FILES, *(file for package in PACKAGES for file in package.glob("*.py")), *tmp_path.glob("*.py")]
    configuration = {
        "include": [str(file) for file in files],
        "extraPaths": [str(ROOT)],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.10",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(configuration))
    return files


def test_pyright_accepts_every_kernel(kernels: list[Path], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--project", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    mistakes = [
        f"{Path(found['file']).name}:{found['range']['start']['line'] + 1}: {found['message']}"
        for found in report["generalDiagnostics"]
    ]
    assert not mistakes, "\n".join(mistakes)
    assert report["summary"]["filesAnalyzed"] == len(kernels)
