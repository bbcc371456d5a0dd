"""Wrong configurations: each `.toml` beside this file, and the exact report its author reads."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build.build import plan
from oxide_build.config import load_config
from oxide_build.errors import ConfigErrors

CASES = sorted(Path(__file__).parent.glob("*.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_report(case: Path, sample: Callable[[str], Path], update_golden: bool) -> None:
    root = sample("plain")
    shutil.copy(case, root / "pyproject.toml")
    with pytest.raises(ConfigErrors) as raised:
        plan(load_config(root, environment={}), root)
    if update_golden:
        case.with_suffix(".txt").write_text(f"{raised.value}\n", encoding="utf-8")
    assert f"{raised.value}\n" == case.with_suffix(".txt").read_text(encoding="utf-8")


def test_no_pyproject(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r"pyproject\.toml: no such file in the project's root"):
        load_config(tmp_path)


def test_not_utf8(tmp_path: Path) -> None:
    tmp_path.joinpath("pyproject.toml").write_bytes(b"[tool.oxide]\n# caf\xe9\n")
    with pytest.raises(ConfigErrors, match="not UTF-8 text: found byte 0xe9"):
        load_config(tmp_path)


def test_unclosed_table_names_the_end(tmp_path: Path) -> None:
    tmp_path.joinpath("pyproject.toml").write_text('[tool.oxide]\ntargets = ["sm_90"', encoding="utf-8")
    with pytest.raises(ConfigErrors, match=r"pyproject\.toml:2:19: not valid TOML"):
        load_config(tmp_path)
