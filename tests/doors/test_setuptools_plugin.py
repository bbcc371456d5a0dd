"""Plain `setuptools.build_meta` with `[tool.oxide]`: the step comes by entry point. The traps are setuptools'."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from sysconfig import get_platform
from types import SimpleNamespace

import pytest

from oxide_build.setuptools_plugin import finalize
from tests.doors.projects import IMAGES, MARKED, SOURCES, WHEEL, beside, contents, images, members, replace
from tests.hooks.backend import REPOSITORY, Backend, BuildFailed

# What setuptools tells every author of an editable install, and those whose package data is everything.
pytestmark = pytest.mark.filterwarnings("ignore:Editable installation", "ignore:Package .* is absent from")

Project = Callable[[str], Backend]
Python = Callable[[str, Path], str]

EVERYTHING = '\n[tool.setuptools.package-data]\nripple = ["**/*", "**/.*"]\n'
"""Package data that leaves nothing to setuptools' judgement."""


def append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write(text)


def refused(project: Backend, kind: str, out: Path, **settings: object) -> list[str]:
    """The last words of a build that must fail."""
    with pytest.raises(BuildFailed) as raised:
        project.build(kind, out, **settings)
    assert "Traceback" not in raised.value.stderr
    return raised.value.stderr.splitlines()


# The traps


def test_trap_1_images_of_an_earlier_build_do_not_ship(backend: Project, tmp_path: Path) -> None:
    """setuptools never empties build/lib."""
    project = backend("setuptools")
    project.build("wheel", tmp_path / "1")
    once = project.root / "build/lib/ripple/_oxide/rates.sm_80.ptx"
    once.parent.mkdir()
    once.write_text("of a package that has no kernels any more", encoding="utf-8")
    project.environment["OXIDE_TARGETS"] = "sm_86"
    assert images(project.build("wheel", tmp_path / "2")) == [
        "decay.sm_86.ptx",
        "scale.scale_f32.sm_86.ptx",
        "scale.scale_f64.sm_86.ptx",
    ]
    assert "[oxide] targets is set by OXIDE_TARGETS" in project.stderr


def test_trap_1_what_a_killed_build_was_packing_does_not_ship(backend: Project, tmp_path: Path) -> None:
    """setuptools installs what it packs into a directory that it empties only afterwards."""
    project = backend("setuptools")
    first = project.build("wheel", tmp_path / "1").read_bytes()
    packing = project.root / "build" / f"bdist.{get_platform()}" / "wheel"
    left = packing / "ripple/kernels/_oxide/decay.sm_75.ptx"
    left.parent.mkdir(parents=True)
    left.write_text("of a target that is no longer asked for", encoding="utf-8")
    assert project.build("wheel", tmp_path / "2").read_bytes() == first
    assert not packing.exists()


@pytest.mark.parametrize("data", ["", '\n[tool.setuptools.exclude-package-data]\n"*" = ["*.ptx", "*.json"]\n'])
def test_trap_2_no_source_ships_that_setuptools_would_leave_out(backend: Project, tmp_path: Path, data: str) -> None:
    """What a step names as a source is in the list that package data is taken from; the user's tables change that."""
    project = backend("setuptools")
    file = project.root / "pyproject.toml"
    replace(file, '["ripple", "ripple.kernels"]', '["ripple.kernels"]')
    append(file, data)
    assert [*contents(project.build("wheel", tmp_path / "1"))] == sorted(
        [*IMAGES, *(name for name in SOURCES if name.startswith("ripple/kernels/"))]
    )
    assert set(SOURCES) - {"ripple/__init__.py"} <= set(members(project.build("sdist", tmp_path / "2")))


@pytest.mark.parametrize(
    ("old", "new", "report"),
    [
        ('"sm_80", ', '"sm_8O", ', "pyproject.toml:17:12: error: [tool.oxide] targets: unknown target 'sm_8O'"),
        ("targets = [", "tragets = [", "pyproject.toml:17:1: error: [tool.oxide] tragets: unknown key"),
    ],
)
def test_trap_3_a_misspelling_is_no_silent_build(
    backend: Project, tmp_path: Path, old: str, new: str, report: str
) -> None:
    """A key that nobody reads would build the wrong wheel."""
    project = backend("setuptools")
    replace(project.root / "pyproject.toml", old, new)
    assert report in refused(project, "wheel", tmp_path / "out")


def test_trap_3_settings_that_setuptools_drops_are_named(backend: Project, tmp_path: Path) -> None:
    """setuptools gives a plugin no `-C` setting and says nothing."""
    project = backend("setuptools")
    wheel = project.build("wheel", tmp_path / "out", **{"oxide.targets": "sm_86", "other": "1"})
    assert images(wheel)[0] == "decay.sm_80.ptx"
    assert [line for line in project.stderr.splitlines() if "-C" in line] == [
        "[oxide] -C oxide.targets is dropped by setuptools.build_meta; heard are [tool.oxide], OXIDE_TARGETS and "
        "OXIDE_JOBS"
    ]


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_trap_4_the_report_is_last(backend: Project, tmp_path: Path, kind: str) -> None:
    """An exception would end in a hundred lines of traceback, and front ends show the end of a log."""
    project = backend("setuptools")
    replace(project.root / "ripple/kernels/decay.py", "y[i] = y[i]", "y[0] = y[i]")
    lines = refused(project, kind, tmp_path / "out")
    start = lines.index("oxide-build: the kernels cannot be built")
    assert lines[start + 1].startswith("ripple/kernels/decay.py:13:9: error: ")
    assert lines[-1] == "1 error"


def test_trap_5_nothing_is_kept_where_an_editable_build_throws_it_away(backend: Project, tmp_path: Path) -> None:
    """`build_temp` is a new directory in each editable build: no cache may lie there."""
    project = backend("setuptools")
    project.build("wheel", tmp_path / "out")
    assert [path.name for path in (project.root / "build").iterdir() if path.name.startswith("temp")] == []


def test_what_is_installed_is_no_link_into_the_build(python: Python, project: Callable[[str], Path]) -> None:
    """As what a wheel is packed from may be: the next build writes into that."""
    root = project("setuptools")
    install = ["-q", "install", "--root=installed", "--install-lib=/lib", "--single-version-externally-managed"]
    python(f"from setuptools import setup; setup(script_args={[*install, '--record=record']})", root)
    files = [file for file in (root / "installed/lib/ripple").rglob("*") if file.is_file()]
    assert {"scale.py", "decay.sm_80.ptx"} <= {file.name for file in files}
    assert {file.stat().st_nlink for file in files} == {1}


@pytest.mark.parametrize("hooks", ["setuptools.build_meta", "oxide_build.hooks"])
def test_trap_6_a_c_extension_beside_kernels(backend: Project, tmp_path: Path, hooks: str) -> None:
    """The extension makes a platform wheel, and moves build_lib."""
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        pytest.skip("no C compiler: setuptools cannot build the sample's extension")
    project = backend("extension")
    wheel = Backend(project.root, hooks, environment=project.environment).build("wheel", tmp_path / "out")
    assert wheel.name.startswith(f"ripple-1.0-cp{sys.version_info[0]}{sys.version_info[1]}-cp")
    files = [*contents(wheel)]
    assert [name for name in files if "ripple/host." not in name] == WHEEL
    assert len(files) == len(WHEEL) + 1


def test_trap_7_images_of_an_editable_install_ship_neither_in_wheel_nor_sdist(backend: Project, tmp_path: Path) -> None:
    """They lie beside the sources, where package data finds them; they stay there for the editable install."""
    project = backend("setuptools")
    append(project.root / "pyproject.toml", EVERYTHING)
    (project.root / "MANIFEST.in").write_text("graft ripple\n", encoding="utf-8")
    project.environment["OXIDE_TARGETS"] = "sm_86"
    project.build("editable", tmp_path / "1")
    left = beside(project.root / "ripple")
    assert "ripple/kernels/_oxide/decay.sm_86.ptx" in left
    del project.environment["OXIDE_TARGETS"]
    assert [*contents(project.build("wheel", tmp_path / "2"))] == WHEEL
    assert not [name for name in members(project.build("sdist", tmp_path / "3")) if "_oxide" in name]
    assert beside(project.root / "ripple") == left


@pytest.mark.parametrize("mode", ["lenient", "strict"])
def test_trap_8_an_editable_install_has_its_images(backend: Project, tmp_path: Path, mode: str) -> None:
    """Nothing compiles at import, so they must be where importlib.resources looks once the build's tools are gone."""
    project = backend("setuptools")
    project.build("editable", tmp_path / "out", editable_mode=mode)
    assert beside(project.root / "ripple") == (
        ["ripple/kernels/_oxide/.gitignore", *MARKED] if mode == "lenient" else []
    )
    linked = [file for tree in project.root.glob("build/__editable__.*/ripple") for file in beside(tree)]
    assert linked == ([] if mode == "lenient" else MARKED)


# Registration


@pytest.fixture
def python(python_path: str) -> Callable[[str, Path], str]:
    """What a fresh Python prints when it runs that code there."""

    def run(code: str, cwd: Path) -> str:
        environment = {**os.environ, "PYTHONPATH": python_path}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


STEPS = """
import sys
from setuptools import Distribution
print([name for name in Distribution().get_command_obj("build").get_sub_commands() if "oxide" in name])
print(*sorted(name for name in sys.modules if name.startswith(("oxide_build", "llvmlite"))))
"""


@pytest.mark.parametrize(
    "pyproject",
    [
        None,
        "",
        "[tool.oxide_like]\n",
        '[project]\nname = "x"\ndependencies = ["oxide-build"]\n',
    ],
)
def test_a_project_without_kernels_is_left_alone(python: Python, tmp_path: Path, pyproject: str | None) -> None:
    if pyproject is not None:
        (tmp_path / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    steps, modules = python(STEPS, tmp_path).splitlines()
    assert steps == "[]"
    assert modules == "oxide_build oxide_build.setuptools_plugin"


@pytest.mark.parametrize("pyproject", ["not toml: oxide", 'tool = "oxide"\n', "tool = 1  # oxide\n"])
def test_a_broken_file_is_for_setuptools_to_report(tmp_path: Path, pyproject: str) -> None:
    (tmp_path / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    distribution = SimpleNamespace(src_root=str(tmp_path))
    finalize(distribution)
    assert vars(distribution) == {"src_root": str(tmp_path)}


def test_a_setuptools_that_is_too_old_is_refused(
    monkeypatch: pytest.MonkeyPatch, project: Callable[[str], Path]
) -> None:
    monkeypatch.setattr("setuptools.__version__", "68.2.2")
    with pytest.raises(SystemExit) as raised:
        finalize(SimpleNamespace(src_root=str(project("setuptools"))))
    assert str(raised.value).splitlines() == [
        "oxide-build: setuptools 68.2.2 is too old to build kernels",
        '  help: let [build-system] requires have "setuptools>=77"',
    ]


def test_a_project_with_kernels_gets_the_step(python: Python, project: Callable[[str], Path]) -> None:
    assert python(STEPS, project("setuptools")).splitlines()[0] == "['build_oxide']"


TWICE = """
from setuptools import Distribution
from oxide_build.setuptools_step import add_steps, kernel_step
import distutils.core
def steps(distribution):
    return [name for name in distribution.get_command_obj("build").get_sub_commands() if "oxide" in name]
def added(distribution):
    add_steps(distribution)
    return distribution
def within():
    with kernel_step({}):
        return distutils.core.Distribution()
for distribution in (Distribution(), added(Distribution()), within(), Distribution()):
    print(*steps(distribution))
import os; os.chdir("..")
print(*steps(Distribution()))
"""


def test_the_step_is_added_once_whoever_adds_it(python: Python, project: Callable[[str], Path]) -> None:
    """And to no other project that the same process builds."""
    *lines, elsewhere = python(TWICE, project("setuptools")).splitlines()
    assert lines == ["build_oxide"] * 4
    assert elsewhere == ""


def test_the_backend_of_its_own_needs_no_entry_points(backend: Project, tmp_path: Path) -> None:
    """A project may have oxide-build in its own tree, by `backend-path`."""
    installed = tmp_path / "path/oxide_build-0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: oxide-build\nVersion: 0\n", encoding="utf-8")
    path = os.pathsep.join([str(installed.parent), str(REPOSITORY)])
    plain, own = backend("setuptools"), backend("backend")
    plain.environment["PYTHONPATH"] = own.environment["PYTHONPATH"] = path
    assert [*contents(plain.build("wheel", tmp_path / "1"))] == SOURCES
    assert [*contents(own.build("wheel", tmp_path / "2"))] == WHEEL


@pytest.mark.parametrize("name", ["backend", "setuptools"])
@pytest.mark.parametrize("where", ["setup.py", "pyproject.toml"])
def test_a_build_command_of_the_projects_own_keeps_the_step(
    backend: Project, tmp_path: Path, name: str, where: str
) -> None:
    project = backend(name)
    own = (
        "from setuptools.command.build import build\n\n\nclass Own(build):\n    sub_commands = [*build.sub_commands]\n"
    )
    (project.root / "own.py").write_text(own, encoding="utf-8")
    if where == "setup.py":
        setup = "import os, sys\nsys.path.insert(0, os.getcwd())\nfrom own import Own\nfrom setuptools import setup\n"
        (project.root / where).write_text(f"{setup}setup(cmdclass={{'build': Own}})\n", encoding="utf-8")
    else:
        replace(project.root / where, "[tool.setuptools]", '[tool.setuptools]\ncmdclass = { build = "own.Own" }')
    assert [*contents(project.build("wheel", tmp_path / "out"))] == WHEEL


# What is missing


def test_without_the_compiler_the_report_names_the_requirement(backend: Project, tmp_path: Path) -> None:
    """Plain setuptools has no hook to ask for it: the author must."""
    project = backend("setuptools")
    hidden = "import importlib.util as u\nfind = u.find_spec\n"
    hidden += "u.find_spec = lambda name, *rest: None if name == 'llvmlite' else find(name, *rest)\n"
    (tmp_path / "sitecustomize.py").write_text(hidden, encoding="utf-8")
    project.environment["PYTHONPATH"] += f"{os.pathsep}{tmp_path}"
    assert refused(project, "wheel", tmp_path / "out")[-3:] == [
        "oxide-build: the kernels cannot be built",
        "the code generator llvmlite is not installed",
        '  help: pip install "oxide-build[compiler]", which an isolated build needs in [build-system] requires',
    ]
