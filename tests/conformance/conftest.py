"""What the suite counts: each (feature, type, edge) that agreed; `tests/conftest.py` prints it at the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.frontend.conftest import compiled, run, simulated

__all__ = ["agreed", "compiled", "run", "simulated"]

Agreed = Callable[[str, int], None]


@pytest.fixture
def agreed(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Agreed:
    """`agreed(feature, edges)`: that many edge cases of a feature, for one type, gave what plain Python gives."""
    where = "GPU" if "gpu" in request.node.callspec.id.split("-") else "simulator"
    return lambda feature, edges: record_property("conformance", [where, feature, edges])
