"""Every door opened by a real front end, in isolation; what it makes installed where nothing else is.

oxide-build comes from a wheel of this tree, the rest from wherever the front end is configured to look.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

import pytest

from oxide_build import build
from oxide_build.config import load_config
from tests.conftest import Call
from tests.doors.projects import BACKENDS, DOORS, IMAGES, WHEEL, contents

pytestmark = pytest.mark.frontend

Project = Callable[[str], Path]

PYTHON = "Scripts/python.exe" if os.name == "nt" else "bin/python"
FRONT_ENDS = {
    "pip": lambda root, out: (sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", out, root),
    "uv": lambda root, out: (sys.executable, "-m", "uv", "build", "--wheel", "--out-dir", out, root),
}
LAUNCHES = """
import hashlib, sys
from importlib.resources import files

import numpy as np
from oxide_build.manifest import Manifest
from ripple.kernels.decay import decay
from ripple.kernels.scale import scale

x, y, z = np.ones(1000, np.float32), np.ones(1000, np.float32), np.ones(3)
decay.simulate[4, 256](1.0, y)
scale.simulate[1, 4](2.0, z)
assert np.allclose(y, np.exp(-x)) and (z == 2.0).all()

shipped = files("ripple.kernels").joinpath("_oxide")
for name in ("decay", "scale"):
    manifest = Manifest.from_json(shipped.joinpath(f"{name}.json").read_text())
    assert manifest.module == f"ripple.kernels.{name}"
    for image in manifest.artifacts:
        assert hashlib.sha256(shipped.joinpath(image.file).read_bytes()).hexdigest() == image.sha256
        print(image.file)
assert not {"llvmlite", "setuptools", "cuda"} & {name.partition(".")[0] for name in sys.modules}
"""
IMAGE_FILES = [name.rpartition("/")[2] for name in IMAGES if name.endswith(".ptx")]


@pytest.fixture(autouse=True)
def _with_what_the_door_needs(request: pytest.FixtureRequest) -> None:
    """The sample with a C extension needs a C compiler, as its users do."""
    door = getattr(request.node, "callspec", None)
    if door and door.params.get("door") == "extension" and not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("no C compiler: setuptools cannot build the sample's extension")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """What the build itself makes of the kernel package, by path in a wheel."""
    root = tmp_path_factory.mktemp("made")
    shutil.copytree(DOORS / "ripple", root / "ripple")
    shutil.copy(DOORS / "backend/pyproject.toml", root)
    config = load_config(root, environment={})
    built = build.run(build.plan(config, root), log=lambda line: None)
    return {f"{one.package.replace('.', '/')}/{name}": data for one in built for name, data in one.files.items()}


@pytest.fixture
def clean(tmp_path: Path, call: Call) -> Path:
    """The interpreter of an environment with nothing in it, not even pip."""
    call(sys.executable, "-m", "uv", "venv", "--python", sys.executable, tmp_path / "clean")
    return tmp_path / "clean" / PYTHON


def install(call: Call, python: Path, *what: str | Path) -> None:
    call(sys.executable, "-m", "uv", "pip", "install", "--python", python, *what)


def tag(door: str) -> str:
    return "py3-none-any" if door != "extension" else sysconfig.get_platform().replace("-", "_").replace(".", "_")


@pytest.mark.parametrize("front_end", FRONT_ENDS)
@pytest.mark.parametrize("door", BACKENDS)
def test_every_door_makes_the_same_files(
    project: Project, call: Call, made: Mapping[str, bytes], tmp_path: Path, door: str, front_end: str
) -> None:
    call(*FRONT_ENDS[front_end](project(door), tmp_path / "out"))
    (wheel,) = (tmp_path / "out").glob("*.whl")
    assert wheel.name.endswith(f"{tag(door)}.whl")
    shipped = contents(wheel)
    assert [name for name in shipped if "ripple/host." not in name] == WHEEL
    assert {name: data for name, data in shipped.items() if "/_oxide/" in name} == made


@pytest.mark.parametrize("how", ["wheel", "editable"])
@pytest.mark.parametrize("door", BACKENDS)
def test_installed_kernels_run(project: Project, call: Call, clean: Path, tmp_path: Path, door: str, how: str) -> None:
    install(call, clean, *(["--editable"] if how == "editable" else []), project(door), "numpy")
    code = LAUNCHES + ("\nimport ripple.host\nassert ripple.host.twice(21) == 42\n" if door == "extension" else "")
    assert call(clean, "-I", "-c", code, cwd=tmp_path).stdout.split() == IMAGE_FILES


def test_cmake_alone_finds_what_it_needs(
    project: Project, call: Call, clean: Path, made: Mapping[str, bytes], tmp_path: Path
) -> None:
    """No environment is activated: the files that CMake is told of know their Python."""
    install(call, clean, "oxide-build[cli,compiler]", "numpy")
    place = call(clean, "-I", "-m", "oxide_build", "--cmake-dir").stdout.strip()
    assert Path(place).is_relative_to(tmp_path / "clean")
    cmake = Path(sysconfig.get_path("scripts"), "cmake")
    ninja = Path(sysconfig.get_path("scripts"), "ninja")
    options = [f"-DOxideBuild_ROOT={place}", f"-DCMAKE_MAKE_PROGRAM={ninja}"]
    call(cmake, "-S", project("cmake"), "-B", tmp_path / "b", "-G", "Ninja", *options)
    call(cmake, "--build", tmp_path / "b")
    assert "no work to do" in call(cmake, "--build", tmp_path / "b").stdout
    call(cmake, "--install", tmp_path / "b", "--prefix", tmp_path / "prefix")
    assert {name: (tmp_path / "prefix" / name).read_bytes() for name in IMAGES} == made
    code = f"import sys\nsys.path.insert(0, {str(tmp_path / 'prefix')!r})\n{LAUNCHES}"
    assert call(clean, "-I", "-c", code).stdout.split() == IMAGE_FILES


CMAKE_FILES = [f"oxide_build/cmake/OxideBuild{name}.cmake" for name in ("", "Config", "ConfigVersion")]


def test_the_cmake_files_are_in_the_package_wherever_it_comes_from(
    call: Call, tree: Path, wheelhouse: Path, tmp_path: Path
) -> None:
    """They lie at the top of the tree; a checkout without symbolic links must do, and so must an sdist."""
    (wheel,) = wheelhouse.glob("*.whl")
    assert [name for name in contents(wheel) if name.endswith(".cmake")] == CMAKE_FILES
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy, symlinks=True)
    (copy / "oxide_build/cmake").unlink()
    (copy / "oxide_build/cmake").write_text("../cmake", encoding="utf-8")
    call(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / "out", copy)
    (again,) = (tmp_path / "out").glob("*.whl")
    assert [name for name in contents(again) if name.endswith(".cmake")] == CMAKE_FILES


def test_the_cmake_files_are_in_the_package_of_an_editable_install() -> None:
    """Where that is the tree itself; the entry points name the package."""
    package = files("oxide_build.cmake")
    assert all(package.joinpath(Path(name).name).is_file() for name in CMAKE_FILES)


def test_without_the_compiler_in_requires_the_report_says_so(project: Project, call: Call, tmp_path: Path) -> None:
    root = project("setuptools")
    pyproject = root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text(encoding="utf-8").replace("oxide-build[compiler]", "oxide-build"))
    output = call(*FRONT_ENDS["pip"](root, tmp_path / "out"), status=1).stdout
    assert "the code generator llvmlite is not installed" in output
    assert '"oxide-build[compiler]", which an isolated build needs in [build-system] requires' in output
