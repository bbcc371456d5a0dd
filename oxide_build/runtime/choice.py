"""Which image of a kernel module a GPU gets, and why.

In: the images that are shipped, a compute capability, a driver's CUDA release. Out: a verdict on every image. Its own
room because this is a pure function, which `oxide-build explain`, `print(kernel)` and the tests ask without a GPU.

NVIDIA's rules, which the tests hold against a second reading of them: PTX of a plain target runs on that compute
capability and all newer ones, of an `a` target on exactly that one, of an `f` target on its family from there on. A
cubin is machine code: of a plain target it runs on the same major and an equal or higher minor capability. Tegra chips
run only cubins of their own. A driver reads what its CUDA release or an older one brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from oxide_build.errors import LoadError, NoCompatibleImageError
from oxide_build.manifest import Artifact
from oxide_build.records import dataclass

FORCE = "OXIDE_FORCE_TARGET"

Version = tuple[int, int]

_TEGRA = frozenset({(8, 7), (8, 8), (10, 1), (11, 0)})
"""Compute capabilities of embedded chips, whose machine code is theirs alone."""

_THOR = 10, 1
"""What drivers before CUDA 13 call compute capability 11.0, whose family it is of."""

_BRANCHES: Mapping[Version, int] = {
    (11, 0): 450,
    (11, 8): 520,
    (12, 0): 525,
    (12, 1): 530,
    (12, 2): 535,
    (12, 3): 545,
    (12, 4): 550,
    (12, 5): 555,
    (12, 6): 560,
    (12, 7): 565,
    (12, 8): 570,
    (12, 9): 575,
    (13, 0): 580,
    (13, 1): 590,
}
"""The driver branch that came with each CUDA release, as `nvidia-smi` shows it."""


@dataclass(frozen=True)
class Verdict:
    """What the choice says of one image: `reason` is why it was chosen, or why not."""

    artifact: Artifact
    chosen: bool
    reason: str

    def __str__(self) -> str:
        return f"{_named(self.artifact)}: {'chosen, ' * self.chosen}{self.reason}"


@dataclass(frozen=True)
class Choice:
    """The verdict on each image, in the manifest's order, for one compute capability and driver."""

    verdicts: tuple[Verdict, ...]
    capability: Version
    driver: Version

    @property
    def artifact(self) -> Artifact | None:
        """The chosen image, or None."""
        return next((verdict.artifact for verdict in self.verdicts if verdict.chosen), None)

    def __str__(self) -> str:
        return "\n".join(map(str, self.verdicts))

    def required(self) -> Artifact:
        """The chosen image. Raises NoCompatibleImageError, with every verdict and how to get an image that runs."""
        if self.artifact is not None:
            return self.artifact
        listed = "".join(f"\n  {verdict}" for verdict in self.verdicts) or "\n  (none)"
        raise NoCompatibleImageError(
            f"no image for this GPU of compute capability {_dotted(self.capability)} with a driver for CUDA "
            f"{_dotted(self.driver)}; the package ships{listed}",
            help=self._remedy(),
        )

    def _remedy(self) -> str:
        fitting = [v.artifact for v in self.verdicts if _rank(v.artifact, self.capability) is not None]
        if fitting:
            least = min(_version(artifact.driver) for artifact in fitting)
            branch = f", which is branch {_BRANCHES[least]}" if least in _BRANCHES else ""
            return f"upgrade the NVIDIA driver to one for CUDA {_dotted(least)} or newer{branch}"
        major, minor = self.capability
        return f'add "sm_{major}{minor}" to targets under [tool.oxide] and rebuild the package'


def choose(
    artifacts: Iterable[Artifact],
    capability: Version,
    driver: Version | str,
    force: str | None = None,
    refused: Mapping[str, str] = MappingProxyType({}),
) -> Choice:
    """Say of every image whether it is the one to load, and why.

    `capability` is the GPU's, `(9, 0)`; `driver` the CUDA release its driver is for, `(12, 8)` or `"12.8"`. The best
    that runs wins: machine code before PTX, then one for exactly this GPU (`sm_90a`), then one for its family
    (`sm_100f`), then the highest plain one; an image the driver is too old for gives way to the next. `force` names a
    target to load regardless. `refused` has the files that the driver did not take after all, and its reasons.
    """
    images = tuple(artifacts)
    release = _version(driver) if isinstance(driver, str) else driver
    if force is not None:
        forced = [image for image in images if image.target == force]
        best = max(forced, key=lambda image: image.kind == "cubin", default=None)
    else:
        usable = [image for image in images if _obstacle(image, capability, release, refused) is None]
        best = max(usable, key=lambda image: _rank(image, capability) or (), default=None)
    reason = f"{FORCE} asks for {force}" if force is not None else None
    obstacles = (_obstacle(image, capability, release, refused) for image in images)
    reasons = (reason or obstacle or _merit(image, best) for image, obstacle in zip(images, obstacles, strict=True))
    verdicts = (Verdict(image, image is best, words) for image, words in zip(images, reasons, strict=True))
    return Choice(tuple(verdicts), capability, release)


def _merit(image: Artifact, best: Artifact | None) -> str:
    """What is said of an image that runs."""
    return "the best that runs here" if best in (None, image) else f"runs here, {_named(best)} is better"


def _obstacle(image: Artifact, capability: Version, driver: Version, refused: Mapping[str, str]) -> str | None:
    """Why this image cannot run, or None."""
    if _rank(image, capability) is None:
        return f"runs on {_range(image)}, this GPU is {_dotted(capability)}"
    if _version(image.driver) > driver:
        return f"needs a driver for CUDA {image.driver}, this one is for {_dotted(driver)}"
    return refused.get(image.file)


def _rank(image: Artifact, capability: Version) -> tuple[bool, int, Version] | None:
    """How well an image fits, larger is better; None when it does not run at all."""
    least, suffix = _parse(image.target)
    is_code = image.kind == "cubin"
    fits = {
        "a": capability == least,
        "f": _family(capability) == _family(least) and capability >= least,
        "": _runs_code(least, capability) if is_code else capability >= least,
    }[suffix]
    return (is_code, ("", "f", "a").index(suffix), least) if fits else None


def _family(capability: Version) -> int:
    return 11 if capability == _THOR else capability[0]


def _runs_code(least: Version, capability: Version) -> bool:
    if least in _TEGRA or capability in _TEGRA:
        return capability == least
    return capability[0] == least[0] and capability >= least


def _range(image: Artifact) -> str:
    least, suffix = _parse(image.target)
    of_major = "{} only" if least in _TEGRA else f"{{}} to {least[0]}.9"
    plain = of_major if image.kind == "cubin" else "{} and newer"
    words = {"a": "compute capability {} only", "f": "the family of {} from there on", "": plain}
    return words[suffix].format(_dotted(least))


def _named(image: Artifact) -> str:
    return f"{image.target} cubin" if image.kind == "cubin" else image.target


def number(target: str) -> int:
    """The least GPU that a target's image runs on, 90 for sm_90a: ten times the compute capability."""
    (major, minor), _ = _parse(target)
    return 10 * major + minor


def _parse(target: str) -> tuple[Version, str]:
    head, digits = target[:3], target[3:].rstrip("af")
    suffix = target[3 + len(digits) :]
    if head != "sm_" or not digits.isdecimal() or len(digits) < 2 or suffix not in ("", "a", "f"):
        raise LoadError(f"the manifest names a target {target!r}", help="rebuild the package, or upgrade oxide-build")
    return (int(digits[:-1]), int(digits[-1])), suffix


def _version(text: str) -> Version:
    major, minor = text.split(".")
    return int(major), int(minor)


def _dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
