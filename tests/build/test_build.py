"""From a configuration to the files of every kernel module, with the real compiler."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build import build
from oxide_build.config import load_config
from oxide_build.errors import CompileErrors
from oxide_build.manifest import Manifest

Sample = Callable[[str], Path]

WRONG = """from oxide_build import gpu
from oxide_build.gpu import Slice, f32


@gpu.kernel
def store(x: Slice[f32]) -> None:
    x[0] = 1.0
"""


def planned(root: Path, **settings: object) -> tuple[build.Job, ...]:
    named = {f"oxide.{name.replace('_', '-')}": value for name, value in settings.items()}
    return build.plan(load_config(root, named, {}), root)


def files_of(built: tuple[build.Built, ...]) -> dict[str, bytes]:
    return {f"{one.package}/{name}": content for one in built for name, content in one.files.items()}


def test_the_plan_needs_no_compiler(sample: Sample) -> None:
    math, vector = planned(sample("plain"))
    assert (vector.source.module, vector.source.path) == ("plain.kernels.vector", "src/plain/kernels/vector.py")
    assert vector.outputs == ("_oxide/vector.json", "_oxide/vector.sm_75.ptx", "_oxide/vector.sm_90.ptx")
    assert math.outputs == ("_oxide/math_functions.json", "_oxide/math_functions.sm_80.ptx")


def test_manifest_describes_the_images(sample: Sample) -> None:
    root = sample("plain")
    files = files_of(build.run(planned(root), 1, lambda line: None))
    manifest = Manifest.from_json(files["plain.kernels/_oxide/vector.json"].decode())
    source = (root / "src/plain/kernels/vector.py").read_bytes()
    assert (manifest.module, manifest.source) == ("plain.kernels.vector", "vector.py")
    assert manifest.source_sha256 == hashlib.sha256(source).hexdigest()
    assert manifest.requested == ("sm_75", "sm_90")
    assert [kernel.name for kernel in manifest.kernels] == ["saxpy", "scale"]
    assert set(manifest.generator) == {"oxide-build", "llvmlite", "llvm"}
    assert [(a.target, a.ptx_version, a.driver) for a in manifest.artifacts] == [
        ("sm_75", "6.3", "10.0"),
        ("sm_90", "7.8", "11.8"),
    ]
    for artifact in manifest.artifacts:
        content = files[f"plain.kernels/_oxide/{artifact.file}"]
        assert (artifact.sha256, artifact.size) == (hashlib.sha256(content).hexdigest(), len(content))
        assert f".target {artifact.target}".encode() in content


def test_overrides_reach_the_code(sample: Sample) -> None:
    files = files_of(build.run(planned(sample("plain")), 1, lambda line: None))
    assert b".loc" in files["plain.kernels/_oxide/vector.sm_75.ptx"]
    assert b".loc" not in files["plain.kernels/_oxide/math_functions.sm_80.ptx"]


def test_no_directory_of_this_machine_is_in_the_files(sample: Sample, tmp_path: Path) -> None:
    files = files_of(build.run(planned(sample("plain")), 2, lambda line: None))
    assert files
    assert not any(str(tmp_path).encode() in content for content in files.values())


def test_workers_do_not_change_the_bytes(sample: Sample) -> None:
    jobs = planned(sample("plain"))
    one, two = (files_of(build.run(jobs, workers, lambda line: None)) for workers in (1, 2))
    assert list(one.items()) == list(two.items())


def test_one_line_an_image_and_a_summary(sample: Sample) -> None:
    lines: list[str] = []
    build.run(planned(sample("plain")), 1, lines.append)
    *images, summary = lines
    assert [re.sub(r"  \d+\.\d\d s  \d+\.\d kB$", "", line) for line in images] == [
        "[oxide 1/3] math_functions -> sm_80",
        "[oxide 2/3] vector -> sm_75",
        "[oxide 3/3] vector -> sm_90",
    ]
    assert re.fullmatch(r"\[oxide\] 3 images of 2 kernel modules, \d+\.\d kB in all, \d+\.\d\d s", summary)


def test_every_mistake_of_every_module_in_one_report(sample: Sample) -> None:
    root = sample("plain")
    (root / "src/plain/kernels/first.py").write_text(WRONG, encoding="utf-8")
    (root / "src/plain/kernels/second.py").write_text(WRONG + "    x[1] = 1.0\n", encoding="utf-8")
    (root / "src/plain/kernels/third.py").write_text("@gpu.kernel\ndef f(:\n", encoding="utf-8")
    with pytest.raises(CompileErrors) as raised:
        build.run(planned(root), 1, lambda line: None)
    places = [line.partition(": error")[0] for line in str(raised.value).splitlines() if ": error: " in line]
    assert places == [
        "src/plain/kernels/first.py:7:5",
        "src/plain/kernels/second.py:7:5",
        "src/plain/kernels/second.py:8:5",
        "src/plain/kernels/third.py:2:7",
    ]


def test_a_mistake_every_target_meets_is_told_once(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OXIDE_LIBDEVICE", "/nowhere/libdevice.bc")
    with pytest.raises(CompileErrors) as raised:
        build.run(planned(sample("plain"), targets="sm_75,sm_80,sm_90"), 1, lambda line: None)
    assert len(raised.value.errors) == 1
    assert "libdevice, which is not installed" in str(raised.value)


@pytest.fixture
def newer(sample: Sample) -> Path:
    """A project one of whose kernels asks for what exists from sm_90 on."""
    root = sample("mapped")
    file = root / "kernels/copy.py"
    file.write_text(file.read_text(encoding="utf-8") + NEWER, encoding="utf-8")
    return root


NEWER = """

@gpu.kernel
def count(x: gpu.MutSlice[gpu.i32]) -> None:
    gpu.atomic_add(x, 0, 1, scope="cluster")
"""


def test_an_unsupported_target_is_an_error(newer: Path) -> None:
    with pytest.raises(CompileErrors, match="scope 'cluster' exists from sm_90 on; this is compiled for sm_80"):
        build.run(planned(newer, targets="sm_80,sm_90"), 1, lambda line: None)


def test_an_unsupported_target_can_be_skipped_and_is_on_record(newer: Path) -> None:
    lines: list[str] = []
    jobs = planned(newer, targets="sm_80,sm_90", on_unsupported_target="skip")
    files = files_of(build.run(jobs, 1, lines.append))
    manifest = Manifest.from_json(files["mapped.kernels/_oxide/copy.json"].decode())
    assert manifest.requested == ("sm_80", "sm_90")
    assert [artifact.target for artifact in manifest.artifacts] == ["sm_90"]
    assert lines[0].startswith("[oxide] skipped an image of copy: scope 'cluster' exists from sm_90 on")
    assert lines[1].startswith("[oxide 1/1] copy -> sm_90")


def test_skipping_every_target_is_an_error(newer: Path) -> None:
    with pytest.raises(CompileErrors, match="scope 'cluster'"):
        build.run(planned(newer, targets="sm_80", on_unsupported_target="skip"), 1, lambda line: None)


UNUSED = "src/plain/kernels/vector.py:{}:10: warning: `idle` never uses its parameter `n`"


def with_warning(root: Path) -> int:
    """Give a kernel module what its author is warned of; returns the line."""
    file = root / "src/plain/kernels/vector.py"
    text = file.read_text(encoding="utf-8") + "\n\n@gpu.kernel\ndef idle(n: f32, y: DisjointSlice[f32]) -> None:\n"
    text += "    i = gpu.index_1d()\n    if i < len(y):\n        y[i] = 0.0\n"
    file.write_text(text, encoding="utf-8")
    return text[: text.index("def idle")].count("\n") + 1


def test_warnings_are_shown_once(sample: Sample) -> None:
    root = sample("plain")
    line = with_warning(root)
    lines: list[str] = []
    build.run(planned(root), 1, lines.append)
    shown = [text for text in lines if "warning:" in text]
    assert len(shown) == 1
    assert shown[0].startswith(UNUSED.format(line))
    assert "help: remove it, or name it `_n`" in shown[0]


def test_warnings_can_be_refused(sample: Sample) -> None:
    root = sample("plain")
    line = with_warning(root)
    with pytest.raises(CompileErrors) as raised:
        build.run(planned(root, warnings="error"), 1, lambda line: None)
    assert str(raised.value).startswith(UNUSED.format(line))
    assert str(raised.value).endswith("1 error")


def test_warnings_can_be_ignored(sample: Sample) -> None:
    root = sample("plain")
    with_warning(root)
    lines: list[str] = []
    build.run(planned(root, warnings="ignore"), 1, lines.append)
    assert not [text for text in lines if "warning" in text]


def test_not_utf8(sample: Sample) -> None:
    root = sample("plain")
    (root / "src/plain/kernels/vector.py").write_bytes(b"# caf\xe9\n@gpu.kernel\ndef f(): pass\n")
    with pytest.raises(CompileErrors, match=r"src/plain/kernels/vector\.py: not UTF-8 text: found byte 0xe9"):
        planned(root)


def test_notes_on_targets_without_a_future_and_settings_from_outside(sample: Sample) -> None:
    root = sample("mapped")
    config = load_config(root, {"oxide.targets": "sm_90a"}, {"OXIDE_VERBOSE": "1"})
    notes = list(build.notes(config, build.plan(config, root)))
    assert notes[0] == "targets is set by -C oxide.targets"
    assert notes[1].startswith("mapped.kernels.copy: sm_90a; Options(opt_level=3, ")
    assert notes[2] == 'mapped.kernels.copy: no target is plain, so newer GPUs have no image; consider adding "sm_90"'


def test_write_leaves_exactly_the_built_files(sample: Sample, tmp_path: Path) -> None:
    built = build.run(planned(sample("plain"), targets="sm_90"), 1, lambda line: None)
    stale = tmp_path / "out/plain/kernels/_oxide/vector.sm_75.ptx"
    stale.parent.mkdir(parents=True)
    stale.write_text("old", encoding="utf-8")
    paths = build.write(built, lambda one: tmp_path.joinpath("out", *one.package.split(".")))
    assert sorted(paths) == sorted(stale.parent.iterdir())
    assert not stale.exists()
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o644}


def test_in_tree_files_hide_from_git(sample: Sample) -> None:
    root = sample("mapped")
    build.write_in_tree(build.run(planned(root), 1, lambda line: None))
    names = sorted(path.name for path in (root / "kernels/_oxide").iterdir())
    assert names == [".gitignore", ".root", "copy.json", "copy.sm_80.ptx"]
    assert (root / "kernels/_oxide/.gitignore").read_text(encoding="utf-8") == "*\n"
    assert (root / "kernels/_oxide/.root").read_text(encoding="utf-8") == "../..\n"


GENERIC = """from typing import TypeVar

from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, f64

T = TypeVar("T", f32, f64)


@gpu.device
def doubled(x: T) -> T:
    return x + x


@gpu.kernel
def plain(x: MutSlice[f32]) -> None:
    x[0] = doubled(x[0])


@gpu.kernel(values={"n": (1, 2)})
def scale(x: MutSlice[T], n: gpu.Const[int]) -> None:
    x[0] = doubled(x[0]) * n


@gpu.kernel(fast_math=True)
def fast(x: MutSlice[f32]) -> None:
    x[0] = 1.0 / x[0]
"""


def test_each_variant_is_an_image_of_its_own(sample: Sample) -> None:
    root = sample("plain")
    (root / "src/plain/kernels/vector.py").write_text(GENERIC, encoding="utf-8")
    jobs = planned(root)
    lines: list[str] = []
    files = files_of(build.run(jobs, 1, lines.append))
    units = ("", "scale_f32_1", "scale_f32_2", "scale_f64_1", "scale_f64_2", "fast")
    stems = [".".join(filter(None, ["vector", unit, target])) for unit in units for target in ("sm_75", "sm_90")]
    names = ["_oxide/vector.json", *(f"_oxide/{stem}.ptx" for stem in stems)]
    vector = next(job for job in jobs if job.name == "vector")
    assert sorted(vector.outputs) == sorted(names)
    assert sorted(name for name in files if "/vector." in name) == sorted(f"plain.kernels/{name}" for name in names)
    assert any("vector.scale_f64_2 -> sm_90" in line for line in lines)
    entries = {
        unit: re.findall(rb"\.entry (\w+)", files[f"plain.kernels/_oxide/vector{unit and '.'}{unit}.sm_90.ptx"])
        for unit in units
    }
    assert entries == {unit: [unit.encode() or b"plain"] for unit in units}
    assert b"rcp.approx.ftz.f32" in files["plain.kernels/_oxide/vector.fast.sm_90.ptx"]


def test_the_manifest_tells_variants_apart(sample: Sample) -> None:
    root = sample("plain")
    (root / "src/plain/kernels/vector.py").write_text(GENERIC, encoding="utf-8")
    texts = [files_of(build.run(planned(root), 1, lambda line: None)) for _ in range(2)]
    assert texts[0] == texts[1]
    manifest = Manifest.from_json(texts[0]["plain.kernels/_oxide/vector.json"].decode())
    assert [(kernel.name, kernel.unit) for kernel in manifest.kernels][:3] == [
        ("plain", ""),
        ("scale", "scale_f32_1"),
        ("scale", "scale_f32_2"),
    ]
    assert manifest.kernel("scale").variant == {"T": "f32", "n": "1"}
    assert [generic.name for generic in manifest.generics] == ["scale"]
    assert [artifact.target for artifact in manifest.images("scale_f64_2")] == ["sm_75", "sm_90"]


def test_a_variant_a_target_lacks_is_skipped_alone(sample: Sample) -> None:
    root = sample("plain")
    text = GENERIC.replace("    x[0] = doubled(x[0]) * n\n", NEW_ON_SM_90)
    (root / "src/plain/kernels/vector.py").write_text(text, encoding="utf-8")
    lines: list[str] = []
    files = files_of(build.run(planned(root, on_unsupported_target="skip"), 1, lines.append))
    assert "plain.kernels/_oxide/vector.scale_f32_1.sm_75.ptx" in files
    assert "plain.kernels/_oxide/vector.scale_f32_2.sm_75.ptx" not in files
    assert sum("skipped an image of vector" in line for line in lines) == 1


NEW_ON_SM_90 = """    if n == 2:
        gpu.atomic_add(x, 0, x[1], scope="cluster")
"""


def test_a_target_can_say_which_kinds_of_image_it_gets(sample: Sample) -> None:
    targets = "75-virtual,80-real,9.0+PTX,100"
    built = build.run(planned(sample("mapped"), targets=targets, emit="ptx,cubin"), 1, lambda line: None)
    images = sorted(name.partition("copy.")[2] for name in files_of(built))
    manifest = Manifest.from_json(files_of(built)["mapped.kernels/_oxide/copy.json"].decode())
    kinds = ("sm_75.ptx", "sm_80.cubin", "sm_90.ptx", "sm_90.cubin", "sm_100.ptx", "sm_100.cubin")
    assert images == sorted(["json", *kinds])
    assert tuple(f"{one.target}.{one.kind}" for one in manifest.artifacts) == kinds
