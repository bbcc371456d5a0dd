"""Alignment scores against the recurrences in plain Python, cell by cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.programs.kernels import smith_waterman

MATCH, MISMATCH, GAP_OPEN, GAP_EXTEND = 3, -2, -5, -1


def letters(rng: np.random.Generator, *shape: int) -> Any:
    return rng.integers(0, 4, shape, np.uint8)


def related(rng: np.random.Generator, sequence: Any) -> Any:
    """The sequence with a tenth of its letters changed and a piece left out."""
    changed = np.where(rng.random(len(sequence)) < 0.1, letters(rng, len(sequence)), sequence)
    cut = len(changed) // 3
    return np.concatenate([changed[:cut], changed[cut + len(changed) // 20 :]])


def scores_of(a: Any, b: Any, gap: int) -> Any:
    """The score matrix with gaps of one price, an anti-diagonal at a time."""
    scores = np.zeros((len(a) + 1, len(b) + 1), np.int32)
    for diagonal in range(2, len(a) + len(b) + 1):
        i = np.arange(max(1, diagonal - len(b)), min(len(a), diagonal - 1) + 1)
        j = diagonal - i
        aligned = scores[i - 1, j - 1] + np.where(a[i - 1] == b[j - 1], MATCH, MISMATCH)
        scores[i, j] = np.maximum(0, np.maximum(aligned, np.maximum(scores[i - 1, j], scores[i, j - 1]) + gap))
    return scores


def best_affine(a: Any, b: Any) -> int:
    """The best score with affine gaps, cell by cell."""
    never = -(10**9)
    above, above_gaps, best = [0] * (len(b) + 1), [never] * (len(b) + 1), 0
    for letter in a.tolist():
        row, gap = [0], never
        for j, other in enumerate(b.tolist(), 1):
            gap = max(row[j - 1] + GAP_OPEN, gap + GAP_EXTEND)
            above_gaps[j] = max(above[j] + GAP_OPEN, above_gaps[j] + GAP_EXTEND)
            row.append(max(0, above[j - 1] + (MATCH if letter == other else MISMATCH), gap, above_gaps[j]))
        above, best = row, max(best, *row)
    return best


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 40), (50, 3), (None, None)])
def test_one_pair(launch: Any, rows: int | None, cols: int | None) -> None:
    rng = np.random.default_rng(4)
    a = letters(rng, rows or launch.size(90, 700))
    b = letters(rng, cols) if cols else related(rng, a)
    scores, best = np.zeros((len(a) + 1, len(b) + 1), np.int32), np.full(len(a) + 1, -1, np.int32)
    blocks = -(-min(len(a), len(b)) // 128)
    for diagonal in range(2, len(a) + len(b) + 1):
        launch(smith_waterman.score_diagonal, blocks, 128, diagonal, MATCH, MISMATCH, -4, a, b, scores)
    assert np.array_equal(scores, scores_of(a, b, -4))
    launch(smith_waterman.row_bests, -(-len(best) // 128), 128, scores, best)
    assert np.array_equal(best, scores.max(axis=1))


def test_many_pairs(launch: Any) -> None:
    rng, pairs = np.random.default_rng(5), launch.size(12, 200)
    a, b = (letters(rng, pairs, smith_waterman.LONGEST) for _ in range(2))
    longest = launch.size(80, smith_waterman.LONGEST)
    a_lengths, b_lengths = (rng.integers(0, longest + 1, pairs).astype(np.int32) for _ in range(2))
    a_lengths[:3], b_lengths[:3] = (0, 1, longest), (longest, 1, longest)
    for pair in range(0, pairs, 2):
        copy = related(rng, a[pair])
        b[pair, : len(copy)] = copy
    best = np.full(pairs, -1, np.int32)
    prices = MATCH, MISMATCH, GAP_OPEN, GAP_EXTEND
    launch(smith_waterman.best_scores, pairs, smith_waterman.BLOCK, *prices, a, a_lengths, b, b_lengths, best)
    expected = [best_affine(a[n, : a_lengths[n]], b[n, : b_lengths[n]]) for n in range(pairs)]
    assert best.tolist() == expected
