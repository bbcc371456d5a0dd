"""docs/packaging.md says what works: its settings load, its release can be made, its warning is the one that comes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build.config import load_config
from oxide_build.runtime.freshness import _warn
from tests.hooks.backend import REPOSITORY
from tests.hooks.front_ends import Call
from tests.hooks.test_origin import git

PAGE = (REPOSITORY / "docs/packaging.md").read_text(encoding="utf-8")
RELEASE = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", [block for block in blocks("toml") if "[tool.oxide]" in block])
def test_settings_load(tmp_path: Path, block: str) -> None:
    (tmp_path / "pyproject.toml").write_text(block, encoding="utf-8")
    assert load_config(tmp_path, {}, {}).kernels == ("my_package.kernels.*",)


def test_both_services_run_the_release() -> None:
    (release,) = RELEASE
    for block in blocks("yaml"):
        lines = [line.removeprefix("- ").strip() for line in map(str.strip, block.splitlines())]
        assert [line for line in lines if line in release.splitlines()] == release.splitlines()
    assert len(blocks("yaml")) == 2


@pytest.mark.parametrize(("number", "schema"), [(0, "vendor.github-workflows"), (1, "vendor.gitlab-ci")])
def test_the_services_know_what_their_files_say(call: Call, tmp_path: Path, number: int, schema: str) -> None:
    (tmp_path / "release.yml").write_text(blocks("yaml")[number], encoding="utf-8")
    call(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, tmp_path / "release.yml")


def test_the_warning_is_the_one_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oxide_build.runtime.freshness._is_compiler_here", lambda: True)
    (shown,) = blocks("text")
    with pytest.warns() as caught:
        _warn("my_package.kernels.vector", "my_package.kernels.vector", Path("/home/me/my_package"))
    assert " ".join(shown.split()) == f"{caught[0].category.__name__}: {caught[0].message}"


@pytest.mark.frontend
@pytest.mark.skipif(os.name == "nt", reason="the page's commands are a shell's")
def test_the_release_can_be_made_twice(sample: Callable[[str], Path], call: Call, tmp_path: Path) -> None:
    (release,) = RELEASE
    root = sample("mapped")
    pyproject = root / "pyproject.toml"
    keys = "[tool.oxide]\nprovenance = true\nsbom = true\nsdist-artifacts = true\n"
    pyproject.write_text(pyproject.read_text(encoding="utf-8").replace("[tool.oxide]\n", keys), encoding="utf-8")
    (root / ".gitignore").write_text("dist/\nbuild/\n*.egg-info/\n", encoding="utf-8")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "v1.0")
    subprocess.run(["git", "clone", "--quiet", root, tmp_path / "again"], check=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for place in (root, tmp_path / "again"):
        call("sh", "-e", "-c", release, cwd=place, environment={"PATH": path})
    first, second = (
        {file.name: file.read_bytes() for file in (place / "dist").iterdir()} for place in (root, tmp_path / "again")
    )
    assert sorted(first) == ["mapped-1.0-py3-none-any.whl", "mapped-1.0.tar.gz"]
    assert first == second
    with zipfile.ZipFile(root / "dist/mapped-1.0-py3-none-any.whl") as wheel:
        assert "mapped-1.0.dist-info/sboms/oxide-build.cdx.json" in wheel.namelist()
        assert git(root, "rev-parse", "HEAD").encode() in wheel.read("mapped/kernels/_oxide/copy.json")
