"""Sdists: all that a rebuild needs, nothing that a build left behind, and on request the images themselves."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build.requirements import LIBDEVICE, LLVM
from tests.hooks.backend import REPOSITORY, Backend
from tests.hooks.test_hooks import PLAIN, contents, images, members, refused

pytestmark = pytest.mark.filterwarnings("ignore:Editable installation", "ignore:Package .* is absent from")

Project = Callable[[str], Backend]

IMAGES = [f".oxide/{name}" for name in PLAIN if "/_oxide/" in name]


def unpacked(sdist: Path, place: Path) -> Path:
    """The root of the project in an sdist."""
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
    (root,) = place.iterdir()
    return root


def configure(project: Backend, *lines: str) -> None:
    """Add keys to `[tool.oxide]`."""
    pyproject = project.root / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    pyproject.write_text(text.replace("[tool.oxide]", "\n".join(["[tool.oxide]", *lines])), encoding="utf-8")


@pytest.fixture
def without_compiler(tmp_path: Path) -> dict[str, str]:
    """The environment of processes in which llvmlite is not installed."""
    place = tmp_path / "without"
    place.mkdir()
    hide = 'import sys; sys.modules["llvmlite"] = None\n'
    (place / "sitecustomize.py").write_text(hide, encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join([str(place), str(REPOSITORY)])}


@pytest.fixture
def carrying(backend: Project, tmp_path: Path, without_compiler: dict[str, str]) -> Backend:
    """The project in an sdist that carries images, unpacked where no compiler is."""
    project = backend("plain")
    configure(project, "sdist-artifacts = true")
    root = unpacked(project.build("sdist", tmp_path / "sdist"), tmp_path / "unpacked")
    return Backend(root, environment=without_compiler)


# Sources


@pytest.mark.parametrize("history", ["wheel", "editable", "sdist"])
@pytest.mark.parametrize("name", ["plain", "mapped"])
def test_what_was_built_before_does_not_change_it(backend: Project, tmp_path: Path, name: str, history: str) -> None:
    project = backend(name)
    if name == "plain":
        with (project.root / "pyproject.toml").open("a", encoding="utf-8") as pyproject:
            pyproject.write('\n[tool.setuptools.package-data]\nplain = ["**/*", "**/.*"]\n')
    first = Backend(project.root).build("sdist", tmp_path / "1").read_bytes()
    project.build(history, tmp_path / "2")
    assert project.build("sdist", tmp_path / "3").read_bytes() == first


def test_what_a_killed_build_was_packing_is_not_in_it(backend: Project, tmp_path: Path) -> None:
    """setuptools makes the tree that it packs in the project's, and removes it only afterwards."""
    project = backend("plain")
    first = project.build("sdist", tmp_path / "1").read_bytes()
    left = project.root / "plain-1.0/src/plain/gone.py"
    left.parent.mkdir(parents=True)
    left.touch()
    assert project.build("sdist", tmp_path / "2").read_bytes() == first
    assert not (project.root / "plain-1.0").exists()


def test_modules_that_kernels_import_are_in_it_though_in_no_package(backend: Project, tmp_path: Path) -> None:
    project = backend("mapped")
    shared = project.root / "shared/functions.py"
    shared.parent.mkdir()
    head = "from oxide_build import gpu\nfrom oxide_build.gpu import f32\n\n\n@gpu.device\n"
    shared.write_text(f"{head}def doubled(x: f32) -> f32:\n    return x + x\n", encoding="utf-8")
    kernel = project.root / "kernels/copy.py"
    text = kernel.read_text(encoding="utf-8").replace("= x[i]", "= doubled(x[i])")
    kernel.write_text(f"from mapped.shared.functions import doubled\n{text}", encoding="utf-8")
    sdist = project.build("sdist", tmp_path / "sdist")
    assert "shared/functions.py" in members(sdist)
    root = unpacked(sdist, tmp_path / "unpacked")
    again = Backend(root).build("wheel", tmp_path / "again")
    assert again.read_bytes() == project.build("wheel", tmp_path / "wheel").read_bytes()


@pytest.mark.parametrize("line", ["global-exclude vector.py", "prune src/plain/kernels", "recursive-exclude src *.py"])
def test_a_manifest_that_leaves_kernels_out_is_refused(backend: Project, tmp_path: Path, line: str) -> None:
    project = backend("plain")
    (project.root / "MANIFEST.in").write_text(f"{line}\n", encoding="utf-8")
    lines = refused(project, "sdist", tmp_path / "out")
    assert "sdist: src/plain/kernels/vector.py is left out, and kernels are made from it" in lines


def test_a_manifest_may_add_everything(backend: Project, tmp_path: Path) -> None:
    project = backend("plain")
    project.build("editable", tmp_path / "1")
    (project.root / "MANIFEST.in").write_text("graft src\ngraft build\n", encoding="utf-8")
    sdist = project.build("sdist", tmp_path / "2")
    assert not [name for name in members(sdist) if "_oxide" in name]
    with tarfile.open(sdist) as archive:
        (listed,) = (member for member in archive if member.name.endswith(".egg-info/SOURCES.txt"))
        stream = archive.extractfile(listed)
        assert stream is not None
        assert b"_oxide/" not in stream.read()


# Images


def test_it_carries_images_on_request(backend: Project, tmp_path: Path) -> None:
    project = backend("plain")
    configure(project, "sdist-artifacts = true")
    assert project.hooks.get_requires_for_build_sdist() == ["setuptools>=77", LLVM, LIBDEVICE]
    carried = [name for name in members(project.build("sdist", tmp_path / "out")) if name.startswith(".oxide/")]
    assert carried == [".oxide/origin.json", *IMAGES]


def test_a_build_of_it_needs_no_compiler(carrying: Backend, tmp_path: Path) -> None:
    assert carrying.hooks.get_requires_for_build_wheel() == ["setuptools>=77"]
    assert carrying.hooks.get_requires_for_build_editable() == ["setuptools>=77"]
    assert contents(carrying.build("wheel", tmp_path / "out")) == PLAIN
    assert "[oxide] the sdist carries the images of plain.kernels.math_functions, " in carrying.stderr


def test_it_gives_the_trees_wheel(carrying: Backend, tmp_path: Path) -> None:
    tree = Backend(tmp_path / "plain", environment={}).build("wheel", tmp_path / "1")
    assert carrying.build("wheel", tmp_path / "2").read_bytes() == tree.read_bytes()


def test_an_editable_install_of_it_needs_no_compiler(carrying: Backend, tmp_path: Path) -> None:
    carrying.build("editable", tmp_path / "out")
    assert (carrying.root / "src/plain/kernels/_oxide/vector.sm_90.ptx").is_file()


def test_an_sdist_of_it_is_the_same_sdist(carrying: Backend, tmp_path: Path) -> None:
    assert carrying.hooks.get_requires_for_build_sdist() == ["setuptools>=77"]
    (first,) = (tmp_path / "sdist").iterdir()
    again = Backend(carrying.root, environment={**carrying.environment, "SOURCE_DATE_EPOCH": "1700000000"})
    assert carried_in(again.build("sdist", tmp_path / "again")) == carried_in(first) != {}


def carried_in(sdist: Path) -> dict[str, bytes]:
    with tarfile.open(sdist) as archive:
        streams = {member.name: archive.extractfile(member) for member in archive if "/.oxide/" in member.name}
        return {name: stream.read() for name, stream in streams.items() if stream}


def edit(root: Path) -> None:
    kernel = root / "src/plain/kernels/vector.py"
    kernel.write_text(kernel.read_text(encoding="utf-8").replace("def scale", "def stretch"), encoding="utf-8")


def damage(root: Path) -> None:
    (root / ".oxide/plain/kernels/_oxide/vector.sm_90.ptx").write_bytes(b"// nothing")


def remove(root: Path) -> None:
    (root / ".oxide/plain/kernels/_oxide/vector.sm_75.ptx").unlink()


def age(root: Path) -> None:
    manifest = root / ".oxide/plain/kernels/_oxide/vector.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"schema": 1', '"schema": 0'), encoding="utf-8")


SPOILT: dict[str, Callable[[Path], None]] = {"edited": edit, "damaged": damage, "removed": remove, "aged": age}


@pytest.mark.parametrize("how", SPOILT)
def test_images_of_anything_else_are_not_used(carrying: Backend, tmp_path: Path, how: str) -> None:
    SPOILT[how](carrying.root)
    assert carrying.hooks.get_requires_for_build_wheel() == ["setuptools>=77", LLVM, LIBDEVICE]
    lines = refused(carrying, "wheel", tmp_path / "1")
    assert (
        "[oxide] the sdist carries no image of these sources and settings for plain.kernels.vector: compiling" in lines
    )
    assert lines[-2:] == [
        "the code generator llvmlite is not installed",
        '  help: pip install "oxide-build[compiler]", which an isolated build needs in [build-system] requires',
    ]
    wheel = Backend(carrying.root).build("wheel", tmp_path / "2")
    assert contents(wheel) == PLAIN
    tree = tmp_path / "plain"
    if how == "edited":
        edit(tree)
    assert wheel.read_bytes() == Backend(tree).build("wheel", tmp_path / "3").read_bytes()


@pytest.mark.parametrize(
    "settings",
    [{"oxide.targets": "sm_90"}, {"oxide.targets": ["sm_75", "sm_80", "sm_90"]}, {"oxide.opt-level": "1"}],
    ids=["fewer", "more", "other"],
)
def test_images_of_other_settings_are_not_used(carrying: Backend, settings: dict[str, object]) -> None:
    assert LLVM in carrying.hooks.get_requires_for_build_wheel(settings)


def test_targets_asked_for_are_what_ships(carrying: Backend, tmp_path: Path) -> None:
    wheel = Backend(carrying.root).build("wheel", tmp_path / "out", **{"oxide.targets": "sm_86"})
    assert images(wheel) == ["math_functions.sm_86.ptx", "vector.sm_86.ptx"]


def test_a_wrong_kernel_leaves_no_sdist_that_was_to_carry_it(backend: Project, tmp_path: Path) -> None:
    project = backend("mapped")
    configure(project, "sdist-artifacts = true")
    kernel = project.root / "kernels/copy.py"
    kernel.write_text(kernel.read_text(encoding="utf-8").replace("y[i] = x[i]", "x[i] = y[i]"), encoding="utf-8")
    lines = refused(project, "sdist", tmp_path / "out")
    assert lines[lines.index("oxide-build: the kernels cannot be built") + 1].startswith("kernels/copy.py:12:9: error")
