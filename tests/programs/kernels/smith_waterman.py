"""Local alignment of sequences by Smith and Waterman, along anti-diagonals.

A cell of the score matrix needs its left, upper and upper-left neighbours, which lie on the two anti-diagonals before
its own: the cells of one are independent. `score_diagonal` fills a whole matrix, a launch an anti-diagonal, for one
long pair and a traceback. `best_scores` keeps three anti-diagonals in shared memory, a block a pair, with Gotoh's
affine gaps.
"""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, MutSlice, MutSlice2D, Slice, Slice2D, i32, u8

BLOCK = 64
LONGEST = 255
CELLS = LONGEST + 1
LOWEST = -(2**30)


@gpu.device
def substitution(a: u8, b: u8, match: i32, mismatch: i32) -> i32:
    """What it scores to align two letters."""
    return match if a == b else mismatch


@gpu.kernel
def score_diagonal(
    diagonal: i32, match: i32, mismatch: i32, gap: i32, a: Slice[u8], b: Slice[u8], scores: MutSlice2D[i32]
) -> None:
    """scores[i, j] for i + j == diagonal, where the earlier diagonals are done; row and column 0 hold zeros."""
    gpu.require(scores.shape[0] == len(a) + 1 and scores.shape[1] == len(b) + 1)
    i = gpu.index_1d() + max(1, diagonal - len(b))
    j = diagonal - i
    if i > len(a) or j < 1:
        return
    aligned = scores[i - 1, j - 1] + substitution(a[i - 1], b[j - 1], match, mismatch)
    gapped = max(scores[i - 1, j], scores[i, j - 1]) + gap
    scores[i, j] = max(0, aligned, gapped)


@gpu.kernel(block=BLOCK)
def best_scores(
    match: i32,
    mismatch: i32,
    gap_open: i32,
    gap_extend: i32,
    a: Slice2D[u8],
    a_lengths: Slice[i32],
    b: Slice2D[u8],
    b_lengths: Slice[i32],
    best: MutSlice[i32],
) -> None:
    """best[p] = the score of the best local alignment of the first letters of a[p] and b[p]; a block a pair.

    A gap of n letters scores gap_open + (n - 1) * gap_extend; both are negative.
    """
    gpu.require(a.shape[0] == len(best) and b.shape[0] == len(best) and a.shape[1] <= LONGEST)
    gpu.require(len(a_lengths) == len(best) and len(b_lengths) == len(best))
    scores = gpu.shared_array((3, CELLS), i32)
    a_gaps = gpu.shared_array((2, CELLS), i32)
    b_gaps = gpu.shared_array((2, CELLS), i32)
    highest = gpu.shared_array(1, i32)
    pair, thread = gpu.block_idx.x, gpu.thread_idx.x
    if pair >= len(best):
        return
    rows, cols = a_lengths[pair], b_lengths[pair]
    for i in range(thread, CELLS, BLOCK):
        for k in gpu.static_range(3):
            scores[k, i] = 0
        for k in gpu.static_range(2):
            a_gaps[k, i] = LOWEST
            b_gaps[k, i] = LOWEST
    if thread == 0:
        highest[0] = 0
    gpu.sync_threads()
    found = 0
    for diagonal in range(2, rows + cols + 1):
        now, before, earlier = diagonal % 3, (diagonal - 1) % 3, (diagonal - 2) % 3
        gaps_now, gaps_before = diagonal % 2, (diagonal - 1) % 2
        for i in range(max(1, diagonal - cols) + thread, min(rows, diagonal - 1) + 1, BLOCK):
            j = diagonal - i
            a_gap = max(scores[before, i] + gap_open, a_gaps[gaps_before, i] + gap_extend)
            b_gap = max(scores[before, i - 1] + gap_open, b_gaps[gaps_before, i - 1] + gap_extend)
            aligned = scores[earlier, i - 1] + substitution(a[pair, i - 1], b[pair, j - 1], match, mismatch)
            score = max(0, aligned, a_gap, b_gap)
            scores[now, i], a_gaps[gaps_now, i], b_gaps[gaps_now, i] = score, a_gap, b_gap
            found = max(found, score)
        if thread == 0 and diagonal <= rows:
            scores[now, diagonal] = 0
            a_gaps[gaps_now, diagonal] = LOWEST
        gpu.sync_threads()
    gpu.atomic_max(highest, 0, found)
    gpu.sync_threads()
    if thread == 0:
        best[pair] = highest[0]


@gpu.kernel
def row_bests(scores: Slice2D[i32], best: DisjointSlice[i32]) -> None:
    """best[i] = the highest score of row i."""
    gpu.require(scores.shape[0] == len(best))
    i = gpu.index_1d()
    if i < len(best):
        highest = 0
        for j in range(scores.shape[1]):
            highest = max(highest, scores[i, j])
        best[i] = highest
