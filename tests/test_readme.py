"""The README is true: its project builds and runs, its errors and reports are what the tools print."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
(PYPROJECT,) = (text for language, text in BLOCKS if language == "toml")
KERNEL, LAUNCH, SIMULATION, WRONG_KERNEL = (text for language, text in BLOCKS if language == "python")
(REPORT,) = (text for language, text in BLOCKS if language == "text")
EXPLAIN, EXPLANATION = next(text for _, text in BLOCKS if "explain" in text).split("\n", 1)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The README's project, as an author would have written it."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "kernels.py").write_text(KERNEL)
    return tmp_path


def python(project: Path, *arguments: str, fails: bool = False) -> str:
    """What Python prints, run in the project: standard error when it should fail, else standard output."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr if fails else done.stdout


def test_kernel_from_file_to_launch_in_30_lines() -> None:
    assert sum(len(text.splitlines()) for text in (PYPROJECT, KERNEL, LAUNCH)) <= 30


def test_simulation(project: Path) -> None:
    python(project, "-c", SIMULATION)


@pytest.mark.gpu
def test_launch(project: Path) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this torch is not built for CUDA")
    python(project, "-m", "oxide_build", "build")
    python(project, "-c", f"{LAUNCH}\nassert (y == 3.0).all()")


def test_explanation(project: Path) -> None:
    python(project, "-m", "oxide_build", "build")
    assert (
        python(project, "-m", *EXPLAIN.removeprefix("$ ").replace("-", "_", 1).split()).strip() == EXPLANATION.strip()
    )


def test_wrong_kernel(project: Path) -> None:
    (project / "my_package" / "kernels.py").write_text(WRONG_KERNEL)
    assert python(project, "-m", "oxide_build", "build", fails=True).endswith(f"\n{REPORT}")
