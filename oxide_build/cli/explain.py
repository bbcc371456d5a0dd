"""`oxide-build explain`: which image a GPU gets, and why.

In: an installed package, and this machine's GPU or another. Out: a verdict on every image, on standard output. Its own
room because it is one command.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from oxide_build import explain as room
from oxide_build.cli.arguments import Json, print_json
from oxide_build.errors import DriverNotFoundError, OxideError
from oxide_build.runtime import device as gpu


def explain(
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help="An installed package, named as in `import`.")],
    device: Annotated[str | None, typer.Option(help="A compute capability, 9.0, in place of this machine's.")] = None,
    driver: Annotated[str | None, typer.Option(help="The CUDA release of a driver, 12.8, likewise.")] = None,
    as_json: Json = False,
) -> None:
    """Say of each kernel module's every image whether a GPU gets it, and why.

    The exit status is 1 when a module has no image for that GPU and driver.
    """
    explanations = room.explain(package, *_machine(device, driver))
    if as_json:
        print_json([_data(explanation) for explanation in explanations])
    else:
        for explanation in explanations:
            print(explanation.unit)
            print("\n".join(f"  {verdict}" for verdict in explanation.choice.verdicts))
    for explanation in explanations:
        explanation.choice.required()


def _data(explanation: room.Explanation) -> dict[str, Any]:
    verdicts = explanation.choice.verdicts
    images = [
        {"target": one.artifact.target, "kind": one.artifact.kind, "chosen": one.chosen, "reason": one.reason}
        for one in verdicts
    ]
    return {"module": explanation.module, "kernels": explanation.kernels, "images": images}


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
