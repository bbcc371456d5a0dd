"""The benchmark scripts as modules, which find each other as they do when they are run."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DIRECTORY = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Imports a script by name."""
    monkeypatch.syspath_prepend(str(DIRECTORY))
    return importlib.import_module
