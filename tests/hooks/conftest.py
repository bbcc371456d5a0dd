"""What the tests of the build backend share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hooks.backend import Backend


@pytest.fixture
def backend(sample: Callable[[str], Path]) -> Callable[[str], Backend]:
    """The backend of a sample project's copy."""
    return lambda name: Backend(sample(name))
