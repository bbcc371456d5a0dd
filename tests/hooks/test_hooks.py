"""The build backend, hook by hook: each call in a process of its own, as every front end does it."""

from __future__ import annotations

import base64
import csv
import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.hooks.backend import REPOSITORY, Backend, BuildFailed

# What setuptools tells every author of an editable install, and those whose package data is everything.
pytestmark = pytest.mark.filterwarnings("ignore:Editable installation", "ignore:Package .* is absent from")

Project = Callable[[str], Backend]

PLAIN = [
    "plain/__init__.py",
    "plain/kernels/__init__.py",
    "plain/kernels/_oxide/math_functions.json",
    "plain/kernels/_oxide/math_functions.sm_80.ptx",
    "plain/kernels/_oxide/vector.json",
    "plain/kernels/_oxide/vector.sm_75.ptx",
    "plain/kernels/_oxide/vector.sm_90.ptx",
    "plain/kernels/host.py",
    "plain/kernels/math_functions.py",
    "plain/kernels/vector.py",
]
MAPPED = [
    "mapped/__init__.py",
    "mapped/kernels/__init__.py",
    "mapped/kernels/_oxide/copy.json",
    "mapped/kernels/_oxide/copy.sm_80.ptx",
    "mapped/kernels/copy.py",
]


def contents(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return sorted(name for name in archive.namelist() if ".dist-info/" not in name)


def images(wheel: Path) -> list[str]:
    return [name.rpartition("/")[2] for name in contents(wheel) if name.endswith(".ptx")]


def metadata(wheel: Path, name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        (entry,) = (entry for entry in archive.namelist() if entry.endswith(f".dist-info/{name}"))
        return archive.read(entry)


def members(sdist: Path) -> list[str]:
    with tarfile.open(sdist) as archive:
        return [member.name.partition("/")[2] for member in archive if member.isfile()]


# What is asked for


def test_requirements_of_a_wheel_name_libdevice_where_math_is(backend: Project) -> None:
    compiler = ["setuptools>=77", "llvmlite>=0.50,<0.51"]
    assert backend("mapped").hooks.get_requires_for_build_wheel() == compiler
    plain = backend("plain").hooks
    assert plain.get_requires_for_build_wheel() == [*compiler, "nvidia-nvvm>=13,<14"]
    assert plain.get_requires_for_build_editable() == [*compiler, "nvidia-nvvm>=13,<14"]


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_requirements_of_a_setup_py_are_passed_on(backend: Project, kind: str) -> None:
    project = backend("plain")
    setup = 'from setuptools import setup\n\nsetup(setup_requires=["cython"])\n'
    (project.root / "setup.py").write_text(setup, encoding="utf-8")
    assert "cython" in getattr(project.hooks, f"get_requires_for_build_{kind}")()


def test_an_sdist_needs_no_compiler(backend: Project) -> None:
    assert backend("plain").hooks.get_requires_for_build_sdist() == ["setuptools>=77"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomli is found where setuptools is")
@pytest.mark.parametrize("hook", ["wheel", "sdist", "editable"])
def test_requirements_are_told_with_nothing_else_installed(sample: Callable[[str], Path], hook: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n"
    code += f"from oxide_build import hooks; print(hooks.get_requires_for_build_{hook}())\n"
    code += (
        "print(*sorted({'setuptools', 'llvmlite', 'numpy', 'cuda'} & {name.partition('.')[0] for name in sys.modules}))"
    )
    isolated = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(isolated, cwd=sample("plain"), capture_output=True, text=True, check=True)
    asked, loaded = done.stdout.splitlines()
    assert asked.startswith("['setuptools>=77'")
    assert loaded == ""


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("y[0] = math.exp(x)", True),
        ("y[0] = gpu.math.exp(x)", True),
        ("y[0] = x**2.5", True),
        ("y[0] %= 2.0", True),
        ("y[0] = math.sqrt(x) / 2.0", False),
        ("y[0] = x * f32(len(y) % 7 // 2)", False),
        ("y[0] = x**2", False),
        ("y[0] = math.exp(", False),
        ("y[0] = unknown", False),
    ],
)
def test_libdevice_is_asked_for_where_an_image_calls_it(sample: Callable[[str], Path], line: str, needed: bool) -> None:
    root = sample("mapped")
    head = "import math\nfrom oxide_build import gpu\nfrom oxide_build.gpu import MutSlice, f32\n\n@gpu.kernel\n"
    kernel = f"{head}def k(x: f32, y: MutSlice[f32]) -> None:\n    {line}\n"
    (root / "kernels/copy.py").write_text(kernel, encoding="utf-8")
    assert ("nvidia-nvvm>=13,<14" in Backend(root).hooks.get_requires_for_build_wheel()) is needed


# Wheels


def test_wheel(backend: Project, tmp_path: Path) -> None:
    wheel = backend("plain").build("wheel", tmp_path / "out")
    assert wheel.name == "plain-1.0-py3-none-any.whl"
    assert contents(wheel) == PLAIN
    assert b"Root-Is-Purelib: true\nTag: py3-none-any\n" in metadata(wheel, "WHEEL")


def test_wheel_of_a_package_that_is_the_root(backend: Project, tmp_path: Path) -> None:
    assert contents(backend("mapped").build("wheel", tmp_path / "out")) == MAPPED


def test_record_is_right(backend: Project, tmp_path: Path) -> None:
    wheel = backend("plain").build("wheel", tmp_path / "out")
    rows = list(csv.reader(metadata(wheel, "RECORD").decode().splitlines()))
    with zipfile.ZipFile(wheel) as archive:
        assert sorted(row[0] for row in rows) == sorted(archive.namelist())
        for name, digest, size in (row for row in rows if row[1]):
            sha256 = base64.urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).rstrip(b"=").decode()
            assert (digest, int(size)) == (f"sha256={sha256}", len(archive.read(name)))


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_prepared_metadata_is_the_wheels(backend: Project, tmp_path: Path, kind: str) -> None:
    project = backend("plain")
    prepared = tmp_path / "prepared"
    prepared.mkdir()
    name = getattr(project.hooks, f"prepare_metadata_for_build_{kind}")(str(prepared))
    out = tmp_path / "out"
    out.mkdir()
    wheel = out / getattr(project.hooks, f"build_{kind}")(str(out), {}, str(prepared / name))
    assert metadata(wheel, "METADATA") == (prepared / name / "METADATA").read_bytes()
    assert metadata(project.build(kind, tmp_path / "again"), "METADATA") == metadata(wheel, "METADATA")


def test_images_of_targets_no_longer_asked_for_do_not_ship(backend: Project, tmp_path: Path) -> None:
    project = backend("mapped")
    both = project.build("wheel", tmp_path / "1", **{"oxide.targets": ["sm_80", "sm_90a"]})
    assert images(both) == ["copy.sm_80.ptx", "copy.sm_90a.ptx"]
    assert images(project.build("wheel", tmp_path / "2", **{"oxide.targets": "sm_90"})) == ["copy.sm_90.ptx"]


@pytest.mark.parametrize("form", ["sm_90,sm_90a", "sm_90; sm_90a", ["sm_90a", "sm_90"], ["sm_90,sm_90a", "sm_90"]])
def test_settings_come_in_every_form(backend: Project, tmp_path: Path, form: object) -> None:
    """pip, build and uv pass a repeated setting as a list, one given once as a string; older pips only the last."""
    wheel = backend("mapped").build("wheel", tmp_path / "out", **{"oxide.targets": form})
    assert images(wheel) == ["copy.sm_90.ptx", "copy.sm_90a.ptx"]


def test_modules_no_longer_named_leave_nothing(backend: Project, tmp_path: Path) -> None:
    project = backend("plain")
    project.build("wheel", tmp_path / "1")
    pyproject = project.root / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8").partition("[[tool.oxide.overrides]]")[0]
    pyproject.write_text(text.replace("kernels.*", "kernels.vector"), encoding="utf-8")
    assert images(project.build("wheel", tmp_path / "2")) == ["vector.sm_75.ptx", "vector.sm_90.ptx"]


def test_nothing_that_is_gone_ships(backend: Project, tmp_path: Path) -> None:
    """setuptools never empties `build/`, whatever made it."""
    project = backend("plain")
    for place in ("lib", "bdist.linux-x86_64/wheel"):
        left = project.root / "build" / place / "plain/gone.py"
        left.parent.mkdir(parents=True)
        left.touch()
    assert contents(project.build("wheel", tmp_path / "out")) == PLAIN


def test_a_wheel_leaves_the_tree_alone(backend: Project, tmp_path: Path) -> None:
    project = backend("plain")
    before = sorted(project.root.rglob("*"))
    project.hooks.get_requires_for_build_wheel()
    (tmp_path / "metadata").mkdir()
    project.hooks.prepare_metadata_for_build_wheel(str(tmp_path / "metadata"))
    project.build("wheel", tmp_path / "out")
    assert sorted(project.root.rglob("*")) == before


def test_wheels_may_be_built_at_once(backend: Project, tmp_path: Path) -> None:
    projects = [backend("plain")]
    projects += [Backend(projects[0].root, environment=projects[0].environment) for _ in range(3)]
    with ThreadPoolExecutor(len(projects)) as threads:
        builds = [
            threads.submit(project.build, "wheel", tmp_path / str(number)) for number, project in enumerate(projects)
        ]
    assert len({build.result().read_bytes() for build in builds}) == 1


def test_images_of_an_editable_install_ship_neither_in_wheel_nor_sdist(backend: Project, tmp_path: Path) -> None:
    project = backend("plain")
    with (project.root / "pyproject.toml").open("a", encoding="utf-8") as pyproject:
        pyproject.write('\n[tool.setuptools.package-data]\nplain = ["**/*", "**/.*"]\n')
    project.build("editable", tmp_path / "1", **{"oxide.targets": "sm_86"})
    assert (project.root / "src/plain/kernels/_oxide/vector.sm_86.ptx").is_file()
    assert contents(project.build("wheel", tmp_path / "2")) == PLAIN
    assert not [name for name in members(project.build("sdist", tmp_path / "3")) if "_oxide/" in name]


# Editable installs


@pytest.mark.parametrize(("name", "package"), [("plain", "src/plain"), ("mapped", ".")])
def test_editable_builds_beside_the_sources(backend: Project, tmp_path: Path, name: str, package: str) -> None:
    project = backend(name)
    wheel = project.build("editable", tmp_path / "out")
    made = sorted(path.name for path in (project.root / package / "kernels/_oxide").iterdir())
    listed = [path.rpartition("/")[2] for path in (PLAIN if name == "plain" else MAPPED) if "_oxide/" in path]
    assert made == [".gitignore", ".root", *listed]
    assert images(wheel) == []


def test_an_editable_build_leaves_no_images_of_earlier_ones(backend: Project, tmp_path: Path) -> None:
    project = backend("plain")
    kernels = project.root / "src/plain/kernels"
    shutil.copytree(kernels, kernels.with_name("more"))
    pyproject = project.root / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    pyproject.write_text(text.replace('.kernels.*"]', '.kernels.*", "plain.more.vector"]'), encoding="utf-8")
    project.build("editable", tmp_path / "1", **{"oxide.targets": "sm_86"})
    assert len(list(project.root.rglob("*.sm_86.ptx"))) == 3
    pyproject.write_text(text, encoding="utf-8")
    project.build("editable", tmp_path / "2")
    made = sorted(path.name for path in (project.root / "src").rglob("_oxide/*"))
    assert made == [".gitignore", ".root", *(name.rpartition("/")[2] for name in PLAIN if "_oxide/" in name)]


def test_strict_editable_leaves_the_sources_alone(backend: Project, tmp_path: Path) -> None:
    project = backend("plain")
    project.build("editable", tmp_path / "out", editable_mode="strict")
    assert not list((project.root / "src").rglob("_oxide"))
    linked = sorted(path.name for path in (project.root / "build").glob("__editable__.*/plain/kernels/_oxide/*"))
    assert linked == [".root", *(name.rpartition("/")[2] for name in PLAIN if "_oxide/" in name)]


# Sdists and reproducibility


def test_sdist_holds_sources_only(backend: Project, tmp_path: Path) -> None:
    sdist = backend("plain").build("sdist", tmp_path / "out")
    assert sdist.name == "plain-1.0.tar.gz"
    sources = [name for name in members(sdist) if name.startswith("src/plain/")]
    assert sources == ["src/" + name for name in PLAIN if "_oxide/" not in name]
    assert "pyproject.toml" in members(sdist)


@pytest.mark.parametrize("name", ["plain", "mapped"])
def test_sdist_to_wheel_gives_the_trees_wheel(backend: Project, tmp_path: Path, name: str) -> None:
    project = backend(name)
    direct = project.build("wheel", tmp_path / "direct")
    with tarfile.open(project.build("sdist", tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (root,) = (tmp_path / "unpacked").iterdir()
    assert Backend(root).build("wheel", tmp_path / "indirect").read_bytes() == direct.read_bytes()


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_bytes_depend_on_the_tree_alone(sample: Callable[[str], Path], tmp_path: Path, kind: str) -> None:
    root = sample("plain")
    first = Backend(root, umask=0o022).build(kind, tmp_path / "1").read_bytes()
    moved = root.rename(tmp_path / "elsewhere")
    for path in moved.rglob("*.py"):
        path.chmod(0o600)
    second = Backend(moved, umask=0o077, environment={"SOURCE_DATE_EPOCH": "1700000000", "TZ": "Asia/Tokyo"})
    assert second.build(kind, tmp_path / "2").read_bytes() == first


# Mistakes


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_date_that_is_none_is_a_report(backend: Project, tmp_path: Path, kind: str) -> None:
    project = backend("plain")
    project.environment["SOURCE_DATE_EPOCH"] = "yesterday"
    (said,) = [line for line in refused(project, kind, tmp_path / "out") if line.startswith("SOURCE_DATE_EPOCH")]
    wanted = "needed seconds since 1970, as `git log -1 --format=%ct` gives them"
    assert said == f'SOURCE_DATE_EPOCH: found "yesterday", {wanted}'


def refused(project: Backend, kind: str, out: Path, **settings: object) -> list[str]:
    """The last words of a build that must fail, with nothing left in `out`."""
    with pytest.raises(BuildFailed) as raised:
        project.build(kind, out, **settings)
    assert raised.value.status == 1
    assert "Traceback" not in raised.value.stderr
    assert not list(out.iterdir())
    return raised.value.stderr.splitlines()


@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
def test_a_wrong_configuration_ends_in_its_report(backend: Project, tmp_path: Path, kind: str) -> None:
    project = backend("mapped")
    pyproject = project.root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text(encoding="utf-8").replace('"sm_80"', '"sm_81"'), encoding="utf-8")
    lines = refused(project, kind, tmp_path / "out")
    assert lines[-6:-2] == [
        "oxide-build: the kernels cannot be built",
        "pyproject.toml:19:12: error: [tool.oxide] targets: unknown target 'sm_81'",
        '    targets = ["sm_81"]',
        "               ^^^^^^^",
    ]
    assert lines[-1] == "1 error"


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_a_wrong_kernel_ends_in_its_report(backend: Project, tmp_path: Path, kind: str) -> None:
    project = backend("mapped")
    kernel = project.root / "kernels/copy.py"
    kernel.write_text(kernel.read_text(encoding="utf-8").replace("y[i] = x[i]", "x[i] = y[i]"), encoding="utf-8")
    lines = refused(project, kind, tmp_path / "out")
    start = lines.index("oxide-build: the kernels cannot be built")
    assert lines[start + 1].startswith("kernels/copy.py:12:9: error: ")
    assert lines[-1] == "1 error"
    assert not (project.root / "kernels/_oxide").exists()


def test_a_misspelt_setting_is_no_silent_build(backend: Project, tmp_path: Path) -> None:
    lines = refused(backend("mapped"), "wheel", tmp_path / "out", **{"oxide.tragets": "sm_90"})
    assert lines[-3:] == ["-C oxide.tragets: unknown setting", '  help: did you mean "oxide.targets"?', "1 error"]


def test_requirements_refuse_a_wrong_configuration_too(backend: Project) -> None:
    project = backend("mapped")
    with pytest.raises(BuildFailed, match="OXIDE_TARGETS: unknown target 'x'"):
        Backend(project.root, environment={"OXIDE_TARGETS": "x"}).hooks.get_requires_for_build_wheel()


def test_each_image_is_a_line_of_the_log(backend: Project, tmp_path: Path) -> None:
    project = backend("plain")
    project.build("wheel", tmp_path / "out")
    lines = [line.partition("  ")[0] for line in project.stderr.splitlines() if line.startswith("[oxide ")]
    assert sorted(line.partition("] ")[2] for line in lines) == [
        "math_functions -> sm_80",
        "vector -> sm_75",
        "vector -> sm_90",
    ]
