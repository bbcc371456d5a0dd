"""The sample projects of `tests/packages/doors`, and what is in the wheels they make."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

DOORS = Path(__file__).parents[1] / "packages/doors"

BACKENDS = {
    "backend": "oxide_build.hooks",
    "setuptools": "setuptools.build_meta",
    "extension": "setuptools.build_meta",
    "hatchling": "hatchling.build",
    "scikit_build_core": "scikit_build_core.build",
}
"""Each door that a front end opens, and the backend in its pyproject.toml; `cmake` has none."""

IMAGES = [
    "ripple/kernels/_oxide/decay.json",
    "ripple/kernels/_oxide/decay.sm_80.ptx",
    "ripple/kernels/_oxide/decay.sm_90a.ptx",
    "ripple/kernels/_oxide/scale.json",
    "ripple/kernels/_oxide/scale.scale_f32.sm_90.ptx",
    "ripple/kernels/_oxide/scale.scale_f64.sm_90.ptx",
]
MARKED = ["ripple/kernels/_oxide/.root", *IMAGES]
"""What an editable install has: the images, and the mark by which the loader finds their sources."""

SOURCES = [
    "ripple/__init__.py",
    "ripple/kernels/__init__.py",
    "ripple/kernels/decay.py",
    "ripple/kernels/scale.py",
    "ripple/rates.py",
]
WHEEL = sorted(SOURCES + IMAGES)


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel by name, sorted, without its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(name for name in archive.namelist() if ".dist-info/" not in name)
        return {name: archive.read(name) for name in names}


def images(wheel: Path) -> list[str]:
    """The file names of the PTX in a wheel."""
    return [name.rpartition("/")[2] for name in contents(wheel) if name.endswith(".ptx")]


def members(sdist: Path) -> list[str]:
    """The files of an sdist, relative to its root."""
    with tarfile.open(sdist) as archive:
        return sorted(member.name.partition("/")[2] for member in archive if member.isfile())


def beside(sources: Path) -> list[str]:
    """The files that a build has put beside the sources of a package, from its parent directory on."""
    return sorted(path.relative_to(sources.parent).as_posix() for path in sources.rglob("_oxide/*"))


def replace(file: Path, old: str, new: str) -> None:
    """Change a text file of a project; the text must be there."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
