"""Streams: from what a caller passes to a handle.

In: a stream of any library, or None and the arrays of the launch. Out: the handle as an
int. Its own room because a launch on the wrong stream is a race nobody sees: where the
right one is not beyond doubt, the caller is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from oxide_build.errors import LaunchError
from oxide_build.runtime.arrays import View

DEFAULT = 0

_CURRENT: Mapping[str, Callable[[int], int]] = {
    "torch": lambda ordinal: sys.modules["torch"].cuda.current_stream(ordinal).cuda_stream,
    "cupy": lambda ordinal: sys.modules["cupy"].cuda.get_current_stream(ordinal).ptr,
}


def handle(stream: Any) -> int:
    """The handle of `stream`: an int, or a stream object of torch, CuPy, cuda.core, cuda.bindings or their like.

    Raises LaunchError for anything else.
    """
    if hasattr(stream, "__cuda_stream__"):
        described = stream.__cuda_stream__
        return int((described() if callable(described) else described)[1])
    for attribute in ("cuda_stream", "ptr"):
        if hasattr(stream, attribute):
            return int(getattr(stream, attribute))
    if hasattr(stream, "__int__") and not isinstance(stream, (bool, float)):
        return int(stream)
    raise LaunchError(
        f"stream is {stream!r}, which is no CUDA stream",
        help="pass a stream of torch or CuPy, anything with __cuda_stream__, or a handle as an int (0: the default)",
    )


def current(views: Mapping[str, View], ordinal: int) -> int:
    """The current stream of the one library all the arrays are of; the default stream where there are no arrays.

    Raises LaunchError when the library has no current stream we know, or there are several libraries.
    """
    libraries = {view.library for view in views.values()}
    if not libraries:
        return DEFAULT
    if len(libraries) == 1 and (find := _CURRENT.get(next(iter(libraries)))):
        return int(find(ordinal))
    raise LaunchError(
        f"which stream to launch on is not clear: the arrays are of {' and '.join(sorted(libraries))}",
        help="name it, kernel[grid, block, stream](...); stream=0 is the default stream",
    )
