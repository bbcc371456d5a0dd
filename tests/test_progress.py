"""What a build tells, as lines."""

from __future__ import annotations

from oxide_build.progress import Event, Finished, Made, Noted, Skipped, Started, plain_lines


def lines(*events: Event) -> list[str]:
    told: list[str] = []
    listener = plain_lines(told.append)
    for event in events:
        listener(event)
    return told


def test_a_line_an_image_and_a_summary() -> None:
    assert lines(
        Started(images=3, modules=2),
        Made("plain.kernels.vector", "", "sm_80", "ptx", 0.0, 1200, cached=True),
        Made("plain.kernels.vector", "", "sm_80", "cubin", 0.123, 7000),
        Made("plain.kernels.scan", "scan_f32", "sm_80", "ptx", 1.0, 900),
        Finished(images=3, cached=1, modules=2, size=10_000, seconds=1.5),
    ) == [
        "[oxide 1/3] vector -> sm_80  cached  1.2 kB",
        "[oxide 2/3] vector -> sm_80 cubin  0.12 s  7.0 kB",
        "[oxide 3/3] scan.scan_f32 -> sm_80  1.00 s  0.9 kB",
        "[oxide] 3 images (1 cached) of 2 kernel modules, 10.0 kB in all, 1.50 s",
    ]


def test_what_is_skipped_is_told_once_a_reason_and_no_longer_counted() -> None:
    assert lines(
        Started(images=4, modules=1),
        Skipped("plain.kernels.vector", 1, "no clusters"),
        Skipped("plain.kernels.vector", 1, "no clusters"),
        Skipped("plain.kernels.vector", 1, "no tensor cores"),
        Made("plain.kernels.vector", "", "sm_90", "ptx", 0.5, 100),
    ) == [
        "[oxide] skipped an image of vector: no clusters",
        "[oxide] skipped an image of vector: no tensor cores",
        "[oxide 1/1] vector -> sm_90  0.50 s  0.1 kB",
    ]


def test_notes_are_lines_as_they_are() -> None:
    assert lines(Noted("a.py:1:2: warning: x")) == ["a.py:1:2: warning: x"]
