"""`oxide-build doctor`: what this machine has and lacks.

In: nothing. Out: a line a thing on standard output. Its own room because it is one command.
"""

from __future__ import annotations

from oxide_build.doctor import examine


def doctor() -> None:
    """Look for everything that building and running kernels can need on this machine."""
    print("\n".join(map(str, examine())))
