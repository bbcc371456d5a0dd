"""What `[tool.oxide]` asks of a release besides images: the commit, an SBOM, an sdist that carries images."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build.requirements import LIBDEVICE, LLVM
from tests.doors.projects import BACKENDS, IMAGES, WHEEL, contents, members, replace
from tests.doors.test_cmake import Build
from tests.hooks.backend import Backend, BuildFailed
from tests.hooks.test_origin import git, sbom
from tests.hooks.test_sdist import carried_in, configure, unpacked, without_compiler

__all__ = ["without_compiler"]

# What setuptools tells every author of an editable install.
pytestmark = pytest.mark.filterwarnings("ignore:Editable installation")

Project = Callable[[str], Backend]

UNSERVED = """oxide-build: the kernels cannot be built
[tool.oxide] sdist-artifacts: CMake cannot do this
  help: let build-backend be "oxide_build.hooks" or "setuptools.build_meta" or "hatchling.build"
OXIDE_SBOM: CMake cannot do this
  help: let build-backend be "oxide_build.hooks" or "setuptools.build_meta" or "hatchling.build"
2 errors"""


@pytest.fixture
def clone(backend: Project) -> Project:
    """A door's project in a git repository, all of it committed, whose manifests are to name the commit."""

    def make(door: str) -> Backend:
        project = backend(door)
        configure(project, "provenance = true")
        commit(project.root)
        return project

    return make


def commit(root: Path) -> str:
    """Commit all there is; gives what manifests are to say then."""
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "all")
    return git(root, "rev-parse", "HEAD")


def origins(files: dict[str, bytes]) -> list[dict[str, object]]:
    """What each manifest says of its source's origin."""
    return [json.loads(data)["provenance"] for name, data in files.items() if name.endswith(".json")]


# The commit


@pytest.mark.parametrize("door", ["setuptools", "hatchling", "scikit_build_core"])
def test_manifests_name_the_commit(clone: Project, tmp_path: Path, door: str) -> None:
    project = clone(door)
    head = git(project.root, "rev-parse", "HEAD")
    assert origins(contents(project.build("wheel", tmp_path / "1"))) == [{"commit": head, "dirty": False}] * 2
    replace(project.root / "ripple/rates.py", "exp(-t)", "exp(-t) * 2.0")
    assert origins(contents(project.build("wheel", tmp_path / "2"))) == [{"commit": head, "dirty": True}] * 2


@pytest.mark.parametrize("door", ["setuptools", "hatchling"])
def test_an_sdist_remembers_the_commit(clone: Project, tmp_path: Path, door: str) -> None:
    project = clone(door)
    root = unpacked(project.build("sdist", tmp_path / "sdist"), tmp_path / "unpacked")
    again = Backend(root, BACKENDS[door], environment=project.environment)
    assert again.build("wheel", tmp_path / "1").read_bytes() == project.build("wheel", tmp_path / "2").read_bytes()


def test_an_sdist_of_scikit_build_core_remembers_none(clone: Project, tmp_path: Path) -> None:
    """scikit-build-core asks CMake for nothing when it makes one."""
    project = clone("scikit_build_core")
    root = unpacked(project.build("sdist", tmp_path / "sdist"), tmp_path / "unpacked")
    again = Backend(root, BACKENDS["scikit_build_core"], environment=project.environment)
    assert origins(contents(again.build("wheel", tmp_path / "out"))) == [{}, {}]


@pytest.mark.parametrize("generator", ["Ninja", "Unix Makefiles"])
def test_cmake_asks_for_the_commit_in_each_build(
    project: Callable[[str], Path], tmp_path: Path, generator: str
) -> None:
    """No file's time tells it that another commit is checked out; the cache makes it cheap."""
    build = Build(project("scikit_build_core"), tmp_path / "build")
    replace(build.source / "pyproject.toml", "[tool.oxide]", "[tool.oxide]\nprovenance = true")
    build.configure(generator)
    for number in range(2):
        (build.source / "notes.txt").write_text(str(number), encoding="utf-8")
        head = commit(build.source)
        build.build()
        installed = {name: (tmp_path / "prefix" / name).read_bytes() for name in build.install(tmp_path / "prefix")}
        assert origins(installed) == [{"commit": head, "dirty": False}] * 2


# What archives hold


@pytest.fixture(params=["setuptools", "hatchling"])
def carrying(
    request: pytest.FixtureRequest, backend: Project, tmp_path: Path, without_compiler: dict[str, str]
) -> Backend:
    """A door's project in an sdist that carries images, unpacked where no compiler is."""
    project = backend(request.param)
    configure(project, "sdist-artifacts = true")
    root = unpacked(project.build("sdist", tmp_path / "sdist"), tmp_path / "unpacked")
    paths = [without_compiler["PYTHONPATH"], project.environment["PYTHONPATH"]]
    return Backend(
        root, BACKENDS[request.param], environment={**project.environment, "PYTHONPATH": os.pathsep.join(paths)}
    )


def test_an_sdist_carries_images_on_request(carrying: Backend, tmp_path: Path) -> None:
    (sdist,) = (tmp_path / "sdist").iterdir()
    carried = [name for name in members(sdist) if name.startswith(".oxide/")]
    assert carried == [".oxide/origin.json", *(f".oxide/{name}" for name in IMAGES)]
    assert [*contents(carrying.build("wheel", tmp_path / "out"))] == WHEEL
    assert "[oxide] the sdist carries the images of ripple.kernels.decay, " in carrying.stderr


def test_an_sdist_of_an_sdist_carries_the_same(carrying: Backend, tmp_path: Path) -> None:
    (first,) = (tmp_path / "sdist").iterdir()
    again = carrying.build("sdist", tmp_path / "again")
    carried = [[name for name in members(sdist) if name.startswith(".oxide/")] for sdist in (again, first)]
    assert carried[0] == carried[1]
    assert carried_in(again) == carried_in(first)


def test_hatchling_asks_for_the_compiler_only_where_it_compiles(backend: Project, tmp_path: Path) -> None:
    project = backend("hatchling")
    assert project.hooks.get_requires_for_build_sdist() == []
    configure(project, "sdist-artifacts = true")
    assert project.hooks.get_requires_for_build_sdist() == [LLVM, LIBDEVICE]
    root = unpacked(project.build("sdist", tmp_path / "sdist"), tmp_path / "unpacked")
    again = Backend(root, BACKENDS["hatchling"], environment=project.environment)
    assert again.hooks.get_requires_for_build_wheel() == again.hooks.get_requires_for_build_sdist() == []


def test_hatchlings_sdist_carries_images_wherever_its_wheel_finds_the_package(backend: Project, tmp_path: Path) -> None:
    """Only the wheel's table says it."""
    project = backend("hatchling")
    configure(project, "sdist-artifacts = true")
    (project.root / "code").mkdir()
    (project.root / "ripple").rename(project.root / "code/ripple")
    table = '[tool.hatch.build.targets.wheel]\npackages = ["code/ripple"]\n'
    replace(project.root / "pyproject.toml", "[tool.oxide]", f"{table}\n[tool.oxide]")
    assert f".oxide/{IMAGES[0]}" in members(project.build("sdist", tmp_path / "out"))


@pytest.mark.parametrize("door", ["setuptools", "hatchling"])
@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_a_wheel_has_an_sbom_on_request(backend: Project, tmp_path: Path, kind: str, door: str) -> None:
    own, project = backend("backend"), backend(door)
    for one in (own, project):
        configure(one, "sbom = true")
    assert sbom(project.build(kind, tmp_path / "1")) == sbom(own.build(kind, tmp_path / "2"))


def test_a_hatchling_that_knows_no_sbom_refuses_it(backend: Project, tmp_path: Path) -> None:
    """One before 1.28, as a hook before ours makes of a newer one."""
    project = backend("hatchling")
    configure(project, "sbom = true")
    hook = "from hatchling.builders.hooks.plugin.interface import BuildHookInterface\n\n\n"
    hook += "class Hook(BuildHookInterface):\n    def initialize(self, version, build_data):\n"
    hook += "        del build_data['sbom_files']\n"
    (project.root / "hatch_build.py").write_text(hook, encoding="utf-8")
    table = "[tool.hatch.build.hooks.oxide]\n"
    replace(project.root / "pyproject.toml", table, f"[tool.hatch.build.hooks.custom]\n\n{table}")
    with pytest.raises(BuildFailed) as raised:
        project.build("wheel", tmp_path / "out")
    assert raised.value.stderr.splitlines()[-3:] == [
        "[tool.oxide] sbom: this hatchling cannot do this",
        '  help: let [build-system] requires have "hatchling>=1.28"',
        "1 error",
    ]


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_a_wheel_of_scikit_build_core_has_one_for_each_target_of_cmakes(
    backend: Project, tmp_path: Path, kind: str
) -> None:
    own, project = backend("backend"), backend("scikit_build_core")
    for one in (own, project):
        configure(one, "sbom = true")
    with zipfile.ZipFile(project.build(kind, tmp_path / "1")) as wheel:
        document = json.loads(wheel.read("ripple-1.0.dist-info/sboms/oxide-build-kernels.cdx.json"))
    assert document == sbom(own.build(kind, tmp_path / "2"))


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_setuptools_leaves_nothing_to_chance_either(backend: Project, tmp_path: Path, kind: str) -> None:
    """Modes and times of the tree, owners, the time of day."""
    project = backend("setuptools")
    first = project.build(kind, tmp_path / "1").read_bytes()
    for path in project.root.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (1_600_000_000, 1_600_000_000))
    assert project.build(kind, tmp_path / "2").read_bytes() == first


def test_cmake_refuses_what_it_cannot_do(project: Callable[[str], Path], tmp_path: Path) -> None:
    build = Build(project("scikit_build_core"), tmp_path / "build")
    replace(build.source / "pyproject.toml", "[tool.oxide]", "[tool.oxide]\nsdist-artifacts = true")
    build.environment["OXIDE_SBOM"] = "1"
    build.configure(fails=True)
    said = [line.strip() for line in build.output.splitlines()]
    wanted = [line.strip() for line in UNSERVED.splitlines()]
    assert wanted == said[said.index(wanted[0]) :][: len(wanted)]


def test_cmake_leaves_to_a_backend_what_that_can_do(project: Callable[[str], Path], tmp_path: Path) -> None:
    """The project's wheels are not CMake's then."""
    build = Build(project("scikit_build_core"), tmp_path / "build")
    replace(build.source / "pyproject.toml", "[tool.oxide]", "[tool.oxide]\nsdist-artifacts = true\nsbom = true")
    replace(build.source / "pyproject.toml", "scikit_build_core.build", "oxide_build.hooks")
    build.configure()
