"""Levels of every vertex against a search in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from oxide_build.gpu import Kernel
from tests.programs.conftest import Launcher
from tests.programs.kernels import bfs

BLOCK = 128
Graph = tuple[np.ndarray, np.ndarray]


def search(launch: Launcher, kernel: Kernel, threads: int, graph: Graph, source: int) -> np.ndarray:
    """Launch a level at a time until a frontier stays empty; `threads` work on each vertex."""
    vertices = len(graph[0]) - 1
    levels = np.full(vertices, bfs.UNSEEN, np.int32)
    levels[source] = 0
    frontier = np.full(vertices, source, np.int32)
    size, level = 1, 0
    while size > 0:
        level += 1
        found, found_size = np.zeros(vertices, np.int32), np.zeros(1, np.int32)
        blocks = -(-size * threads // BLOCK)
        launch(kernel, blocks, BLOCK, *graph, level, frontier, size, levels, found, found_size)
        frontier, size = found, int(found_size[0])
    return levels


def expected_levels(graph: Graph, source: int) -> np.ndarray:
    starts, targets = graph[0].tolist(), graph[1].tolist()
    levels = [bfs.UNSEEN] * (len(starts) - 1)
    levels[source] = 0
    frontier = [source]
    while frontier:
        found = []
        for vertex in frontier:
            for target in targets[starts[vertex] : starts[vertex + 1]]:
                if levels[target] == bfs.UNSEEN:
                    levels[target] = levels[vertex] + 1
                    found.append(target)
        frontier = found
    return np.array(levels)


def compressed(sources: np.ndarray, targets: np.ndarray, vertices: int) -> Graph:
    lengths = np.bincount(sources, minlength=vertices)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return starts, targets[np.argsort(sources, kind="stable")].astype(np.int32)


def random_graph(vertices: int, edges: int) -> Graph:
    """Edges anywhere, a vertex with many of them, and some that nothing leads to."""
    random = np.random.default_rng(vertices)
    sources, targets = random.integers(0, vertices, (2, edges))
    sources[: edges // 10] = vertices // 2
    return compressed(sources, targets, vertices)


def path(vertices: int) -> Graph:
    along = np.arange(vertices - 1)
    return compressed(along, along + 1, vertices)


KERNELS = pytest.mark.parametrize(("kernel", "threads"), [(bfs.expand, 1), (bfs.expand_by_warps, 32)])
GRAPHS = {
    "alone": random_graph(1, 0),
    "loops": compressed(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), 3),
    "path": path(40),
    "sparse": random_graph(1000, 1500),
    "dense": random_graph(257, 6000),
}


@KERNELS
@pytest.mark.parametrize("name", GRAPHS)
def test_levels(launch: Launcher, kernel: Kernel, threads: int, name: str) -> None:
    found = search(launch, kernel, threads, GRAPHS[name], 0)
    np.testing.assert_array_equal(found, expected_levels(GRAPHS[name], 0))


@KERNELS
def test_levels_of_a_large_graph(launch: Launcher, kernel: Kernel, threads: int) -> None:
    vertices = launch.size(10_000, 2**20)
    graph = random_graph(vertices, 4 * vertices)
    source = vertices // 2
    np.testing.assert_array_equal(search(launch, kernel, threads, graph, source), expected_levels(graph, source))
