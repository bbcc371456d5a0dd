"""What is asked of a backend that is not ours, and would get lost without a word.

In: the call stack of a running build; a project's configuration. Out: notes about `-C oxide.*` settings that go
nowhere, errors for keys that the backend leaves a plugin no way to serve. Its own room because it is the backends that
it knows: setuptools and hatchling drop the settings they do not know, and give plugins of theirs none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator
from types import FrameType

from oxide_build.config import KEYS, PREFIX, Config
from oxide_build.config.pyproject import FILE
from oxide_build.errors import ConfigError, ConfigErrors

OF_ARCHIVES = ("sdist_artifacts", "sbom")
"""The fields of `Config` that are about an sdist or a wheel's metadata, not about the images."""

SERVING = ("oxide_build.hooks", "setuptools.build_meta", "hatchling.build")
"""The backends that can do what those say."""

_OTHERS = f"let build-backend be {' or '.join(map(json.dumps, SERVING))}"


def unheard_settings(backend: str) -> Iterator[str]:
    """A note for each `-C oxide.*` that the hook of `backend` now running was called with."""
    given = (name for frame in _callers() if frame.f_globals.get("__name__") == backend for name in _settings(frame))
    for name in dict.fromkeys(given):
        yield f"-C {name} is dropped by {backend}; heard are [tool.oxide], OXIDE_TARGETS and OXIDE_JOBS"


def check_served(config: Config, door: str, fields: Collection[str], help: str = _OTHERS) -> None:
    """Raise ConfigErrors where the project sets one of these fields, which that door has no way to serve."""
    mistakes = [
        ConfigError(_place(config, key.field, key.name), f"{door} cannot do this", help=help)
        for key in KEYS.values()
        if key.field in fields and getattr(config, key.field)
    ]
    if mistakes:
        raise ConfigErrors(mistakes)


def _place(config: Config, field: str, name: str) -> str:
    origin = config.origins[field]
    return f"[tool.oxide] {name}" if origin == FILE else origin


def _callers() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


def _settings(frame: FrameType) -> list[str]:
    settings = frame.f_locals.get("config_settings")
    return [name for name in settings if name.startswith(PREFIX)] if isinstance(settings, dict) else []
