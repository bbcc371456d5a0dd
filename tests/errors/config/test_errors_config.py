"""Wrong configurations: each `.toml` beside this file, and the exact report its author reads.

Comments at a file's beginning are what is set outside it: `# -C oxide.jobs=2`, `# OXIDE_JOBS=2`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import fastjsonschema
import pytest

from oxide_build.build import plan
from oxide_build.config import load_config, read_pyproject, settings_of
from oxide_build.config.schema import get_schema
from oxide_build.errors import ConfigErrors

CASES = sorted(Path(__file__).parent.glob("*.toml"))
NO_TABLE = {"no_table", "not_toml", "table_misspelt", "table_named_like_the_project"}
BEYOND_SCHEMA = {
    "emit_takes_cubin_from_an_override",
    "kernels_not_found",
    "kernels_without_kernels",
    "override_of_none",
    "override_of_some",
    "setting_given_twice",
    "setting_misspelt",
    "setting_of_the_file_alone",
    "setting_real_without_cubin",
    "setting_without_value",
    "settings_wrong",
    "targets_real_without_cubin",
    "targets_real_without_cubin_in_an_override",
    "targets_virtual_without_ptx",
    "variables_wrong",
}
"""What a schema cannot know: the project's files, what is set outside pyproject.toml, one key against another."""


def outside(case: Path) -> tuple[dict[str, object], dict[str, str]]:
    """The `-C` settings and variables of a case."""
    comments = re.findall(r"^# (.*)$", case.read_text(encoding="utf-8"), re.MULTILINE)
    settings = [comment.removeprefix("-C ") for comment in comments if comment.startswith("-C ")]
    variables = [comment.split("=", 1) for comment in comments if comment.startswith("OXIDE_")]
    return settings_of(settings), dict(variables)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_report(case: Path, sample: Callable[[str], Path], update_golden: bool) -> None:
    root = sample("plain")
    shutil.copy(case, root / "pyproject.toml")
    with pytest.raises(ConfigErrors) as raised:
        plan(load_config(root, *outside(case)), root)
    if update_golden:
        case.with_suffix(".txt").write_text(f"{raised.value}\n", encoding="utf-8")
    assert f"{raised.value}\n" == case.with_suffix(".txt").read_text(encoding="utf-8")


def test_each_report_is_another() -> None:
    reports = {case.with_suffix(".txt").read_text(encoding="utf-8") for case in CASES}
    assert len(reports) == len(CASES) >= 40


@pytest.mark.parametrize("case", [case for case in CASES if case.stem not in NO_TABLE], ids=lambda case: case.stem)
def test_the_schema_refuses_what_it_can_know(case: Path, tmp_path: Path) -> None:
    shutil.copy(case, tmp_path / "pyproject.toml")
    table = read_pyproject(tmp_path)["tool"]["oxide"]
    valid = fastjsonschema.compile(get_schema(), use_default=False)
    if case.stem in BEYOND_SCHEMA:
        valid(table)
    else:
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            valid(table)


def test_no_pyproject(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r"pyproject\.toml: no such file in the project's root"):
        load_config(tmp_path)


def test_not_utf8(tmp_path: Path) -> None:
    tmp_path.joinpath("pyproject.toml").write_bytes(b"[tool.oxide]\n# caf\xe9\n")
    with pytest.raises(ConfigErrors, match=r"^pyproject\.toml:2:6: error: not UTF-8 text: found byte 0xe9"):
        load_config(tmp_path)


def test_unclosed_table_names_the_end(tmp_path: Path) -> None:
    tmp_path.joinpath("pyproject.toml").write_text('[tool.oxide]\ntargets = ["sm_90"', encoding="utf-8")
    with pytest.raises(ConfigErrors, match=r"pyproject\.toml:2:19: error: not valid TOML"):
        load_config(tmp_path)
