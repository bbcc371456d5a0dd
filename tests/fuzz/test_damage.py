"""Damaged kernel files are compiled or refused with a place; nothing else comes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.damage import damaged, outcome, valid_files


def test_undamaged_files_compile(tmp_path: Path) -> None:
    """Most of them: some of the texts show mistakes."""
    found = [outcome(data, tmp_path) for data in valid_files()[:40]]
    assert not [one.reason for one in found if one.kind == "fault"]
    assert sum(one.kind == "compiled" for one in found) > 20


@pytest.mark.parametrize("start", range(0, 400, 50))
def test_damaged_files(start: int, tmp_path: Path) -> None:
    for seed in range(start, start + 50):
        data = damaged(("test", seed))
        found = outcome(data, tmp_path)
        assert found.kind != "fault", f"{found.reason}\n{data!r}"
