"""Machine code beside PTX: what is made, what the manifest says, and what happens without ptxas."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build import build
from oxide_build.cache import Cache
from oxide_build.config import load_config
from oxide_build.errors import CompileErrors, InternalError
from oxide_build.manifest import Artifact, Manifest
from oxide_build.pipeline import ptxas
from oxide_build.progress import Event, Made
from oxide_build.runtime.choice import choose
from tests.hooks.backend import Backend

TARGETS = 'targets = ["sm_80", "sm_90a", "sm_100f"]\n'
PTXAS = "nvidia-cuda-nvcc>=13,<14"
BOTH = 'emit = ["cubin", "ptx"]\n'


def project(root: Path, oxide: str) -> Path:
    file = root / "pyproject.toml"
    head = file.read_text(encoding="utf-8").partition("[tool.oxide]")[0]
    file.write_text(f'{head}[tool.oxide]\nkernels = ["mapped.kernels.copy"]\n{oxide}', encoding="utf-8")
    return root


def run(root: Path, cache: Path | None = None) -> tuple[Manifest, dict[str, bytes], list[Event]]:
    events: list[Event] = []
    store = Cache(cache, lambda text: None)
    (built,) = build.run(build.plan(load_config(root, {}, {}), root), 2, tell=events.append, cache=store)
    files = {name.partition("/")[2]: content for name, content in built.files.items()}
    return Manifest.from_json(files["copy.json"].decode()), files, events


Sample = Callable[[str], Path]


def test_a_cubin_a_target_beside_its_ptx(sample: Sample) -> None:
    root = project(sample("mapped"), TARGETS + BOTH)
    manifest, files, events = run(root)
    stems = ["copy.sm_80", "copy.sm_90a", "copy.sm_100f"]
    assert list(files) == ["copy.json", *(f"{stem}.{kind}" for stem in stems for kind in ("ptx", "cubin"))]
    (job,) = build.plan(load_config(root, {}, {}), root)
    assert [name.partition("/")[2] for name in job.outputs] == list(files)
    cubins = [artifact for artifact in manifest.artifacts if artifact.kind == "cubin"]
    for artifact in cubins:
        content = files[artifact.file]
        assert content.startswith(b"\x7fELF")
        assert (artifact.size, artifact.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert artifact.driver == f"{ptxas.version().partition('.')[0]}.0"
    assert manifest.generator["ptxas"] == ptxas.version()
    made = {(e.target, e.kind): e.size for e in events if isinstance(e, Made)}
    assert made == {(a.target, a.kind): a.size for a in manifest.artifacts}


def test_the_loader_takes_them(sample: Sample) -> None:
    manifest, _, _ = run(project(sample("mapped"), TARGETS + BOTH))

    def chosen(capability: tuple[int, int], driver: str) -> tuple[str, str]:
        image = choose(manifest.artifacts, capability, driver).required()
        return image.target, image.kind

    assert chosen((9, 0), "13.0") == ("sm_90a", "cubin")
    assert chosen((8, 6), "13.0") == ("sm_80", "cubin")
    assert chosen((8, 6), "12.4") == ("sm_80", "ptx")
    assert chosen((12, 0), "13.0") == ("sm_80", "ptx")


def test_the_bytes_are_those_of_any_directory_and_of_the_cache(sample: Sample, tmp_path: Path) -> None:
    root = project(sample("mapped"), TARGETS + BOTH)
    _, first, _ = run(root, tmp_path / "cache")
    root = root.rename(tmp_path / "elsewhere")
    _, again, events = run(root, tmp_path / "cache")
    assert all(event.cached for event in events if isinstance(event, Made))
    _, fresh, _ = run(root)
    assert first == again == fresh
    assert not [name for name, content in fresh.items() if str(tmp_path).encode() in content]


def test_cubins_alone_leave_the_ptx_out(sample: Sample) -> None:
    manifest, files, _ = run(project(sample("mapped"), 'targets = ["sm_90"]\nemit = ["cubin"]\n'))
    assert list(files) == ["copy.json", "copy.sm_90.cubin"]
    assert [artifact.ptx_version for artifact in manifest.artifacts] == ["7.8"]


def test_line_info_is_in_the_code_where_it_is_asked_for(sample: Sample) -> None:
    root = sample("mapped")
    oxide = 'targets = ["sm_90"]\nemit = ["cubin"]\nline-info = {}\n'
    named = {
        lines: b".debug_line" in run(project(root, oxide.format(lines)))[1]["copy.sm_90.cubin"]
        for lines in ("true", "false")
    }
    assert named == {"true": True, "false": False}


def fake_ptxas(directory: Path, does: str) -> Path:
    """A program in ptxas's place that says its version, and otherwise `does`."""
    program = directory / "ptxas"
    version = 'if [ "$1" = --version ]; then echo "release 13.0, V13.0.88"; exit 0; fi\n'
    program.write_text(f"#!/bin/sh\n{version}cat > /dev/null\n{does}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_without_ptxas_the_build_says_what_to_install(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ptxas.VARIABLE, "/nowhere/ptxas")
    with pytest.raises(CompileErrors, match="cubins need NVIDIA's ptxas, which is not installed") as raised:
        run(project(sample("mapped"), TARGETS + BOTH + 'on-unsupported-target = "skip"\n'))
    assert len(raised.value.errors) == 1
    assert "pip install nvidia-cuda-nvcc" in str(raised.value)


def test_a_refusal_is_a_fault_of_ours_and_keeps_the_ptx(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ptxas.VARIABLE, str(fake_ptxas(tmp_path, "echo 'ptxas fatal: no' >&2; exit 255")))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(InternalError, match=r"mapped\.kernels\.copy for sm_90: stage cubin failed: ptxas fatal: no"):
        run(project(sample("mapped"), 'targets = ["sm_90"]\n' + BOTH))
    (kept,) = tmp_path.glob("oxide-*.ptx")
    assert ".entry copy" in kept.read_text(encoding="utf-8")


UNKNOWN = "echo \"ptxas fatal   : Value 'sm_90' is not defined for option 'gpu-name'\" >&2; exit 1"


def test_a_target_ptxas_does_not_know_is_an_error_or_skipped(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ptxas.VARIABLE, str(fake_ptxas(tmp_path, UNKNOWN)))
    oxide = 'targets = ["sm_90"]\n' + BOTH
    root = project(sample("mapped"), oxide)
    with pytest.raises(CompileErrors, match=r"ptxas 13\.0\.88 makes no code for sm_90"):
        run(root)
    manifest, _, _ = run(project(root, oxide + 'on-unsupported-target = "skip"\n'))
    assert [(artifact.target, artifact.kind) for artifact in manifest.artifacts] == [("sm_90", "ptx")]


def test_a_manifest_without_cubins_names_no_ptxas(sample: Sample) -> None:
    manifest, _, _ = run(project(sample("mapped"), TARGETS))
    assert "ptxas" not in manifest.generator
    assert {type(artifact) for artifact in manifest.artifacts} == {Artifact}


def test_ptxas_is_a_build_requirement_only_of_cubins_and_the_wheel_stays_of_any_platform(
    sample: Sample, tmp_path: Path
) -> None:
    root = project(sample("mapped"), TARGETS)
    assert PTXAS not in Backend(root).hooks.get_requires_for_build_wheel()
    project(root, TARGETS + BOTH)
    assert PTXAS in Backend(root).hooks.get_requires_for_build_wheel()
    wheel = Backend(root).build("wheel", tmp_path / "out")
    assert wheel.name == "mapped-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        cubins = {name for name in archive.namelist() if name.endswith(".cubin")}
    assert cubins == {f"mapped/kernels/_oxide/copy.{target}.cubin" for target in ("sm_80", "sm_90a", "sm_100f")}
