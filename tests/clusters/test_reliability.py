from typing import Any

import numpy as np
import pytest

from vaecluster.clusters.reliability import WAYS, Reliability, reliabilities, reliability
from vaecluster.errors import DataError, SettingError


def drawn(rows: int = 20_000, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and labels that are drawn by them."""
    random = np.random.default_rng(0)
    table = random.dirichlet(np.full(classes, 0.5), rows)
    return table, (random.random((rows, 1)) > table.cumsum(1)).sum(1).clip(max=classes - 1)


def sharpened(table: np.ndarray, power: float) -> np.ndarray:
    raised = table**power
    return np.asarray(raised / raised.sum(1, keepdims=True))


def test_probabilities_that_come_true_have_no_error_and_others_do() -> None:
    table, labels = drawn()
    assert reliability(table, labels).expected_calibration_error < 0.02
    for power, too_sure in ((3.0, True), (0.3, False)):
        found = reliability(sharpened(table, power), labels)
        assert found.expected_calibration_error > 0.1
        assert (found.mean_confidence > found.overall_accuracy) == too_sure


@pytest.mark.parametrize("bins", [1, 4, 15])
def test_bins_hold_all_rows_and_their_means_are_those_of_all(bins: int) -> None:
    table, labels = drawn(500)
    found = reliability(table, labels, bins=bins)
    assert found.rows == 500 == found.count.sum()
    assert found.overall_accuracy == pytest.approx((table.argmax(1) == labels).mean())
    assert found.mean_confidence == pytest.approx(table.max(1).mean())
    edges = np.arange(bins + 1) / bins
    held = found.count > 0
    assert (found.confidence[held] >= edges[:-1][held]).all()
    assert (found.confidence[held] <= edges[1:][held]).all()
    assert np.isnan(found.accuracy[~held]).all()


def test_with_one_bin_the_error_is_how_far_the_means_are_apart() -> None:
    table, labels = drawn(300)
    found = reliability(sharpened(table, 4.0), labels, bins=1)
    assert found.expected_calibration_error == pytest.approx(found.mean_confidence - found.overall_accuracy)


def test_a_row_of_no_column_is_wrong_whatever_is_said() -> None:
    assert reliability([[1.0, 0.0], [0.0, 1.0]], [-1, 1]).overall_accuracy == 0.5


@pytest.mark.parametrize(
    ("table", "labels", "parts"),
    [
        ([0.5, 0.5], [0, 1], ("probabilities is an array of float64 of shape (2,)",)),
        ([[1, 0]], [0], ("probabilities is an array of int64",)),
        ([[np.nan, 0.5]], [0], ("probabilities is", "expected a table")),
        ([[0.5, 0.5]], [0, 1], ("labels is an array of int64 of shape (2,)", "expected 1 whole numbers")),
        ([[0.5, 0.5]], ["a"], ("labels is", "whole numbers")),
        ([[0.5, 0.5]], [2], ("labels holds 2", "from 0 to 1, or -1")),
        ([[0.5, 0.5]], [-2], ("labels holds -2",)),
    ],
)
def test_what_is_no_table_with_labels_is_refused(table: Any, labels: Any, parts: tuple[str, ...]) -> None:
    with pytest.raises(DataError) as problem:
        reliability(table, labels)
    assert all(part in str(problem.value) for part in parts), problem.value


@pytest.mark.parametrize("bins", [0, 1.5, "x"])
def test_other_than_some_whole_number_of_bins_is_refused(bins: Any) -> None:
    with pytest.raises(SettingError, match=f"bins is {bins!r}"):
        reliability([[0.5, 0.5]], [0], bins=bins)


class Said:
    """Clusters in another order than labels, and one more cluster than labels."""

    def predict_proba(self, rows: Any, /, *, by: str) -> np.ndarray:
        table = np.eye(4)[np.array([2, 0, 3])[np.asarray(rows)]]
        return table if by == "confidence" else sharpened(table + 0.1, 1.0)


def test_clusters_are_matched_to_labels_once_for_all_ways() -> None:
    found: dict[str, Reliability] = reliabilities(Said(), [0, 1, 2, 0], ["x", "y", "z", "x"])
    assert tuple(found) == WAYS
    assert [one.overall_accuracy for one in found.values()] == [1.0, 1.0, 1.0]
