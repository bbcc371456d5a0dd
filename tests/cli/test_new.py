"""`oxide-build new`: the project it makes builds and tests as it is."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.command import REPOSITORY, cli, environment

FILES = [
    "pyproject.toml",
    "README.md",
    ".gitignore",
    "my_package/__init__.py",
    "my_package/kernels.py",
    "tests/test_kernels.py",
    ".github/workflows/wheels.yml",
]


def python(*arguments: str, cwd: Path) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project."""
    assert cli("new", "my-package", cwd=tmp_path).stdout.splitlines() == [f"my-package/{file}" for file in FILES]
    return tmp_path / "my-package"


def test_it_has_these_files_and_no_others(project: Path) -> None:
    assert {file.relative_to(project).as_posix() for file in project.rglob("*") if file.is_file()} == set(FILES)
    assert "$" not in "".join((project / file).read_text() for file in FILES if file != "README.md")


def test_its_wheel_is_built_by_pip(project: Path) -> None:
    python(
        "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", ".", cwd=project
    )
    with zipfile.ZipFile(project / "dist/my_package-0.1.0-py3-none-any.whl") as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    images = {f"kernels.sm_{target}.ptx" for target in (75, 80, 90, 100, 120)}
    built = {f"my_package/_oxide/{name}" for name in {"kernels.json", *images}}
    assert names == {"my_package/__init__.py", "my_package/kernels.py", *built}


def test_its_tests_pass_and_its_code_is_clean(project: Path) -> None:
    assert "1 passed" in python("-m", "pytest", "-p", "no:cacheprovider", cwd=project)
    settings = f"--config={REPOSITORY / 'pyproject.toml'}"
    python("-m", "ruff", "check", settings, ".", cwd=project)
    python("-m", "ruff", "format", "--check", settings, ".", cwd=project)


def test_its_workflow_is_one(project: Path) -> None:
    python("-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", FILES[-1], cwd=project)


def test_git_sees_the_sources_alone(project: Path) -> None:
    cli("build", cwd=project)
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=project, capture_output=True, text=True, check=True
    )
    assert set(listed.stdout.split()) == set(FILES)


def test_elsewhere_and_as_json(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    paths = json.loads(cli("new", "Fast.FFT", "--directory", "empty", "--json", cwd=tmp_path).stdout)
    assert "empty/fast_fft/kernels.py" in paths
    assert all((tmp_path / path).is_file() for path in paths)
    assert 'name = "Fast.FFT"' in (tmp_path / "empty/pyproject.toml").read_text(encoding="utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("my package", "a name is letters and digits, with - _ . between them"),
        ("-package", None),
        ("package-", "a name is letters and digits, with - _ . between them"),
        ("../up", "a name is letters and digits, with - _ . between them"),
        ("3d", "its package '3d' could not be imported"),
        ("class", "its package 'class' could not be imported"),
        ("json", "its package would hide the module 'json'"),
        ("oxide-build", "its package would hide the module 'oxide_build'"),
    ],
)
def test_a_name_that_no_project_can_have(tmp_path: Path, name: str, reason: str | None) -> None:
    done = cli("new", name, cwd=tmp_path, status=2 if reason is None else 1)
    if reason is not None:
        assert done.stderr == f"no project can be called '{name}': {reason}\n  help: write for example my-package\n"
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("dear", encoding="utf-8")
    (tmp_path / "taken").touch()
    for place in ("mine", "taken"):
        assert cli("new", "my-package", "--directory", place, cwd=tmp_path, status=1).stderr == (
            f"{place}: there is something there already, and nothing is overwritten\n"
            "  help: name another place with --directory\n"
        )
    assert [entry.name for entry in (tmp_path / "mine").iterdir()] == ["file"]


def test_a_place_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = cli("new", "my-package", "--directory", "file/below", cwd=tmp_path, status=1)
    assert done.stderr.startswith("file/below: ")
    assert done.stderr.endswith("  help: name another place with --directory\n")
