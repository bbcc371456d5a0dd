"""What the tests of the doors share: the sample projects, one for each door, around the same kernel package."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doors.projects import BACKENDS, DOORS
from tests.hooks.backend import REPOSITORY, Backend

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture(scope="session")
def python_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which oxide-build is this tree, with the entry points that its pyproject.toml now says."""
    path = tmp_path_factory.mktemp("path")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = project["entry-points"].items()
    lines = [line for group, names in groups for line in (f"[{group}]", *map(" = ".join, names.items()))]
    installed = path / "oxide_build-0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: oxide-build\nVersion: 0\n", encoding="utf-8")
    (installed / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return os.pathsep.join([str(path), str(REPOSITORY)])


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str], Path]:
    """Copies the project of a door, with the kernel package in it; gives its root."""

    def copy(door: str) -> Path:
        root = tmp_path / door
        shutil.copytree(DOORS / door, root)
        shutil.copytree(DOORS / "ripple", root / "ripple", ignore=shutil.ignore_patterns("__pycache__"))
        return root

    return copy


@pytest.fixture
def backend(project: Callable[[str], Path], python_path: str) -> Callable[[str], Backend]:
    """The build backend of a door's project, called hook by hook without isolation."""

    def of(door: str) -> Backend:
        backend = Backend(project(door), BACKENDS[door])
        backend.environment["PYTHONPATH"] = python_path
        return backend

    return of
