"""`oxide-build explain`: which image a GPU gets, and why.

In: an installed package, and this machine's GPU or another. Out: a verdict on every image, on standard output. Its own
room because it is one command.
"""

from __future__ import annotations

import re
from typing import Annotated

import typer

from oxide_build import explain as room
from oxide_build.errors import DriverNotFoundError, OxideError
from oxide_build.runtime import device as gpu


def explain(
    package: Annotated[str, typer.Argument(help="An installed package, named as in `import`.")],
    device: Annotated[str | None, typer.Option(help="A compute capability, 9.0, in place of this machine's.")] = None,
    driver: Annotated[str | None, typer.Option(help="The CUDA release of a driver, 12.8, likewise.")] = None,
) -> None:
    """Say of each kernel module's every image whether a GPU gets it, and why."""
    choices = room.explain(package, *_machine(device, driver))
    for unit, choice in choices:
        print(unit)
        print("\n".join(f"  {verdict}" for verdict in choice.verdicts))
    for _, choice in choices:
        choice.required()


def _machine(device: str | None, driver: str | None) -> tuple[tuple[int, int], tuple[int, int]]:
    """Compute capability and driver release: those given, else this machine's."""
    try:
        capability = _version(device, "--device 9.0") if device else gpu.current().capability
        return capability, _version(driver, "--driver 12.8") if driver else gpu.driver_version()
    except DriverNotFoundError as error:
        raise OxideError(error.message, help="name a GPU and a driver: --device 9.0 --driver 12.8") from None


def _version(text: str, example: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)\.(\d)", text)
    if match is None:
        raise OxideError(f"found {text!r}, needed a version of two numbers", help=f"write for example {example}")
    return int(match[1]), int(match[2])
