"""docs/doors.md shows what the sample projects hold, and names every argument there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/doors.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\[\S+\]\(\.\./(\S+)\)\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_file_shown_is_of_a_sample() -> None:
    assert len(SHOWN) == len(re.findall(r"^```(?:toml|cmake)$", PAGE, re.MULTILINE)) == 5


@pytest.mark.parametrize(("file", "text"), SHOWN)
def test_what_is_shown_is_in_the_file(file: str, text: str) -> None:
    paragraphs = (ROOT / file).read_text(encoding="utf-8").strip().split("\n\n")
    assert [part for part in text.strip().split("\n\n") if part not in paragraphs] == []


def test_the_arguments_are_those_of_the_function() -> None:
    code = (ROOT / "cmake/OxideBuild.cmake").read_text(encoding="utf-8")
    parsed = re.search(r'PARSE_ARGV 1 arg "" "([A-Z;]+)" "([A-Z;]+)"', code)
    assert parsed is not None
    rows = "".join(re.findall(r"^\| (`[A-Z].*?) \|", PAGE, re.MULTILINE))
    assert sorted(re.findall(r"[A-Z]+", rows)) == sorted(";".join(parsed.groups()).split(";"))


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((\S+?)\)", PAGE))))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists()
