"""`oxide-build cache`: what earlier builds made, kept for the next.

In: this user's cache. Out: where it is and what it holds; or less of it. Its own room because it is one command.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from oxide_build import cache as room
from oxide_build.cli.arguments import Json, print_json
from oxide_build.errors import OxideError

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}

cache = typer.Typer(help="Look into the cache of compiled kernels, or empty it.", no_args_is_help=True)


@cache.command()
def info(as_json: Json = False) -> None:
    """Say where the cache is, how much is in it, and the most it may hold."""
    directory = _directory()
    entries = list(room.entries(directory))
    size = sum(entry.size for entry in entries)
    if as_json:
        print_json({"directory": str(directory), "entries": len(entries), "size": size, "most": room.MOST_BYTES})
        return
    print(f"directory  {directory}")
    print(f"entries    {len(entries)}")
    print(f"size       {size / 1e6:.1f} MB of at most {room.MOST_BYTES / 1e6:.0f} MB")


@cache.command()
def clean(
    older_than: Annotated[
        str | None, typer.Option(help="Only what no build has used for so long: 30d, 12h, 2w. All, when left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Delete what is in the cache; builds make it again."""
    count, size = room.clean(_directory(), _seconds(older_than) if older_than else 0.0)
    if as_json:
        print_json({"entries": count, "size": size})
    else:
        print(f"deleted {count} entries, {size / 1e6:.1f} MB")


def _directory() -> Path:
    directory = room.default_directory()
    if directory is None:
        raise OxideError("there is no cache", help=f"{room.VARIABLE} names a directory for one")
    return directory


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+)([mhdw])", text)
    if match is None:
        raise OxideError(f"found {text!r}, needed a number and m, h, d or w", help="write for example --older-than 30d")
    return int(match[1]) * _UNITS[match[2]]
