"""What the suite counts: every (feature, type, edge) that agreed, printed at the end of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.frontend.conftest import compiled, run, simulated

__all__ = ["agreed", "compiled", "run", "simulated"]

Agreed = Callable[[str, int], None]
PROPERTY = "conformance"


@pytest.fixture
def agreed(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Agreed:
    """`agreed(feature, edges)`: that many edge cases of a feature, for one type, gave what plain Python gives."""
    where = "GPU" if "gpu" in request.node.callspec.id.split("-") else "simulator"
    return lambda feature, edges: record_property(PROPERTY, [where, feature, edges])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts, those of all worker processes together."""
    cases: Counter[str] = Counter()
    features: dict[str, set[str]] = {}
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == PROPERTY:
                where, feature, edges = value
                cases[where] += edges
                features.setdefault(where, set()).add(feature)
    for where, count in sorted(cases.items()):
        terminalreporter.write_line(f"conformance, {where}: {count:,} cases of {len(features[where])} features agree")
