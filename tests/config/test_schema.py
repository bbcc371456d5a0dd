"""The JSON Schema of `[tool.oxide]`, and validate-pyproject with it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from validate_pyproject.api import Validator
from validate_pyproject.errors import ValidationError
from validate_pyproject.plugins import PluginWrapper

from oxide_build.config import read_pyproject
from oxide_build.config.schema import get_schema
from oxide_build.errors import OxideError
from oxide_build.pipeline.targets import TARGETS, WORDS, parse_targets, spelling_pattern

REPOSITORY = Path(__file__).parents[2]
GOOD = [REPOSITORY / "example_pkg", *sorted(file.parent for file in REPOSITORY.glob("tests/packages/*/pyproject.toml"))]


def validator() -> Validator:
    return Validator(extra_plugins=[PluginWrapper("oxide", get_schema)])


def table(**keys: object) -> dict[str, object]:
    return {"kernels": ["p.kernels.*"], "targets": ["sm_90"], **keys}


@pytest.mark.parametrize("project", GOOD, ids=lambda project: project.name)
def test_our_own_projects_pass(project: Path) -> None:
    validator()(read_pyproject(project))


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"targets": ["sm_91"]}, "tool.oxide.targets[0]"),
        ({"tragets": ["sm_90"]}, "tool.oxide"),
        ({"opt-level": 4}, "tool.oxide.opt-level"),
        ({"overrides": [{"module": "p.kernels.gemm", "jobs": 1}]}, "tool.oxide.overrides[0]"),
        ({"overrides": [{"module": "p.kernels.gemm"}]}, "tool.oxide.overrides[0]"),
    ],
)
def test_mistakes_are_named(wrong: dict[str, object], name: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(f"`{name}`")):
        validator()({"tool": {"oxide": table(**wrong)}})


def test_the_command_finds_the_schema_where_oxide_build_is_installed(
    sample: Callable[[str], Path], tmp_path: Path
) -> None:
    """As its entry point makes it: a distribution that declares it, on the path of a process of its own."""
    entries = read_pyproject(REPOSITORY)["project"]["entry-points"]["validate_pyproject.tool_schema"]
    info = tmp_path / "site/oxide_build-0.dist-info"
    info.mkdir(parents=True)
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: oxide-build\nVersion: 0\n", encoding="utf-8")
    declared = "".join(f"{name} = {value}\n" for name, value in entries.items())
    info.joinpath("entry_points.txt").write_text(f"[validate_pyproject.tool_schema]\n{declared}", encoding="utf-8")
    file = sample("plain") / "pyproject.toml"
    assert checked(file, info.parent) == (0, "")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("line-info", "lineinfo"), encoding="utf-8")
    assert checked(file, info.parent)[0] == 1
    file.write_text(text.replace('"sm_75"', '"sm_74"'), encoding="utf-8")
    status, report = checked(file, info.parent)
    assert status == 1
    assert "tool.oxide.targets[0]" in report


def checked(file: Path, site: Path) -> tuple[int, str]:
    """Exit status and errors of `validate-pyproject` with these distributions alone found first."""
    program = "import sys; from validate_pyproject.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)],
        env={"PYTHONPATH": f"{site}:{REPOSITORY}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


SPELLINGS = ["{}", "sm_{}", "compute_{}", "sm_{}-real", "{}-virtual", "{}+PTX", "compute_{}-real"]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("point", ["", "."])
def test_pattern_and_parser_know_the_same_spellings(spelling: str, point: str) -> None:
    texts = [spelling.format(re.sub(r"(\d)(\D?)$", rf"{point}\1\2", name[3:])) for name in TARGETS]
    assert [bool(re.search(spelling_pattern(), text)) for text in texts] == [is_target(text) for text in texts]


@pytest.mark.parametrize(
    "text", [*WORDS, "native", "sm_91", "sm_90b", " sm_90", "sm_90 ", "sm_9.0", "sm_9", "", "SM_90"]
)
def test_pattern_and_parser_agree_on_anything_else(text: str) -> None:
    assert bool(re.search(spelling_pattern(), text)) == is_target(text)


def is_target(text: str) -> bool:
    try:
        return bool(parse_targets(text))
    except OxideError:
        return False
