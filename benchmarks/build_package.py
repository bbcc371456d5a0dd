"""The package that `build.py` builds, and the same kernels in CUDA C++.

In: how many modules. Out: a project on disk, and one .cu file a module beside it. Its own room because what is built
must not be mixed with how it is timed.

Each module is one of the pairs in `build_kernels/` with other constants, so that no two are alike.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

TARGETS = ("sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_103", "sm_120")
BLOCKS = (64, 128, 256, 512, 1024)

_KERNELS = Path(__file__).with_name("build_kernels")
_PYPROJECT = """[build-system]
requires = [{requires}]
build-backend = "{backend}"

[project]
name = "{name}"
version = "1.0"

[tool.setuptools.packages.find]
where = ["src"]
"""
_OXIDE = """
[tool.oxide]
kernels = ["many.kernels.*"]
targets = [{targets}]
"""
_DATA = """
[tool.setuptools.package-data]
"*" = ["_oxide/*"]
"""


def write_package(root: Path, modules: int) -> None:
    """A project with so many kernel modules for eight targets; the same in CUDA C++ in `root/cuda`."""
    targets = ", ".join(f'"{target}"' for target in TARGETS)
    kernels, cuda = root / "src" / "many" / "kernels", root / "cuda"
    for directory in (kernels, cuda):
        directory.mkdir(parents=True)
    _write_project(root, "many", "oxide_build.hooks", _OXIDE.format(targets=targets))
    (kernels / "__init__.py").write_text("", encoding="utf-8")
    for number, (python, cpp) in enumerate(sources(modules)):
        (kernels / f"m{number:03}.py").write_text(python, encoding="utf-8")
        (cuda / f"m{number:03}.cu").write_text(cpp, encoding="utf-8")


def write_ready_package(root: Path, wheel: Path) -> None:
    """The content of a wheel as a package of plain setuptools, for which the images are data like any other."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(root / "src", [name for name in archive.namelist() if ".dist-info/" not in name])
    _write_project(root, "ready", "setuptools.build_meta", _DATA)


def write_empty_package(root: Path) -> None:
    """A project of plain setuptools with one empty package: what the front end itself costs."""
    (root / "src" / "empty").mkdir(parents=True)
    _write_project(root, "empty", "setuptools.build_meta", "")
    (root / "src" / "empty" / "__init__.py").write_text("", encoding="utf-8")


def _write_project(root: Path, name: str, backend: str, more: str) -> None:
    requires = '"setuptools"' if backend.startswith("setuptools") else '"oxide-build"'
    text = _PYPROJECT.format(requires=requires, backend=backend, name=name)
    (root / "pyproject.toml").write_text(text + more, encoding="utf-8")


def sources(modules: int) -> list[tuple[str, str]]:
    """So many pairs of one module in Python and in CUDA C++."""
    names = sorted(path.stem for path in _KERNELS.glob("*.py"))
    return [_varied(names[number % len(names)], number // len(names)) for number in range(modules)]


def _varied(name: str, variation: int) -> tuple[str, str]:
    values = {"BLOCK": BLOCKS[variation % len(BLOCKS)], "FACTOR": 3 + variation}
    python, cpp = ((_KERNELS / f"{name}{suffix}").read_text(encoding="utf-8") for suffix in (".py", ".cu"))
    for constant, value in values.items():
        python = re.sub(rf"^{constant} = \d+$", f"{constant} = {value}", python, flags=re.MULTILINE)
        cpp = re.sub(rf"^#define {constant} \d+$", f"#define {constant} {value}", cpp, flags=re.MULTILINE)
    return python, cpp


def change_module(root: Path, time: int) -> None:
    """Edit one kernel module, each time otherwise."""
    file = root / "src" / "many" / "kernels" / "m000.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"^FACTOR = \d+$", f"FACTOR = {1000 + time}", text, flags=re.MULTILINE), encoding="utf-8")
