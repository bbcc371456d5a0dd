"""What the tests of the build backend share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oxide_build.requirements import LIBDEVICE, LLVM
from tests.hooks.backend import Backend
from tests.hooks.front_ends import Call, caller, pip, served, uv


@pytest.fixture
def backend(sample: Callable[[str], Path]) -> Callable[[str], Backend]:
    """The backend of a sample project's copy."""
    return lambda name: Backend(sample(name))


@pytest.fixture
def call(wheelhouse: Path) -> Call:
    """Runs a command that finds oxide-build in the wheelhouse."""
    return caller(wheelhouse)


@pytest.fixture(scope="session")
def index(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an index with all that a build of kernels asks for."""
    wheels = tmp_path_factory.mktemp("wheels")
    needed = ["oxide-build", "setuptools", "tomli", LLVM, LIBDEVICE]
    command = pip("download", "--quiet", "--only-binary=:all:", "--dest", wheels, "--find-links", wheelhouse, *needed)
    subprocess.run(list(map(str, command)), check=True)
    with served(wheels, tmp_path_factory.mktemp("simple")) as address:
        yield address


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The interpreter of an empty environment."""
    seeded = uv("venv", "--quiet", "--seed", "--python", sys.executable, tmp_path / "environment")
    subprocess.run(list(map(str, seeded)), check=True)
    return tmp_path / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
