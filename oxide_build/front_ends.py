"""What a front end told a backend that is not ours.

In: the call stack of a running build. Out: notes about `-C oxide.*` settings that go nowhere. Its own room because
setuptools and hatchling both drop the settings they do not know without a word, and our plugins are given none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType

from oxide_build.config import PREFIX


def unheard_settings(backend: str) -> Iterator[str]:
    """A note for each `-C oxide.*` that the hook of `backend` now running was called with."""
    given = (name for frame in _callers() if frame.f_globals.get("__name__") == backend for name in _settings(frame))
    for name in dict.fromkeys(given):
        yield f"-C {name} is dropped by {backend}; heard are [tool.oxide], OXIDE_TARGETS and OXIDE_JOBS"


def _callers() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


def _settings(frame: FrameType) -> list[str]:
    settings = frame.f_locals.get("config_settings")
    return [name for name in settings if name.startswith(PREFIX)] if isinstance(settings, dict) else []
