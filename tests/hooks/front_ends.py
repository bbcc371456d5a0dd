"""How the front ends that people use are called, and where they find this tree's oxide-build."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.hooks.backend import EPOCH

Call = Callable[..., "subprocess.CompletedProcess[str]"]
"""Runs a command: its words, then `cwd`, whether it must fail (`status`), `environment` besides
(an empty value unsets) and `umask`."""


def pip(*arguments: str | Path, python: str | Path = sys.executable) -> tuple[str | Path, ...]:
    return (python, "-m", "pip", *arguments)


def uv(*arguments: str | Path) -> tuple[str | Path, ...]:
    return (sys.executable, "-m", "uv", *arguments)


def caller(house: Path) -> Call:
    """What runs commands that find oxide-build in `house`; their output is one text, as a terminal shows it."""
    # A tool that manages environments would manage the one that these tests run in; a path would reach into clean ones.
    outside = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    places = {
        "PIP_FIND_LINKS": " ".join(filter(None, [os.environ.get("PIP_FIND_LINKS"), str(house)])),
        "UV_FIND_LINKS": ",".join(filter(None, [os.environ.get("UV_FIND_LINKS"), str(house)])),
    }

    def run(
        *command: str | Path,
        cwd: Path | None = None,
        status: int = 0,
        environment: dict[str, str] | None = None,
        umask: int = 0o022,
    ) -> subprocess.CompletedProcess[str]:
        variables = {**outside, **places, "SOURCE_DATE_EPOCH": EPOCH, **(environment or {})}
        done = subprocess.run(
            list(map(str, command)),
            cwd=cwd,
            env={name: value for name, value in variables.items() if value},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            umask=umask,
        )
        assert (done.returncode == 0) == (status == 0), done.stdout
        return done

    return run


@contextmanager
def served(wheels: Path, place: Path) -> Iterator[str]:
    """The address of an index of those wheels, for front ends that take nothing less; it ends with the block."""
    for wheel in wheels.glob("*.whl"):
        directory = place / wheel.name.partition("-")[0].replace("_", "-").lower()
        directory.mkdir(parents=True, exist_ok=True)
        shutil.copy(wheel, directory)
    handler = functools.partial(_Quiet, directory=str(place))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    """A directory's listing is what an index's page of a project is: links to its files."""

    def log_message(self, format: str, *args: object) -> None:
        """Tests have their own output."""
