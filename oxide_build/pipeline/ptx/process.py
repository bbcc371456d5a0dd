"""A process that works for this one: messages in, messages out.

In: Python code that ends in a loop over `inbox` and `outbox`. Out: its answers, or how it died and its last words. Its
own file because what runs LLVM dies of it at times, whoever asked.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from typing import IO, Any

_STDERR_LINES = 5
_START = "import sys; sys.path[:] = {path!r}; {code}"


class ProcessDied(Exception):
    """How a process ended, and its last words."""


class Process:
    """One process and the two pipes to it."""

    def __init__(self, code: str) -> None:
        # A pipe that nobody reads would fill up; the file lives as long as the process.
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed when the process is stopped)
        self._process = subprocess.Popen(
            # Our sys.path, so that it finds what we find, in build isolation and in a source tree.
            [sys.executable, "-c", _START.format(path=sys.path, code=code)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )

    def send(self, message: object) -> None:
        """Give it a message; one that has died says so when it is asked to answer."""
        assert self._process.stdin is not None
        self._stderr.seek(0)
        self._stderr.truncate()
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
        except OSError:  # it died before; why, it said on stderr
            pass

    def receive(self) -> Any:
        """Its next message; raises ProcessDied."""
        assert self._process.stdout is not None
        try:
            return pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            raise ProcessDied(self._last_words()) from None

    def _last_words(self) -> str:
        code = self._process.wait()
        cause = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").splitlines()
        return "\n    ".join([f"({cause})", *lines[-_STDERR_LINES:]])

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def stop(self, *, at_once: bool = False) -> None:
        """End the process: it leaves when its input does, or `at_once`."""
        if at_once:
            self._process.kill()
        self._process.communicate()
        self._stderr.close()


def pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Within the process: where messages come from, where answers go. Whatever else is printed goes to stderr."""
    outbox = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, outbox
