import numpy as np
import pytest
import torch

from builders import learned, quiet, tiny
from vaecluster.data.given import source_of
from vaecluster.data.rows import Rows
from vaecluster.inference.answers import Assigned
from vaecluster.inference.touching import touching
from vaecluster.views.neighbours import Neighbours

pytestmark = quiet
RANDOM = np.random.default_rng(0)
# Two halves of one cloud, and another cloud far away.
CLOUDS = np.concatenate([RANDOM.normal(size=(300, 3)), RANDOM.normal(size=(150, 3)) + 40])
HALVES = np.where(np.arange(450) < 300, (CLOUDS[:, 0] > 0).astype(np.intp), 2)


def rows_of(X: np.ndarray) -> Rows:
    schema = learned(tiny("su2018"), X).schema
    return Rows(source_of(X, schema), schema, torch.device("cpu"))


NEAR = Neighbours().find(rows_of(CLOUDS))


def assigned(confidence: np.ndarray, second: np.ndarray) -> Assigned:
    return Assigned(HALVES, HALVES, confidence, second)


def test_halves_of_one_cloud_touch_and_a_cloud_far_away_touches_none() -> None:
    (only,) = touching(NEAR, HALVES, assigned(np.ones(450), np.zeros(450, np.intp)), 3)
    assert (only.one, only.other, only.doubtful) == (0, 1, 0)
    assert only.density > 0.5


def test_rows_in_doubt_are_counted_for_both_clusters_and_rows_of_none_are_not() -> None:
    second = np.where(HALVES == 2, 0, 2)
    confidence = np.where(np.arange(450) % 10 == 0, 0.6, 1.0)
    found = touching(NEAR, HALVES, assigned(confidence, second), 3)
    doubtful = {(touch.one, touch.other): touch.doubtful for touch in found}
    unsure = HALVES[::10]
    assert doubtful[0, 2] == (unsure == 0).sum() + (unsure == 2).sum()
    assert doubtful[1, 2] == (unsure == 1).sum()
    none = np.full(450, -1)
    assert touching(NEAR, none, Assigned(none, HALVES, confidence, second), 3) == []


@pytest.mark.parametrize("clusters", [0, 1])
def test_a_single_cluster_touches_none(clusters: int) -> None:
    found = touching(NEAR, np.zeros(450, np.intp), assigned(np.ones(450), np.full(450, -1)), clusters)
    assert found == []
