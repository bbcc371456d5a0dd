"""The package that the build benchmark builds: its kernels are kernels, and no two modules are alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oxide_build.errors import CompileWarning, SourceFile
from oxide_build.pipeline import to_ssa

Script = Callable[[str], Any]


def test_every_module_is_a_pair_of_its_own(script: Script) -> None:
    pairs = script("build_package").sources(50)
    assert len({python for python, _ in pairs}) == len({cpp for _, cpp in pairs}) == 50


def test_the_kernels_are_the_same_in_both_languages(script: Script) -> None:
    for python, cpp in script("build_package").sources(10):
        module = to_ssa(SourceFile("m.py", python, "many.kernels.m"), warn=refuse)
        assert [kernel.name for kernel in module.kernels()]
        assert all(f"{kernel.name}(" in cpp for kernel in module.kernels())


def refuse(warning: CompileWarning) -> None:
    pytest.fail(str(warning))


def test_an_edit_changes_one_module(tmp_path: Path, script: Script) -> None:
    package = script("build_package")

    def texts() -> dict[str, str]:
        return {file.name: file.read_text(encoding="utf-8") for file in tmp_path.rglob("*/kernels/*.py")}

    package.write_package(tmp_path, 3)
    before = texts()
    package.change_module(tmp_path, 1)
    assert [name for name, text in texts().items() if before[name] != text] == ["m000.py"]
