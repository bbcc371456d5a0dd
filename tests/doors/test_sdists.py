"""What each backend's sdist holds: enough for the tree's wheel, and nothing compiled."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doors.projects import BACKENDS, SOURCES, WHEEL, contents, members
from tests.hooks.backend import Backend


@pytest.mark.parametrize("door", ["setuptools", "hatchling", "scikit_build_core"])
def test_an_sdist_gives_the_trees_wheel(backend: Callable[[str], Backend], tmp_path: Path, door: str) -> None:
    project = backend(door)
    direct = contents(project.build("wheel", tmp_path / "direct"))
    sdist = project.build("sdist", tmp_path / "sdist")
    assert [name for name in members(sdist) if name.startswith("ripple/")] == SOURCES
    assert not [name for name in members(sdist) if "_oxide" in name or "build/" in name]
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (root,) = (tmp_path / "unpacked").iterdir()
    again = Backend(root, BACKENDS[door], environment=project.environment)
    assert contents(again.build("wheel", tmp_path / "indirect")) == direct
    assert [*direct] == WHEEL
