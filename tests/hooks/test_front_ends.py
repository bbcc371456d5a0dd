"""Sample projects built and installed by the front ends people use, each in isolation.

oxide-build itself comes from a wheel of this tree; the compiler it asks for comes from wherever the front end is
configured to look. So these tests need an index, and their marker tells them apart.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import cli

pytestmark = pytest.mark.frontend

Sample = Callable[[str], Path]
Call = Callable[..., "subprocess.CompletedProcess[str]"]


def pip(*arguments: str | Path) -> tuple[str | Path, ...]:
    return (sys.executable, "-m", "pip", *arguments)


def uv(*arguments: str | Path) -> tuple[str | Path, ...]:
    return (sys.executable, "-m", "uv", *arguments)


BUILDS = {
    "pip": lambda root, out: pip("wheel", "--no-deps", "--wheel-dir", out, root),
    "build": lambda root, out: (sys.executable, "-m", "build", "--outdir", out, root),
    "uv": lambda root, out: uv("build", "--out-dir", out, root),
}


@pytest.mark.parametrize("name", ["plain", "mapped"])
def test_every_front_end_builds_the_same_wheel(sample: Sample, call: Call, tmp_path: Path, name: str) -> None:
    root = sample(name)
    wheels = set()
    for front_end, command in BUILDS.items():
        call(*command(root, tmp_path / front_end))
        (wheel,) = (tmp_path / front_end).glob("*.whl")
        assert wheel.name == f"{name}-1.0-py3-none-any.whl"
        wheels.add(wheel.read_bytes())
    assert len(wheels) == 1
    assert (tmp_path / f"build/{name}-1.0.tar.gz").read_bytes() == (tmp_path / f"uv/{name}-1.0.tar.gz").read_bytes()


@pytest.mark.parametrize("front_end", ["pip", "build", "uv"])
def test_settings_arrive(sample: Sample, call: Call, tmp_path: Path, front_end: str) -> None:
    command = BUILDS[front_end](sample("mapped"), tmp_path / "out")
    call(
        *command,
        "-C",
        "oxide.targets=sm_90",
        "-C",
        "oxide.targets=sm_90a",
        *(["--wheel"] if front_end != "pip" else []),
    )
    (wheel,) = (tmp_path / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        images = [name for name in archive.namelist() if name.endswith(".ptx")]
    assert images == ["mapped/kernels/_oxide/copy.sm_90.ptx", "mapped/kernels/_oxide/copy.sm_90a.ptx"]


IMPORT = """
import sys
from importlib.resources import files
import {package}.kernels.{module}
names = sorted(entry.name for entry in files("{package}.kernels").joinpath("_oxide").iterdir())
print(*(name for name in names if name.endswith(".ptx")))
print(*{{"llvmlite", "setuptools", "numpy", "cuda"}} & {{name.partition(".")[0] for name in sys.modules}})
"""
INSTALLS = {
    "wheel": [],
    "editable": ["--editable"],
    "strict editable": ["--config-settings", "editable_mode=strict", "--editable"],
}


@pytest.mark.parametrize("how", INSTALLS)
@pytest.mark.parametrize(
    ("package", "module", "images"),
    [
        ("plain", "vector", "math_functions.sm_80.ptx vector.sm_75.ptx vector.sm_90.ptx"),
        ("mapped", "copy", "copy.sm_80.ptx"),
    ],
)
def test_installed_kernels_import_where_nothing_else_is(
    sample: Sample, call: Call, fresh: Path, how: str, package: str, module: str, images: str
) -> None:
    call(fresh, "-m", "pip", "install", *INSTALLS[how], sample(package))
    code = IMPORT.format(package=package, module=module)
    assert call(fresh, "-I", "-c", code).stdout == f"{images}\n\n"


def ends_with(output: str, report: list[str]) -> bool:
    """Whether a front end's output ends with a report, but for a few words of its own; some indent what they show."""
    shown = [line.strip() for line in output.splitlines()]
    wanted = [line.strip() for line in report]
    last = len(shown) - 1 - shown[::-1].index(wanted[-1])
    return shown[last - len(wanted) + 1 : last + 1] == wanted and len(shown) - 1 - last <= FRONT_END_WORDS


FRONT_END_WORDS = 10
"""The most lines a front end adds, blank ones included: pip says twice that it was not pip."""


@pytest.mark.parametrize("front_end", ["pip", "build", "uv"])
@pytest.mark.parametrize(
    ("file", "right", "wrong", "report"),
    [
        ("pyproject.toml", '"sm_80"', '"sm_8O"', "[tool.oxide] targets: unknown target 'sm_8O'"),
        ("kernels/copy.py", "y[i] = x[i]", "x[i] = y[i]", "kernels/copy.py:12:9: error: "),
    ],
    ids=["configuration", "kernel"],
)
def test_mistakes_end_the_build_with_their_report(
    sample: Sample, call: Call, tmp_path: Path, front_end: str, file: str, right: str, wrong: str, report: str
) -> None:
    root = sample("mapped")
    text = (root / file).read_text(encoding="utf-8")
    (root / file).write_text(text.replace(right, wrong), encoding="utf-8")
    wheel = ["--wheel"] if front_end != "pip" else []
    output = call(*BUILDS[front_end](root, tmp_path / "out"), *wheel, status=1).stdout
    assert report in output
    assert "1 error" in output
    expected = cli("build", cwd=root, status=1).stderr.splitlines()
    assert any(line.startswith("  help: ") for line in expected)
    assert ends_with(output, expected), output
    own = output.partition(report)[0].rpartition("oxide-build: the kernels cannot be built")[2]
    assert own.strip() == ""
    assert 'File "' not in output.partition("oxide-build: the kernels cannot be built")[0]
    assert not list(tmp_path.glob("out/*.whl"))
