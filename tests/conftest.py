"""What every test shares: tests marked `gpu` run where there is a GPU and say why where there is none."""

from __future__ import annotations

import pytest

from oxide_build.errors import LoadError
from oxide_build.runtime import device


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the `gpu` tests, with the reason, when this machine cannot launch."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    reason = _why_no_gpu() if marked else None
    if reason is not None:
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=reason))


def _why_no_gpu() -> str | None:
    try:
        device.current()
    except LoadError as error:
        return error.message
    return None
