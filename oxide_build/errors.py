"""Errors and the places in source files they speak of.

In: a message, a place, a remedy. Out: exceptions whose text is a finished report
(`path:line:col`, the source line, a caret, what to write instead). Its own room
because every other room raises one of these and none may invent its own layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import Literal, TypeAlias

from oxide_build.records import dataclass, field


@dataclass(frozen=True)
class SourceFile:
    """A kernel module's text and how to name it: `path` as reports show it, `module` as Python imports it."""

    path: str
    text: str = field(repr=False)
    module: str = ""

    @property
    def package(self) -> str:
        """The package relative imports start from: the module itself where it is a package's `__init__.py`."""
        is_package = self.path.replace("\\", "/").rpartition("/")[2] == "__init__.py"
        return self.module if is_package else self.module.rpartition(".")[0]

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines as Python counts them, without their ends."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its line end; empty past the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


@dataclass(frozen=True)
class Span:
    """A range of source text; lines and columns count characters from 1, the end column is exclusive.

    As a context manager it gives itself to any `CompileError` that passes through
    without a place of its own, so raise sites never handle positions.
    """

    source: SourceFile
    line: int
    column: int
    end_line: int
    end_column: int

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, CompileError) and error.span is None:
            error.span = self

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line}:{self.column}"

    def excerpt(self) -> str:
        """The first source line of the range with carets beneath it."""
        text = self.source.line(self.line)
        end = self.end_column if self.end_line == self.line else len(text) + 1
        margin = "".join("\t" if c == "\t" else " " for c in text[: self.column - 1])
        return f"    {text}\n    {margin}{'^' * max(1, end - self.column)}"


class OxideError(RuntimeError):
    """The root of every error this project raises on purpose; `help` says what to do about it."""

    def __init__(self, message: str, *, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return self.message if self.help is None else f"{self.message}\n  help: {self.help}"


Part: TypeAlias = "Literal['value', 'key', 'table'] | int | Callable[[str], bool]"
"""What of a key in a file is at fault: its value, the key itself, the table that lacks it, or of an array one element.

The element is told by its number from 0, or is the first string for which the predicate is true.
"""


class ConfigError(OxideError):
    """A mistake in `[tool.oxide]` or an override of it; `key` is where, written as in the file.

    `part` is what of the key is at fault. `span` is the place, if it is in a file and known: who has the file sets it.
    """

    def __init__(
        self, key: str, message: str, *, help: str | None = None, part: Part = "value", span: Span | None = None
    ) -> None:
        super().__init__(f"{key}: {message}" if key else message, help=help)
        self.key = key
        self.part = part
        self.span = span

    def __str__(self) -> str:
        return super().__str__() if self.span is None else _report(self, "error", self.span)


@dataclass(frozen=True)
class Note:
    """A second place that a report speaks of, and what is there."""

    message: str
    span: Span

    def __str__(self) -> str:
        return f"  note: {self.span}: {self.message}\n{self.span.excerpt()}"


class CompileError(OxideError):
    """A mistake in a kernel's source: syntax, type, safety or target. `notes` show what else it takes to see it."""

    severity = "error"

    def __init__(
        self, message: str, *, help: str | None = None, span: Span | None = None, notes: Sequence[Note] = ()
    ) -> None:
        super().__init__(message, help=help)
        self.span = span
        self.notes = tuple(notes)

    def __str__(self) -> str:
        return _report(self, self.severity, self.span, self.notes)


def _report(error: OxideError, severity: str, span: Span | None, notes: Sequence[Note] = ()) -> str:
    """The layout of whatever is about a text: place and message, source line and carets, notes, help."""
    lines = [f"{severity}: {error.message}"]
    if span is not None:
        lines = [f"{span}: {severity}: {error.message}", span.excerpt()]
    lines += map(str, notes)
    if error.help is not None:
        lines.append(f"  help: {error.help}")
    return "\n".join(lines)


class CompileWarning(CompileError):
    """What is legal but surely wrong; `help` says how to silence it too. Raised where a project minds."""

    severity = "warning"


Warn: TypeAlias = "Callable[[CompileWarning], None]"
"""Who hears of a warning."""


def unheard(warning: CompileWarning) -> None:
    """The listener that ignores warnings."""


class ErrorReport(OxideError):
    """All the mistakes of one build or one configuration, in order; never empty."""

    def __init__(self, errors: Sequence[OxideError]) -> None:
        self.errors = tuple(errors)
        count = "1 error" if len(self.errors) == 1 else f"{len(self.errors)} errors"
        super().__init__("\n".join([*map(str, self.errors), count]))


class CompileErrors(ErrorReport):
    """All the mistakes found in a build's kernels."""


class ConfigErrors(ErrorReport):
    """All the mistakes found in `[tool.oxide]` and its overrides."""


class InternalError(OxideError):
    """A fault of ours: a verifier failed after a stage, or the code generator died."""

    def __init__(self, message: str) -> None:
        super().__init__(message, help="this is a bug in oxide-build, please report it with the file named above")


class KernelError(OxideError):
    """The root of what a caller of an installed kernel can meet."""


class LoadError(KernelError):
    """A kernel's image could not be found, chosen or loaded."""


class ImageRefusedError(LoadError):
    """The driver takes none of the images that should run on this GPU; the message has its words and log."""


class DriverNotFoundError(LoadError):
    """No NVIDIA driver, or no Python binding to it, on this machine."""


class NoCompatibleImageError(LoadError):
    """None of the shipped images runs on this GPU with this driver."""


class StaleKernelWarning(UserWarning):
    """The kernels that will run are not those in the source, which has changed since it was built."""


class KernelArgumentError(KernelError, TypeError):
    """An argument does not fit the kernel's signature, or breaks one of its `gpu.require` contracts."""


class LaunchError(KernelError):
    """The launch itself was refused: grid, block, shared memory, stream, or the driver's own word."""


class ForkError(LaunchError):
    """CUDA was used before this process was forked from the one that used it."""


class KernelFault(KernelError):
    """A kernel failed while it ran: out of bounds, an assertion, an illegal address."""


class Collector:
    """Gathers compile errors so that one report can show them all."""

    def __init__(self, errors: Iterable[CompileError] = ()) -> None:
        self.errors = [*errors]

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Keep a `CompileError` (or several) raised inside the block instead of letting it stop the work."""
        try:
            yield
        except CompileErrors as report:
            self.errors.extend(e for e in report.errors if isinstance(e, CompileError))
        except CompileError as error:
            self.errors.append(error)

    def raise_if_any(self) -> None:
        """Raise what was gathered as one `CompileErrors`, in source order."""
        if self.errors:
            self.errors.sort(key=_source_order)
            raise CompileErrors(self.errors)


def _source_order(error: CompileError) -> tuple[str, int, int]:
    span = error.span
    return ("", 0, 0) if span is None else (span.source.path, span.line, span.column)
