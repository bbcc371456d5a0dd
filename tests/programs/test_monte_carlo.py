"""Philox word for word, pi's darts one by one, an option's price against the same paths in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.programs.kernels import monte_carlo

Words = npt.NDArray[np.uint64]
LOW = np.uint64(0xFFFFFFFF)


def philox(counter: tuple[Any, Any, Any, Any], key: tuple[int, int]) -> tuple[Words, Words, Words, Words]:
    """Philox 4x32-10 on words held in u64."""
    c0, c1, c2, c3 = (np.asarray(word, np.uint64) for word in counter)
    for number in range(10):
        k0, k1 = ((key[n] + number * weyl) % 2**32 for n, weyl in enumerate((0x9E3779B9, 0xBB67AE85)))
        first, second = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1 = (second >> 32) ^ c1 ^ np.uint64(k0), second & LOW
        c2, c3 = (first >> 32) ^ c3 ^ np.uint64(k1), first & LOW
    return c0, c1, c2, c3


def words(samples: int, stream: int, seed: int) -> tuple[Words, Words, Words, Words]:
    """The words of the samples from 0 on."""
    return philox((np.arange(samples, dtype=np.uint64), 0, stream, 0), (seed % 2**32, seed >> 32))


def test_reference_gives_the_published_words() -> None:
    """The known answers of the generator's own distribution."""
    zeros, ones = philox((0, 0, 0, 0), (0, 0)), philox((2**32 - 1,) * 4, (2**32 - 1,) * 2)
    assert [int(word) for word in zeros] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert [int(word) for word in ones] == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


@pytest.mark.parametrize(("seed", "stream"), [(0, 0), (2**64 - 1, 7), (0x123456789ABCDEF0, 2**32 - 1)])
@pytest.mark.parametrize("count", [1, None])
def test_words(launch: Any, count: int | None, seed: int, stream: int) -> None:
    out = np.zeros((count or launch.size(5_003, 1_000_003), 4), np.uint32)
    launch(monte_carlo.fill, 8, 256, seed, stream, out)
    assert np.array_equal(out, np.stack(words(len(out), stream, seed), axis=1))


@pytest.mark.parametrize("samples", [1, 777, None])
def test_darts(launch: Any, samples: int | None) -> None:
    samples, hits, seed = samples or launch.size(50_001, 10_000_001), np.zeros(1, np.uint64), 2**40 + 11
    launch(monte_carlo.darts, 16, 128, seed, samples, hits)
    x, y, _, _ = words(samples, 0, seed)
    x, y = x >> np.uint64(1), y >> np.uint64(1)
    assert hits[0] == np.count_nonzero(x * x + y * y < np.uint64(2**62))
    if samples > 10_000:
        assert abs(4 * int(hits[0]) / samples - np.pi) < 6 * np.sqrt(2.7 / samples)


@pytest.mark.parametrize(("paths", "days"), [(1, 1), (2_500, 13), (None, 12)])
def test_asian_call(launch: Any, paths: int | None, days: int) -> None:
    paths, seed, payoffs = paths or launch.size(3_000, 300_000), 5, np.zeros(2)
    spot, strike, drift, step = 100.0, 95.0, 1e-4, 0.02
    launch(monte_carlo.asian_call, 5, monte_carlo.BLOCK, seed, paths, days, spot, strike, drift, step, payoffs)
    log_price, total = np.zeros(paths), np.zeros(paths)
    for day in range(days):
        first, second = ((word.astype(np.float64) + 0.5) * 2.0**-32 for word in words(paths, day // 2 * 2, seed)[:2])
        wave = np.sin if day % 2 else np.cos
        log_price += drift + step * np.sqrt(-2 * np.log(first)) * wave(2 * np.pi * second)
        total += np.exp(log_price)
    pays = np.maximum(spot * total / days - strike, 0)
    assert np.allclose(payoffs, [pays.sum(), (pays**2).sum()], rtol=1e-10)


def test_uniform(launch: Any) -> None:
    out = np.full(launch.size(4_001, 1_000_001), np.nan, np.float32)
    launch(monte_carlo.uniform, 4, 256, 3, out)
    assert np.array_equal(out, (words(len(out), 0, 3)[0] >> np.uint64(8)).astype(np.float64) * 2.0**-24)
