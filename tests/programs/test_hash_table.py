"""Counting and looking up keys against `np.unique`, in tables with room, full ones and too small ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.programs.kernels import hash_table


def table(capacity: int) -> tuple[Any, Any]:
    return np.full(capacity, hash_table.FREE, np.uint32), np.zeros(capacity, np.int32)


def count(launch: Any, keys: Any, slots: Any, counts: Any) -> int:
    """Counts every key in place; gives how many were refused."""
    refused = np.zeros(1, np.int32)
    launch(hash_table.count, 16, 128, keys, slots, counts, refused)
    return int(refused[0])


def look_up(launch: Any, keys: Any, slots: Any, counts: Any) -> Any:
    found = np.full(len(keys), -9, np.int32)
    launch(hash_table.look_up, 16, 128, keys, slots, counts, found)
    return found


@pytest.mark.parametrize(("size", "distinct", "capacity"), [(1, 1, 1), (3_000, 700, 1024), (None, None, None)])
def test_counts(launch: Any, size: int | None, distinct: int | None, capacity: int | None) -> None:
    size = size or launch.size(6_000, 1_000_003)
    distinct, capacity = distinct or size // 2, capacity or 1 << size.bit_length()
    rng = np.random.default_rng(8)
    some = rng.choice(2**32 - 1, distinct * 2, replace=False).astype(np.uint32)
    keys, strangers = rng.choice(some[:distinct], size), some[distinct:]
    slots, counts = table(capacity)
    assert count(launch, keys, slots, counts) == 0
    known, often = np.unique(keys, return_counts=True)
    taken = slots != hash_table.FREE
    order = np.argsort(slots[taken])
    assert np.array_equal(slots[taken][order], known)
    assert np.array_equal(counts[taken][order], often)
    assert np.array_equal(look_up(launch, known, slots, counts), often)
    assert (look_up(launch, strangers, slots, counts) == hash_table.ABSENT).all()


def test_a_table_with_every_slot_taken(launch: Any) -> None:
    keys = np.arange(64, dtype=np.uint32)
    slots, counts = table(64)
    assert count(launch, np.concatenate([keys, keys]), slots, counts) == 0
    assert (look_up(launch, keys, slots, counts) == 2).all()
    assert look_up(launch, np.array([64], np.uint32), slots, counts).tolist() == [hash_table.ABSENT]


def test_a_table_too_small_refuses_the_rest(launch: Any) -> None:
    slots, counts = table(16)
    assert count(launch, np.arange(50, dtype=np.uint32), slots, counts) == 34
    assert counts.tolist() == [1] * 16


def test_no_keys(launch: Any) -> None:
    slots, counts = table(8)
    keys = np.zeros(0, np.uint32)
    assert count(launch, keys, slots, counts) == 0
    assert look_up(launch, keys, slots, counts).size == 0
    assert (slots == hash_table.FREE).all()
