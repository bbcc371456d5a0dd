"""Streams: from what a caller passes to a handle.

In: a stream of any library, or None and the arrays of the launch. Out: the handle as an
int. Its own room because a launch on the wrong stream is a race nobody sees: where the
right one is not beyond doubt, the caller is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Set
from typing import Any

from oxide_build.errors import LaunchError
from oxide_build.runtime.arrays import View

DEFAULT = 0


def _of_torch() -> Callable[[int], int]:
    torch = sys.modules["torch"]
    raw: Callable[[int], int] | None = getattr(getattr(torch, "_C", None), "_cuda_getCurrentRawStream", None)
    return raw or (lambda ordinal: int(torch.cuda.current_stream(ordinal).cuda_stream))


def _of_cupy() -> Callable[[int], Any]:
    found: Callable[[int], Any] = sys.modules["cupy"].cuda.get_current_stream
    return found


_CURRENT: Mapping[str, Callable[[], Callable[[int], Any]]] = {"torch": _of_torch, "cupy": _of_cupy}
"""For each library: what gives, for a GPU's number, the current stream: torch's by its handle, CuPy's as an object."""


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


def finder(libraries: Set[str]) -> Callable[[int], Any] | None:
    """What gives a GPU's current stream, or its handle, for arrays of these libraries; None where that is not clear."""
    if len(libraries) != 1:
        return None
    (library,) = libraries
    make = _CURRENT.get(library)
    return make() if make is not None and library in sys.modules else None


def current(views: Mapping[str, View], ordinal: int) -> int:
    """The current stream of the one library all the arrays are of; the default stream where there are no arrays.

    Raises LaunchError when the library has no current stream we know, or there are several libraries.
    """
    libraries = {view.library for view in views.values()}
    if not libraries:
        return DEFAULT
    if find := finder(libraries):
        return handle(find(ordinal))
    raise LaunchError(
        f"which stream to launch on is not clear: the arrays are of {' and '.join(sorted(libraries))}",
        help="name it, kernel[grid, block, stream](...); stream=0 is the default stream",
    )
