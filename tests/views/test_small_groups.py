"""Small groups that are clearly apart are seen, whatever their size and number; nothing else is taken for some."""

from math import inf

import numpy as np
import pytest
from numpy.typing import NDArray

from vaecluster.views.small_groups import small_group

GROUPS = 80
DRAWN = np.random.default_rng(0)
# Sizes of the groups, and columns.
SIZES = {
    "40 of five": ([5] * 40, 10),
    "80 of twelve": ([12] * 80, 10),
    "50 of three": ([3] * 50, 10),
    "three to eight": (DRAWN.integers(3, 9, 40).tolist(), 10),
    "two of four": ([4, 4], 3),
}
NO_GROUPS = {
    "normal": DRAWN.normal(size=(300, 2)),
    "normal, many columns": DRAWN.normal(size=(300, 50)),
    "uniform, one column": DRAWN.uniform(size=(100, 1)),
    "a grid": np.arange(100.0)[:, None],
    "a ring": np.stack([np.cos(np.arange(60) / 9.55), np.sin(np.arange(60) / 9.55)], 1),
    "all the same": np.zeros((50, 3)),
    "copies": np.repeat(DRAWN.normal(size=(50, 4)), 5, 0),
    "pairs": np.repeat(DRAWN.normal(size=(50, 10)), 2, 0) + 1e-3 * DRAWN.normal(size=(100, 10)),
    "three large clusters": np.repeat(100 * np.eye(3), 50, 0) + DRAWN.normal(size=(150, 3)),
    "three rows": DRAWN.normal(size=(3, 2)),
    "one row": np.zeros((1, 2)),
}


def grouped(name: str, spread: float = 1.0) -> tuple[NDArray[np.float32], list[int]]:
    sizes, columns = SIZES[name]
    draw = np.random.default_rng(1)
    centers = draw.uniform(-10, 10, (len(sizes), columns))
    rows = np.repeat(centers, sizes, 0) + spread * draw.normal(size=(sum(sizes), columns))
    return rows.astype(np.float32), sizes


@pytest.mark.parametrize("spread", [1.0, 1e-5])
@pytest.mark.parametrize("name", SIZES)
def test_the_size_of_small_groups_is_that_of_a_smaller_one(name: str, spread: float) -> None:
    rows, sizes = grouped(name, spread)
    smaller = np.quantile(np.repeat(sizes, sizes), 0.25)
    assert small_group(rows, GROUPS) == pytest.approx(smaller, abs=0 if len(set(sizes)) == 1 else 1)


@pytest.mark.parametrize("name", NO_GROUPS)
def test_rows_without_small_groups_have_none(name: str) -> None:
    assert small_group(NO_GROUPS[name].astype(np.float32), GROUPS) == inf


@pytest.mark.parametrize("away", [6.0, 20.0])
@pytest.mark.parametrize(("kinds", "groups", "each"), [(4, 10, 4), (3, 7, 3), (5, 12, 5), (3, 5, 4), (2, 15, 10)])
def test_groups_of_larger_kinds_that_are_apart_are_none(kinds: int, groups: int, each: int, away: float) -> None:
    draw = np.random.default_rng(0)
    samples = draw.normal(size=(kinds, groups, 10))
    repeated = np.repeat(samples, each, 1) + 0.15 * draw.normal(size=(kinds, groups * each, 10))
    assert small_group(repeated.reshape(-1, 10).astype(np.float32), GROUPS) == each
    of_kinds = repeated + away * np.eye(10)[:kinds, None]
    assert small_group(of_kinds.reshape(-1, 10).astype(np.float32), GROUPS) == inf


def test_groups_are_seen_if_most_rows_are_in_one_and_there_are_not_too_many() -> None:
    rows, _ = grouped("40 of five")
    assert small_group(rows, 40) == 5
    assert small_group(rows, 39) == inf
    others = DRAWN.normal(size=(300, 10)).astype(np.float32)
    assert small_group(np.concatenate([rows, others[:150]]), GROUPS) == 5
    assert small_group(np.concatenate([rows, others]), GROUPS) == inf
