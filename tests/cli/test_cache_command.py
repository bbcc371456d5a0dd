"""`oxide-build cache`: where it is, what is in it, and less of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oxide_build.cache import Cache, entries
from oxide_build.cli.cache import cache
from oxide_build.errors import OxideError


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with an entry of today and one of a month ago."""
    directory = tmp_path / "cache"
    monkeypatch.setenv("OXIDE_CACHE_DIR", str(directory))
    store = Cache(directory, print)
    store.put("a" * 64, b"x" * 1_000_000)
    (old,) = entries(directory)
    os.utime(old.file, (time.time() - 30 * 86_400,) * 2)
    store.put("b" * 64, b"x" * 2_000_000)
    return directory


def said(*arguments: str) -> str:
    return CliRunner().invoke(cache, arguments, catch_exceptions=False).output


def test_info(directory: Path) -> None:
    assert said("info").splitlines() == [
        f"directory  {directory}",
        "entries    2",
        "size       3.0 MB of at most 1000 MB",
    ]


def test_clean_by_age_and_of_all(directory: Path) -> None:
    assert said("clean", "--older-than", "2w") == "deleted 1 entries, 1.0 MB\n"
    assert said("clean") == "deleted 1 entries, 2.0 MB\n"
    assert list(entries(directory)) == []


@pytest.mark.usefixtures("directory")
def test_an_age_is_a_number_and_a_unit() -> None:
    with pytest.raises(OxideError, match="found 'soon', needed a number and m, h, d or w"):
        said("clean", "--older-than", "soon")


def test_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OXIDE_CACHE_DIR", "off")
    with pytest.raises(OxideError, match="there is no cache"):
        said("info")
