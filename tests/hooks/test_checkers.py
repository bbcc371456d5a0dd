"""What ships, looked at by tools that others wrote: none of them finds fault."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.hooks.backend import REPOSITORY, Backend

PROJECTS = [REPOSITORY / name for name in ("example_pkg", "tests/packages/plain", "tests/packages/mapped")]


def tool(*command: str | Path, status: int = 0) -> str:
    """What a tool of this environment prints; its exit status is as expected."""
    program = Path(sysconfig.get_path("scripts"), str(command[0]))
    done = subprocess.run([program, *command[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert (done.returncode == 0) == (status == 0), done.stdout
    return done.stdout


@pytest.fixture(scope="session", params=PROJECTS, ids=lambda path: path.name)
def released(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with wheel and sdist of a project, with all that a release can have."""
    root = tmp_path_factory.mktemp("released") / request.param.name
    shutil.copytree(request.param, root, ignore=shutil.ignore_patterns("_oxide", "build", "*.egg-info", "__pycache__"))
    pyproject = root / "pyproject.toml"
    keys = "[tool.oxide]\nsbom = true\nsdist-artifacts = true\n"
    pyproject.write_text(pyproject.read_text(encoding="utf-8").replace("[tool.oxide]\n", keys), encoding="utf-8")
    backend = Backend(root)
    for kind in ("wheel", "sdist"):
        backend.build(kind, root.parent / "dist")
    return root.parent / "dist"


def wheel_in(released: Path) -> Path:
    (wheel,) = released.glob("*.whl")
    return wheel


def test_twine(released: Path) -> None:
    assert tool("twine", "check", "--strict", *released.iterdir()).count("PASSED") == 2


def test_check_wheel_contents(released: Path) -> None:
    assert tool("check-wheel-contents", wheel_in(released)).endswith(": OK\n")


def test_pydistcheck(released: Path) -> None:
    assert "errors found while checking: 0" in tool("pydistcheck", *released.iterdir())


def test_wheel_unpack(released: Path, tmp_path: Path) -> None:
    tool("wheel", "unpack", "--dest", tmp_path, wheel_in(released))
    assert [path for path in tmp_path.rglob("*.ptx") if path.stat().st_size]
    assert list(tmp_path.rglob("sboms/*.json"))


def test_wheel_unpack_refuses_another_image(released: Path, tmp_path: Path) -> None:
    tampered = tmp_path / wheel_in(released).name
    with zipfile.ZipFile(wheel_in(released)) as old, zipfile.ZipFile(tampered, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) + (b"// more" if name.endswith(".ptx") else b""))
    assert "mismatch" in tool("wheel", "unpack", "--dest", tmp_path / "out", tampered, status=1)


@pytest.mark.parametrize("root", PROJECTS, ids=lambda path: path.name)
def test_validate_pyproject(root: Path) -> None:
    tool("validate-pyproject", root / "pyproject.toml")
