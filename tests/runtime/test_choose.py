"""The choice of an image: a pure function, held against a plain reading of the rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxide_build.errors import LoadError, NoCompatibleImageError
from oxide_build.manifest import Artifact
from oxide_build.runtime.choice import choose

Image = Callable[[str, str], Artifact]

NUMBERS = ["75", "80", "86", "87", "89", "90", "100", "103", "110", "120", "121"]
DRIVERS = ["11.0", "11.8", "12.0", "12.8", "12.9", "13.0"]
CAPABILITIES = [(7, 5), (8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (10, 3), (11, 0), (12, 0), (12, 1)]


def version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def best_by_hand(images: list[Artifact], capability: tuple[int, int], driver: tuple[int, int]) -> str | None:
    """The rules of the design, read aloud: exact `a`, then family `f`, then the highest plain one."""
    readable = {image.target for image in images if version(image.driver) <= driver}
    major, minor = capability
    wanted = [f"sm_{major}{minor}a"]
    wanted += [f"sm_{major}{lower}f" for lower in range(minor, -1, -1)]
    wanted += [f"sm_{number // 10}{number % 10}" for number in range(major * 10 + minor, 0, -1)]
    return next((target for target in wanted if target in readable), None)


shipments = st.lists(
    st.builds(
        lambda number, suffix, driver: Artifact(f"sm_{number}{suffix}", "ptx", "f", "7.0", driver, "", 0),
        st.sampled_from(NUMBERS),
        st.sampled_from(["", "a", "f"]),
        st.sampled_from(DRIVERS),
    ),
    unique_by=lambda image: image.target,
    max_size=12,
)


@given(shipments, st.sampled_from(CAPABILITIES), st.sampled_from(DRIVERS))
def test_the_choice_is_the_one_the_rules_name(images: list[Artifact], capability: tuple[int, int], driver: str) -> None:
    choice = choose(images, capability, driver)
    assert (choice.artifact.target if choice.artifact else None) == best_by_hand(images, capability, version(driver))
    assert [verdict.artifact for verdict in choice.verdicts] == images
    assert sum(verdict.chosen for verdict in choice.verdicts) == (choice.artifact is not None)
    assert all(verdict.reason for verdict in choice.verdicts)
    assert choice == choose(images, capability, version(driver))


def test_every_image_has_its_reason(image: Image) -> None:
    images = [
        image("sm_80", "11.0"),
        image("sm_90", "11.8"),
        image("sm_90a", "12.9"),
        image("sm_100f", "12.9"),
        image("sm_103a", "12.9"),
        image("sm_120", "12.8"),
    ]
    assert [str(verdict) for verdict in choose(images, (9, 0), "12.8").verdicts] == [
        "sm_80: runs here, sm_90 is better",
        "sm_90: chosen, the best that runs here",
        "sm_90a: needs a driver for CUDA 12.9, this one is for 12.8",
        "sm_100f: runs on the family of 10.0 from there on, this GPU is 9.0",
        "sm_103a: runs on compute capability 10.3 only, this GPU is 9.0",
        "sm_120: runs on 12.0 and newer, this GPU is 9.0",
    ]


def test_no_image_for_an_old_gpu(image: Image) -> None:
    with pytest.raises(NoCompatibleImageError) as caught:
        choose([image("sm_90", "11.8"), image("sm_90a", "12.0")], (8, 6), (12, 4)).required()
    assert str(caught.value) == (
        "no image for this GPU of compute capability 8.6 with a driver for CUDA 12.4; the package ships\n"
        "  sm_90: runs on 9.0 and newer, this GPU is 8.6\n"
        "  sm_90a: runs on compute capability 9.0 only, this GPU is 8.6\n"
        '  help: add "sm_86" to targets under [tool.oxide] and rebuild the package'
    )


def test_no_image_for_an_old_driver(image: Image) -> None:
    with pytest.raises(NoCompatibleImageError, match=r"upgrade the NVIDIA driver to one for CUDA 12\.8 or newer"):
        choose([image("sm_120", "12.8"), image("sm_120f", "12.9")], (12, 0), "12.6").required()


def test_no_images_at_all() -> None:
    with pytest.raises(NoCompatibleImageError, match=r"\(none\)"):
        choose([], (12, 0), "12.6").required()


def test_a_forced_target_wins_whatever_fits(image: Image) -> None:
    choice = choose([image("sm_80", "11.0"), image("sm_120", "12.8")], (9, 0), "12.8", force="sm_120")
    assert [verdict.chosen for verdict in choice.verdicts] == [False, True]
    assert choice.verdicts[0].reason == "OXIDE_FORCE_TARGET asks for sm_120"


def test_a_target_nobody_knows(image: Image) -> None:
    with pytest.raises(LoadError, match="names a target 'gfx90'"):
        choose([image("gfx90", "11.0")], (9, 0), "12.8")
