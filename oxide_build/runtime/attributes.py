"""What a launch asks for beyond its geometry and stream, and what of that a GPU is told.

In: the caller's wishes, the kernel, the image that is loaded. Out: the driver's attributes of the launch, by our names;
or a LaunchError for those that would race or that the GPU does not have. Its own room because launches without any are
the common ones, and never come here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from oxide_build.errors import LaunchError
from oxide_build.manifest import OVERLAPPING_KERNELS, Artifact, Kernel
from oxide_build.records import dataclass
from oxide_build.runtime import device
from oxide_build.runtime.choice import number


@dataclass(frozen=True)
class LaunchAttributes:
    """A launch's wishes.

    `programmatic`: the kernel may start while the one before it on the stream still runs, as that one allows.
    `priority`: as streams have it, lower numbers go first; None for the stream's own.
    """

    programmatic: bool = False
    priority: int | None = None

    def __post_init__(self) -> None:
        """Raise LaunchError for a priority that is no number: True is equal to 1, and would pass for it later."""
        if self.priority is not None and type(self.priority) is not int:
            raise LaunchError(
                f"a launch's priority is {self.priority!r}", help="give it as an int; lower numbers go first"
            )

    def check(self, kernel: Kernel) -> None:
        """Raise LaunchError where a launch of `kernel` would race with the kernel before it, on whatever GPU."""
        if self.programmatic and not kernel.waits_for_previous:
            raise LaunchError(
                f"{kernel.name} cannot be launched with programmatic=True: not all of its threads wait for the kernel "
                "before it, so they would race with that",
                help="launch it without, or call gpu.wait_for_previous_kernel() in it outside of any condition, before "
                "it touches what the kernel before it reads or writes",
            )

    def settled(self, image: Artifact, ordinal: int, words: Callable[[], str]) -> Mapping[str, int]:
        """The attributes for the GPU of the current context. Raises LaunchError for a priority that it has not.

        Kernels of images for older GPUs hold no wait, so are launched without overlap.
        """
        overlaps = self.programmatic and number(image.target) >= OVERLAPPING_KERNELS
        if self.priority is not None:
            _check_priority(self.priority, ordinal, words)
        return {
            **({"programmatic": 1} if overlaps else {}),
            **({} if self.priority is None else {"priority": self.priority}),
        }


def _check_priority(priority: int, ordinal: int, words: Callable[[], str]) -> None:
    last, first = device.priorities(ordinal)
    if not first <= priority <= last:
        raise LaunchError(
            f"{words()}: priority is {priority}, and GPU {ordinal} has {first} to {last}",
            help=f"give one of these; {first} goes first",
        )
