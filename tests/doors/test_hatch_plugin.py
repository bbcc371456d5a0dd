"""hatchling with the build hook `oxide`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doors.projects import MARKED, SOURCES, WHEEL, beside, contents, images, members, replace
from tests.hooks.backend import Backend, BuildFailed

Project = Callable[[str], Backend]


@pytest.fixture
def hatchling(backend: Project) -> Backend:
    """The door's project."""
    return backend("hatchling")


def test_the_compiler_is_asked_for_by_the_hook(hatchling: Backend) -> None:
    assert hatchling.hooks.get_requires_for_build_wheel() == ["llvmlite>=0.50,<0.51", "nvidia-nvvm>=13,<14"]
    assert hatchling.hooks.get_requires_for_build_sdist() == []
    replace(hatchling.root / "ripple/rates.py", "math.exp(-t)", "-t")
    assert hatchling.hooks.get_requires_for_build_editable()[:1] == ["llvmlite>=0.50,<0.51"]
    assert "nvidia-nvvm>=13,<14" not in hatchling.hooks.get_requires_for_build_wheel()


@pytest.mark.parametrize("requires_python", ['requires-python = ">=3.10"\n', ""])
def test_the_wheel_is_for_python_3_whatever_the_project_says(
    hatchling: Backend, tmp_path: Path, requires_python: str
) -> None:
    replace(hatchling.root / "pyproject.toml", 'requires-python = ">=3.10"\n', requires_python)
    wheel = hatchling.build("wheel", tmp_path / "out")
    assert wheel.name == "ripple-1.0-py3-none-any.whl"
    assert [*contents(wheel)] == WHEEL


@pytest.mark.parametrize(
    ("directory", "table"),
    [
        ("src", ""),
        ("lib/python", '[tool.hatch.build.targets.wheel]\npackages = ["lib/python/ripple"]\n'),
        ("lib", '[tool.hatch.build.targets.wheel]\nonly-include = ["lib"]\nsources = ["lib"]\n'),
    ],
)
def test_images_lie_where_hatchling_puts_the_modules(
    hatchling: Backend, tmp_path: Path, directory: str, table: str
) -> None:
    (hatchling.root / directory).mkdir(parents=True)
    (hatchling.root / "ripple").rename(hatchling.root / directory / "ripple")
    replace(hatchling.root / "pyproject.toml", "[tool.oxide]", f"{table}\n[tool.oxide]")
    assert [*contents(hatchling.build("wheel", tmp_path / "1"))] == WHEEL
    hatchling.build("editable", tmp_path / "2")
    assert beside(hatchling.root / directory / "ripple") == ["ripple/kernels/_oxide/.gitignore", *MARKED]


def test_a_renamed_package_keeps_its_images(hatchling: Backend, tmp_path: Path) -> None:
    """Where a directory is no package's name, hatchling's own mapping says which package it is."""
    (hatchling.root / "ripple").rename(hatchling.root / "code")
    table = '[tool.hatch.build.targets.wheel]\nonly-include = ["code"]\nsources = { "code" = "ripple" }\n'
    replace(hatchling.root / "pyproject.toml", "[tool.oxide]", f"{table}\n[tool.oxide]")
    assert [*contents(hatchling.build("wheel", tmp_path / "out"))] == WHEEL


def test_trap_7_images_of_an_editable_install_ship_neither_in_wheel_nor_sdist(
    hatchling: Backend, tmp_path: Path
) -> None:
    """hatchling takes every file of a package; they stay where they are for the editable install."""
    hatchling.environment["OXIDE_TARGETS"] = "sm_86"
    hatchling.build("editable", tmp_path / "1")
    left = beside(hatchling.root / "ripple")
    assert "ripple/kernels/_oxide/decay.sm_86.ptx" in left
    del hatchling.environment["OXIDE_TARGETS"]
    assert [*contents(hatchling.build("wheel", tmp_path / "2"))] == WHEEL
    packed = members(hatchling.build("sdist", tmp_path / "3"))
    assert [name for name in packed if name.startswith("ripple/")] == SOURCES
    assert beside(hatchling.root / "ripple") == left


def test_what_the_project_excludes_stays_excluded(hatchling: Backend, tmp_path: Path) -> None:
    table = '[tool.hatch.build]\nexclude = ["ripple/rates.py"]\n'
    replace(hatchling.root / "pyproject.toml", "[tool.oxide]", f"{table}\n[tool.oxide]")
    hatchling.build("editable", tmp_path / "1")
    assert [*contents(hatchling.build("wheel", tmp_path / "2"))] == [
        name for name in WHEEL if name != "ripple/rates.py"
    ]
    assert "ripple/rates.py" not in members(hatchling.build("sdist", tmp_path / "3"))


def test_a_platform_wheel_of_another_hook_stays_one(hatchling: Backend, tmp_path: Path) -> None:
    hook = "from hatchling.builders.hooks.plugin.interface import BuildHookInterface\n\n\n"
    hook += "class Hook(BuildHookInterface):\n    def initialize(self, version, build_data):\n"
    hook += "        build_data['pure_python'] = False\n        build_data['infer_tag'] = True\n"
    (hatchling.root / "hatch_build.py").write_text(hook, encoding="utf-8")
    table = "[tool.hatch.build.hooks.oxide]\n"
    replace(hatchling.root / "pyproject.toml", table, f"{table}\n[tool.hatch.build.hooks.custom]\n")
    wheel = hatchling.build("wheel", tmp_path / "out")
    assert not wheel.name.endswith("-none-any.whl")
    assert [*contents(wheel)] == WHEEL


def test_settings_that_hatchling_drops_are_named(hatchling: Backend, tmp_path: Path) -> None:
    assert images(hatchling.build("wheel", tmp_path / "out", **{"oxide.jobs": "1"}))[0] == "decay.sm_80.ptx"
    assert "[oxide] -C oxide.jobs is dropped by hatchling.build; " in hatchling.stderr


@pytest.mark.parametrize("kind", ["wheel", "editable"])
@pytest.mark.parametrize(
    ("file", "old", "new", "report"),
    [
        (
            "pyproject.toml",
            '"sm_80", ',
            '"sm_8O", ',
            "pyproject.toml:16:12: error: [tool.oxide] targets: unknown target 'sm_8O'",
        ),
        ("ripple/kernels/decay.py", "y[i] = y[i]", "y[0] = y[i]", "ripple/kernels/decay.py:13:9: error: "),
    ],
)
def test_mistakes_end_in_their_report(
    hatchling: Backend, tmp_path: Path, kind: str, file: str, old: str, new: str, report: str
) -> None:
    replace(hatchling.root / file, old, new)
    with pytest.raises(BuildFailed) as raised:
        hatchling.build(kind, tmp_path / "out")
    lines = raised.value.stderr.splitlines()
    assert lines[lines.index("oxide-build: the kernels cannot be built") + 1].startswith(report)
    assert lines[-1] == "1 error"
    assert "Traceback" not in raised.value.stderr


def test_nothing_is_left_behind(hatchling: Backend, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    hatchling.environment["TMPDIR"] = str(scratch)
    before = sorted(hatchling.root.rglob("*"))
    hatchling.build("wheel", tmp_path / "out")
    assert not list(scratch.glob("oxide-build-*"))
    assert sorted(path for path in hatchling.root.rglob("*") if "__pycache__" not in path.parts) == before
