"""Where a wheel says it comes from: the SBOM in its metadata, the commit in its manifests."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from oxide_build import __version__
from tests.hooks.backend import EPOCH, Backend
from tests.hooks.test_hooks import metadata
from tests.hooks.test_sdist import configure, unpacked

pytestmark = pytest.mark.filterwarnings("ignore:Editable installation", "ignore:Package .* is absent from")

Project = Callable[[str], Backend]

SBOM = "sboms/oxide-build.cdx.json"


# The SBOM


def sbom(wheel: Path) -> dict[str, Any]:
    text = metadata(wheel, SBOM).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    assert isinstance(document, dict)
    return document


@pytest.fixture
def listed(backend: Project) -> Project:
    """A sample whose wheel is to have an SBOM."""

    def make(name: str) -> Backend:
        project = backend(name)
        configure(project, "sbom = true")
        return project

    return make


def test_a_wheel_has_none_unasked(backend: Project, tmp_path: Path) -> None:
    with zipfile.ZipFile(backend("mapped").build("wheel", tmp_path / "out")) as archive:
        assert not [name for name in archive.namelist() if "/sboms/" in name]


def test_it_names_what_is_compiled_in_and_what_compiled_it(listed: Project, tmp_path: Path) -> None:
    document = sbom(listed("plain").build("wheel", tmp_path / "out"))
    own = document["metadata"]["component"]
    assert (own["name"], own["version"], own["purl"]) == ("plain", "1.0", "pkg:pypi/plain@1.0")
    tools = {tool["name"]: tool["version"] for tool in document["metadata"]["tools"]["components"]}
    assert tools.keys() == {"oxide-build", "llvmlite", "llvm"}
    assert (tools["oxide-build"], tools["llvmlite"]) == (__version__, version("llvmlite"))
    assert [part["purl"] for part in document["components"]] == [f"pkg:pypi/nvidia-nvvm@{version('nvidia-nvvm')}"]
    assert document["dependencies"][0] == {"ref": own["bom-ref"], "dependsOn": [document["components"][0]["bom-ref"]]}


def test_libdevice_is_in_it_only_where_kernels_use_it(listed: Project, tmp_path: Path) -> None:
    assert sbom(listed("mapped").build("wheel", tmp_path / "out"))["components"] == []


def test_it_holds_no_time_but_the_one_given(listed: Project, tmp_path: Path) -> None:
    project = listed("mapped")
    with_epoch = sbom(project.build("wheel", tmp_path / "1"))
    assert (EPOCH, with_epoch["metadata"]["timestamp"]) == ("1700000000", "2023-11-14T22:13:20Z")
    project.environment = {}
    wheels = [project.build("wheel", tmp_path / number) for number in "23"]
    assert "timestamp" not in sbom(wheels[0])["metadata"]
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    assert sbom(wheels[0])["serialNumber"] != with_epoch["serialNumber"]


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_prepared_metadata_has_it_too(listed: Project, tmp_path: Path, kind: str) -> None:
    project = listed("plain")
    prepared = tmp_path / "prepared"
    prepared.mkdir()
    place = prepared / getattr(project.hooks, f"prepare_metadata_for_build_{kind}")(str(prepared))
    out = tmp_path / "out"
    out.mkdir()
    given = out / getattr(project.hooks, f"build_{kind}")(str(out), {}, str(place))
    for wheel in (given, project.build(kind, tmp_path / "again")):
        for file in (file for file in place.rglob("*") if file.is_file()):
            assert metadata(wheel, file.relative_to(place).as_posix()) == file.read_bytes()
    assert (place / SBOM).is_file()


def test_an_sdist_that_carries_images_says_what_made_them(listed: Project, tmp_path: Path) -> None:
    project = listed("plain")
    configure(project, "sdist-artifacts = true")
    root = unpacked(project.build("sdist", tmp_path / "sdist"), tmp_path / "unpacked")
    origin = root / ".oxide/origin.json"
    origin.write_text(origin.read_text(encoding="utf-8").replace(version("llvmlite"), "0.0.1"), encoding="utf-8")
    tools = sbom(Backend(root).build("wheel", tmp_path / "out"))["metadata"]["tools"]["components"]
    assert {"llvmlite": "0.0.1"}.items() <= {tool["name"]: tool["version"] for tool in tools}.items()


# The commit


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def clone(backend: Project) -> Backend:
    """A project in a git repository, all of it committed, whose manifests are to name the commit."""
    project = backend("plain")
    configure(project, "provenance = true")
    git(project.root, "init", "--quiet")
    git(project.root, "add", "--all")
    git(project.root, "commit", "--quiet", "--message", "first")
    return project


def provenance(wheel: Path) -> list[dict[str, Any]]:
    """What each manifest says of its source's origin."""
    with zipfile.ZipFile(wheel) as archive:
        manifests = [name for name in archive.namelist() if name.endswith(".json") and "/_oxide/" in name]
        assert len(manifests) == 2
        return [json.loads(archive.read(name))["provenance"] for name in manifests]


def test_no_commit_is_recorded_unasked(backend: Project, tmp_path: Path) -> None:
    assert provenance(backend("plain").build("wheel", tmp_path / "out")) == [{}, {}]


def test_a_clean_tree_is_its_commit(clone: Backend, tmp_path: Path) -> None:
    clean = {"commit": git(clone.root, "rev-parse", "HEAD"), "dirty": False}
    first = clone.build("wheel", tmp_path / "1")
    assert provenance(first) == [clean, clean]
    # What the first build left in the tree is no change of it.
    assert clone.build("wheel", tmp_path / "2").read_bytes() == first.read_bytes()


@pytest.mark.parametrize(
    ("file", "dirty"),
    [
        ("src/plain/kernels/vector.py", True),
        ("src/plain/__init__.py", True),
        ("pyproject.toml", True),
        ("src/plain/kernels/vector_more.py", True),
        ("notes.txt", False),
    ],
)
def test_a_changed_tree_is_dirty(clone: Backend, tmp_path: Path, file: str, dirty: bool) -> None:
    path = clone.root / file
    was = (clone.root / "src/plain/kernels/vector.py") if file.endswith("vector_more.py") else path
    path.write_text((was.read_text(encoding="utf-8") if was.exists() else "") + "\n# more\n", encoding="utf-8")
    with zipfile.ZipFile(clone.build("wheel", tmp_path / "out")) as archive:
        manifest = json.loads(archive.read("plain/kernels/_oxide/vector.json"))
    assert manifest["provenance"] == {"commit": git(clone.root, "rev-parse", "HEAD"), "dirty": dirty}


def test_an_sdist_remembers_the_commit(clone: Backend, tmp_path: Path) -> None:
    root = unpacked(clone.build("sdist", tmp_path / "sdist"), tmp_path / "unpacked")
    wheel = Backend(root).build("wheel", tmp_path / "1")
    assert wheel.read_bytes() == clone.build("wheel", tmp_path / "2").read_bytes()


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("nowhere", "git knows no commit of this tree: fatal: not a git repository"),
        ("vendored", "git knows no commit of this tree: error: pathspec 'pyproject.toml' did not match"),
        ("gitless", "git cannot be run: No such file or directory"),
    ],
)
def test_where_no_commit_is_known_a_note_says_why(clone: Backend, tmp_path: Path, where: str, said: str) -> None:
    if where != "gitless":
        git(clone.root, "clean", "--quiet", "-xd", "--force")
        (clone.root / ".git").rename(tmp_path / "away")
    if where == "vendored":
        (tmp_path / "of_somebody_else").write_text("", encoding="utf-8")
        git(tmp_path, "init", "--quiet")
    if where == "gitless":
        clone.environment = {"PATH": str(tmp_path)}
    assert provenance(clone.build("wheel", tmp_path / "out")) == [{}, {}]
    assert f"[oxide] no provenance is recorded: {said}" in clone.stderr


def test_digests_are_always_there(backend: Project, tmp_path: Path) -> None:
    with zipfile.ZipFile(backend("mapped").build("wheel", tmp_path / "out")) as archive:
        manifest = json.loads(archive.read("mapped/kernels/_oxide/copy.json"))
    assert [len(artifact["sha256"]) for artifact in manifest["artifacts"]] == [64]
    assert len(manifest["source_sha256"]) == 64
    assert manifest["generator"].keys() >= {"oxide-build", "llvmlite", "llvm"}
