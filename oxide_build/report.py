"""A user's mistake as the last words of a process.

In: an error of ours on its way out. Out: SystemExit with its report: the text on standard error, exit status 1, no
traceback. Its own room because every door that ends in a process (hooks, setuptools step, command line) must close
alike, and none of them may need the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from oxide_build.errors import OxideError

HEADLINE = "oxide-build: the kernels cannot be built"
"""What stands over the report in a front end's log."""


@contextmanager
def reported(headline: str | None = None) -> Iterator[None]:
    """Let no OxideError out of the block but as SystemExit, its report under `headline`."""
    try:
        yield
    except OxideError as error:
        raise SystemExit(str(error) if headline is None else f"{headline}\n{error}") from None
