"""What a comparison says in words: pinned values and parts, not prose."""

import numpy as np
import pytest

from vaecluster.comparison import Compared, Comparison, Fit
from vaecluster.report.comparison.reading import GOOD, groups, reading, taken

ROWS = 240
THREE, HALVES = np.arange(ROWS) % 3, np.arange(ROWS) // 120
NOISE = np.random.default_rng(0).integers(0, 3, (9, ROWS))


def near(labels, wrong=6):
    return np.where(np.arange(ROWS) < wrong, 0, labels)


def comparison(number_from=None, **methods):
    """Methods with the labels of their fits, and how far apart their clusters are."""
    compared = []
    for name, (fits, apart) in methods.items():
        name = name.replace("_", "-")
        made = tuple(Fit(name, seed, labels, 1.0, 1.0) for seed, labels in enumerate(fits))
        finds = name in ("two-views", "leiden")
        compared.append(Compared(name, finds, made, (apart,) * len(fits), 0))
    seeds = tuple(range(len(compared[0].fits)))
    return Comparison(tuple(compared), seeds, ROWS, 3, number_from, {})


def test_methods_that_agree_in_pairs_are_a_group():
    found = comparison(
        kmeans=([HALVES, HALVES], 0.5), two_views=([THREE, near(THREE)], 0.9), vade=([near(THREE)] * 2, 0.9)
    )
    assert groups(found) == [["two-views", "vade"], ["kmeans"]]
    table = found.between("ari")
    assert table[1, 2] >= GOOD > table[0, 1]
    words = " ".join(reading(found))
    assert "two-views and vade find nearly the same clusters" in words
    assert "kmeans finds other clusters" in words


@pytest.mark.parametrize(
    ("methods", "chosen", "as_good"),
    [
        # All are as good: the simplest.
        ({"two_views": ([THREE] * 2, 0.9), "kmeans": ([THREE] * 2, 0.89)}, "kmeans", ("two-views",)),
        # The simplest is clearly worse.
        ({"two_views": ([THREE] * 2, 0.9), "kmeans": ([HALVES] * 2, 0.5)}, "two-views", ()),
        # The best apart does not come again.
        ({"two_views": ([THREE, HALVES], 0.9), "kmeans": ([HALVES] * 2, 0.5)}, "kmeans", ()),
        # What two agree on counts more than what one finds.
        (
            {"leiden": ([HALVES] * 2, 0.95), "two_views": ([THREE] * 2, 0.9), "vade": ([THREE] * 2, 0.9)},
            "vade",
            ("two-views",),
        ),
        # With one seed nothing is known of repetition.
        ({"two_views": ([THREE], 0.9), "kmeans": ([HALVES], 0.5)}, "two-views", ()),
        # None comes again.
        ({"kmeans": (NOISE[:2], 0.1), "vade": (NOISE[2:4], 0.2)}, "vade", ()),
    ],
)
def test_the_simplest_of_the_best_is_taken(methods, chosen, as_good):
    found = taken(comparison(**methods))
    assert (found.method.name, found.as_good) == (chosen, as_good)
    assert f"If one is to be taken: {chosen}." in reading(comparison(**methods))[-1]


def test_where_there_is_one_cluster_there_is_nothing_to_take():
    one = [np.zeros(ROWS, dtype=np.intp)] * 2
    found = comparison(two_views=(one, None), kmeans=(one, None))
    assert taken(found) is None
    assert "none to take" in reading(found)[-1]


@pytest.mark.parametrize(
    ("found", "parts"),
    [
        (comparison(kmeans=([THREE] * 2, 0.9)), ["3 clusters were asked for"]),
        (
            comparison("two-views", two_views=([THREE] * 2, 0.9), kmeans=([THREE] * 2, 0.9)),
            ["two-views found 3 clusters, and kmeans was given that number", "All methods find nearly the same"],
        ),
        (
            comparison(
                "two-views", two_views=([THREE, HALVES], 0.9), kmeans=([THREE] * 2, 0.9), vade=([THREE] * 2, 0)
            ),
            ["two-views found 2 to 3 clusters, and kmeans and vade were given 3", "With another seed two-views ("],
        ),
        (
            comparison("two-views", two_views=([THREE] * 2, 0.9), leiden=([HALVES] * 2, 0.9)),
            ["leiden found its own", "No two methods find nearly the same"],
        ),
        (comparison(kmeans=([THREE], 0.9), vade=([THREE], 0.9)), ["With one seed", "give more seeds"]),
        (
            comparison(kmeans=([THREE] * 2, 0.9), vade=([THREE] * 2, 0.9)),
            ["vade is as good", "For probabilities, codes, new rows or outliers take vade"],
        ),
    ],
)
def test_what_is_said(found, parts):
    words = " ".join(reading(found))
    assert [part for part in parts if part not in words] == [], words
