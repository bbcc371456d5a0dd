"""`oxide_add_kernels` in builds by CMake alone, with the generators that people use."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build import __version__, cmake_step
from tests.doors.projects import IMAGES, WHEEL, beside, replace
from tests.hooks.backend import REPOSITORY

GENERATORS = ["Ninja", "Unix Makefiles"]


class Build:
    """A project's build directory. `compiled` are the kernel modules that the last step compiled."""

    def __init__(self, source: Path, binary: Path) -> None:
        self.source = source
        self.binary = binary
        self.output = ""
        self.compiled: list[str] = []
        scripts = sysconfig.get_path("scripts")
        self.environment = {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}

    def configure(self, generator: str = "Ninja", *options: str, fails: bool = False) -> None:
        """Make the build directory."""
        python = Path(sysconfig.get_path("scripts"), "python")
        places = [f"-DOxideBuild_ROOT={cmake_step.directory()}", f"-DOxideBuild_PYTHON={python}"]
        self._cmake("-S", self.source, "-B", self.binary, "-G", generator, *places, *options, fails=fails)

    def build(self, fails: bool = False) -> None:
        """Bring it up to date."""
        self._cmake("--build", self.binary, fails=fails)

    def install(self, prefix: Path) -> list[str]:
        """Install it; gives the files."""
        self._cmake("--install", self.binary, "--prefix", prefix)
        return sorted(path.relative_to(prefix).as_posix() for path in prefix.rglob("*") if path.is_file())

    def _cmake(self, *arguments: str | Path, fails: bool = False) -> None:
        done = subprocess.run(
            ["cmake", *map(str, arguments)],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.output = done.stdout
        assert (done.returncode != 0) == fails, done.stdout
        said = "Compiling the kernels of "
        self.compiled = sorted(line.partition(said)[2] for line in done.stdout.splitlines() if said in line)


@pytest.fixture
def cmake(project: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Build]:
    """The build of a door's project, in a directory whose name has to be quoted."""
    return lambda door: Build(project(door), tmp_path / "build tree")


def edit(file: Path, old: str, new: str) -> None:
    """Change a file, at a time that every file system tells from the one before."""
    time.sleep(0.02)
    replace(file, old, new)


@pytest.mark.parametrize("generator", GENERATORS)
def test_only_what_changed_is_compiled(cmake: Callable[[str], Build], tmp_path: Path, generator: str) -> None:
    build = cmake("cmake")
    build.configure(generator)
    build.build()
    assert build.compiled == ["ripple.kernels.decay", "ripple.kernels.scale"]
    build.build()
    assert build.compiled == []
    edit(build.source / "ripple/rates.py", "exp(-t)", "exp(-t) * 2.0")
    build.build()
    assert build.compiled == ["ripple.kernels.decay"]
    edit(build.source / "ripple/kernels/scale.py", "a * y[i]", "y[i] * a")
    build.build()
    assert build.compiled == ["ripple.kernels.scale"]
    build.build()
    assert build.compiled == []
    assert build.install(tmp_path / "prefix") == WHEEL


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_file_that_only_looks_new_is_compiled_once(cmake: Callable[[str], Build], generator: str) -> None:
    """Its images stay the same, and must count as made."""
    build = cmake("cmake")
    build.configure(generator)
    build.build()
    time.sleep(0.02)
    (build.source / "ripple/kernels/scale.py").touch()
    build.build()
    assert build.compiled == ["ripple.kernels.scale"]
    build.build()
    assert build.compiled == []


@pytest.mark.parametrize("generator", GENERATORS)
def test_settings_of_the_project_are_followed(cmake: Callable[[str], Build], tmp_path: Path, generator: str) -> None:
    build = cmake("scikit_build_core")
    build.configure(generator)
    build.build()
    edit(build.source / "pyproject.toml", '["sm_90"]', '["sm_75"]')
    build.build()
    assert build.compiled == ["ripple.kernels.scale"]
    installed = build.install(tmp_path / "prefix")
    assert installed == [name.replace(".sm_90.", ".sm_75.") for name in IMAGES]


def test_modules_come_and_go(cmake: Callable[[str], Build], tmp_path: Path) -> None:
    build = cmake("scikit_build_core")
    kernels = build.source / "ripple/kernels"
    (kernels / "more.py").write_text("# nothing yet\n", encoding="utf-8")
    build.configure()
    build.build()
    assert build.compiled == ["ripple.kernels.decay", "ripple.kernels.scale"]
    kernel = (kernels / "scale.py").read_text(encoding="utf-8")
    edit(kernels / "more.py", "# nothing yet\n", kernel)
    build.build()
    assert build.compiled == ["ripple.kernels.more"]
    (kernels / "fresh.py").write_text(kernel, encoding="utf-8")
    (kernels / "more.py").unlink()
    build.build()
    assert build.compiled == ["ripple.kernels.fresh"]
    installed = {name.rpartition("/")[2].partition(".")[0] for name in build.install(tmp_path / "prefix")}
    assert installed == {"decay", "fresh", "scale"}


def test_no_compiler_of_cmakes_is_looked_for(cmake: Callable[[str], Build]) -> None:
    build = cmake("cmake")
    build.configure()
    cache = (build.binary / "CMakeCache.txt").read_text(encoding="utf-8")
    assert "CMAKE_C_COMPILER" not in cache
    assert "CUDA" not in cache


def test_the_call_wins_over_the_environment_over_the_project(cmake: Callable[[str], Build], tmp_path: Path) -> None:
    build = cmake("scikit_build_core")
    call = "oxide_add_kernels(kernels)"
    replace(
        build.source / "CMakeLists.txt", call, f"{call}\noxide_add_kernels(own MODULES ripple.kernels.decay TARGETS 86)"
    )
    build.environment["OXIDE_TARGETS"] = "sm_89"
    build.configure()
    build.build()
    made = {path.name for path in build.binary.rglob("*.ptx")}
    assert made == {"decay.sm_86.ptx", "decay.sm_89.ptx", "scale.scale_f32.sm_89.ptx", "scale.scale_f64.sm_89.ptx"}


def write(build: Build, *lines: str, least: str = "3.20") -> None:
    """Give the project another CMakeLists.txt."""
    head = [
        f"cmake_minimum_required(VERSION {least})",
        "project(ripple LANGUAGES NONE)",
        "find_package(OxideBuild CONFIG)",
    ]
    (build.source / "CMakeLists.txt").write_text("\n".join([*head, *lines]), encoding="utf-8")


def test_sources_in_another_directory(cmake: Callable[[str], Build], tmp_path: Path) -> None:
    build = cmake("cmake")
    (build.source / "python").mkdir()
    (build.source / "ripple").rename(build.source / "python/ripple")
    call = "oxide_add_kernels(k PACKAGE ripple.kernels SOURCES python/ripple/kernels/decay.py TARGETS sm_80 sm_90a"
    write(build, f"{call} DESTINATION lib/python SETTINGS line-info=false)")
    build.configure()
    build.build()
    decay = ["lib/python/" + name for name in IMAGES if "/decay." in name]
    assert build.install(tmp_path / "prefix") == decay
    assert b".loc" not in (tmp_path / "prefix" / decay[1]).read_bytes()


def test_policies_of_an_old_project(cmake: Callable[[str], Build]) -> None:
    """CMake judges a depfile's paths and an installed directory's by the version that whoever wrote them asked for."""
    build = cmake("cmake")
    write(build, "add_subdirectory(inner)", least="3.12")
    (build.source / "inner").mkdir()
    call = 'oxide_add_kernels(k MODULES ripple.kernels.decay TARGETS sm_80 ROOT "${PROJECT_SOURCE_DIR}")\n'
    (build.source / "inner/CMakeLists.txt").write_text(call, encoding="utf-8")
    build.configure()
    assert "policy" not in build.output.lower()
    build.build()
    build.build()
    assert build.compiled == []
    edit(build.source / "ripple/rates.py", "exp(-t)", "exp(-t) * 2.0")
    build.build()
    assert build.compiled == ["ripple.kernels.decay"]


def test_the_module_alone_is_enough(cmake: Callable[[str], Build]) -> None:
    build = cmake("cmake")
    replace(build.source / "CMakeLists.txt", "find_package(OxideBuild CONFIG REQUIRED)", "include(OxideBuild)")
    build.configure("Ninja", f"-DCMAKE_MODULE_PATH={cmake_step.directory()}")


@pytest.mark.parametrize(("version", "found"), [(__version__, True), (f"{__version__} EXACT", True), ("99", False)])
def test_a_version_can_be_asked_for(cmake: Callable[[str], Build], version: str, found: bool) -> None:
    build = cmake("cmake")
    asked = f"OxideBuild {version} CONFIG REQUIRED"
    replace(build.source / "CMakeLists.txt", "OxideBuild CONFIG REQUIRED", asked)
    build.configure(fails=not found)
    assert found or f"version: {__version__}" in build.output


@pytest.mark.parametrize(
    ("call", "report"),
    [
        ("k MODULE ripple.kernels.decay TARGETS sm_80", "cannot read MODULE;ripple.kernels.decay; it takes MODULES, "),
        ("k TARGETS", "each with a value"),
        ("k PACKAGE ripple.kernels TARGETS sm_80", "write MODULES, or PACKAGE and SOURCES together"),
        ("k MODULES ripple.kernels.decay SOURCES x.py PACKAGE x", "write MODULES, or PACKAGE and SOURCES together"),
        ("k MODULES ripple.kernels.decay TARGETS sm_8O", "setting targets: unknown target 'sm_8O'"),
        ("k MODULES ripple.kernels.decay", "[tool.oxide] targets: this key is required"),
        ("k TARGETS sm_80", "[tool.oxide] kernels: this key is required"),
        ("k MODULES ripple.kernels.decoy TARGETS sm_80", 'found no module "ripple.kernels.decoy"'),
        ("k MODULES ripple.kernels.decay TARGETS sm_80 SETTINGS optlevel=2", "setting optlevel: unknown setting"),
        ("k PACKAGE a.b SOURCES a.py b/b.py TARGETS sm_80", "needed those of one package"),
    ],
)
def test_mistakes_in_the_call_end_configuration(cmake: Callable[[str], Build], call: str, report: str) -> None:
    build = cmake("cmake")
    write(build, f"oxide_add_kernels({call})")
    build.configure(fails=True)
    assert report in " ".join(build.output.split())
    assert "Traceback" not in build.output


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_wrong_kernel_ends_the_build_and_a_right_one_goes_on(cmake: Callable[[str], Build], generator: str) -> None:
    build = cmake("cmake")
    replace(build.source / "ripple/kernels/decay.py", "y[i] = y[i]", "y[0] = y[i]")
    build.configure(generator)
    build.build(fails=True)
    assert "\nripple/kernels/decay.py:13:9: error: " in build.output
    assert "Traceback" not in build.output
    edit(build.source / "ripple/kernels/decay.py", "y[0] = y[i]", "y[i] = y[i]")
    build.build()
    assert "ripple.kernels.decay" in build.compiled


def test_a_python_without_oxide_build_is_named(cmake: Callable[[str], Build], tmp_path: Path) -> None:
    build = cmake("cmake")
    build.configure("Ninja", f"-DOxideBuild_PYTHON={tmp_path / 'none'}", fails=True)
    assert f"oxide-build is not installed for {tmp_path / 'none'}" in " ".join(build.output.split())
    assert "-DOxideBuild_PYTHON=<file>" in build.output


def test_images_are_beside_no_source(cmake: Callable[[str], Build]) -> None:
    build = cmake("cmake")
    build.configure()
    build.build()
    assert beside(build.source / "ripple") == []
