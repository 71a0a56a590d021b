import numpy as np
import pandas as pd
import pytest

from vaecluster.data.known import check_weights, known_labels
from vaecluster.errors import DataError

KNOWN = {
    "integers": ([3, -1, 4], [0, 2], [3, 4]),
    "floats that hold integers": ([3.0, np.nan, 4.0], [0, 2], [3, 4]),
    "floats with -1": ([3.0, -1.0, 4.0], [0, 2], [3, 4]),
    "strings": (["b", "", "a"], [0, 2], ["b", "a"]),
    "strings with None": (["b", None, "a"], [0, 2], ["b", "a"]),
    "strings with -1": (["b", -1, "a"], [0, 2], ["b", "a"]),
    "booleans": ([True, None, False], [0, 2], [1, 0]),
    "a series": (pd.Series(["b", None, "a"]), [0, 2], ["b", "a"]),
    "a categorical series": (pd.Series(["b", None, "a"], dtype="category"), [0, 2], ["b", "a"]),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_labels_are_all_but_the_unknown(name: str) -> None:
    given, rows, labels = KNOWN[name]
    known = known_labels(given, 3)
    assert known.rows.tolist() == rows
    assert known.labels.tolist() == labels


@pytest.mark.parametrize(
    "given",
    [
        None,
        [1, 2, 3],
        [0.5, 0.1, 2.0],
        ["a", "b", "c"],
        [-1, -1, -1],
        [[1, -1], [2, -1], [3, 3]],
        [[-1]] * 3,
        # Targets of a regression, among which -1 is a number like any other.
        [0.5, -1.0, 2.0],
        np.float32([-1.0, 2.0, 1e-30]),
        [np.nan, 2.0, 0.5],
        pd.Series([0.5, -1.0, 2.0]),
    ],
)
def test_where_nothing_is_unknown_or_nothing_known_or_y_is_a_target_no_label_counts(given: object) -> None:
    assert len(known_labels(given, 3).rows) == 0


@pytest.mark.parametrize("given", [[1, 2, 1], ["a", "b", "a"], [1.0, 2.0, 1.0]])
def test_all_may_be_known_where_they_are_meant(given: list[object]) -> None:
    known = known_labels(given, 3, all_may_be=True)
    assert known.rows.tolist() == [0, 1, 2]
    assert known.labels.tolist() == given


def test_labels_are_clusters_in_their_order_or_by_the_names_of_clusters() -> None:
    known = known_labels(["b", None, "a", "b"], 4)
    assert known.clusters(4).tolist() == [1, -1, 0, 1]
    assert known.clusters(4, {5: "b", 2: "a", 0: "c"}).tolist() == [5, -1, 2, 5]
    with pytest.raises(DataError, match=r"y holds 'b', which is the name of no cluster.*-1, or fit again"):
        known.clusters(4, {0: "a"})


@pytest.mark.parametrize("given", [[1], [1, -1], 5, np.zeros((2, 3))])
def test_labels_for_other_rows_are_refused(given: object) -> None:
    with pytest.raises(DataError, match=r"for 3 rows\. Give each row a label, or -1\."):
        known_labels(given, 3)


@pytest.mark.parametrize("given", [[np.inf, -1.0, 2.0], ["a", 1, None]])
def test_labels_that_are_no_names_are_refused(given: object) -> None:
    with pytest.raises(DataError, match=r"^y: labels of type .* are not all integers or all strings"):
        known_labels(given, 3)


@pytest.mark.parametrize("given", [None, [1, 1, 1], np.full(3, 1e300), 7.0, pd.Series([2.0, 2.0, 2.0])])
def test_equal_weights_are_none(given: object) -> None:
    assert check_weights(given, 3) is None


@pytest.mark.parametrize("factor", [1e-300, 1.0, 3.0, 1e300])
def test_weights_are_taken_in_proportion(factor: float) -> None:
    np.testing.assert_allclose(check_weights(np.array([0.0, 1.0, 3.0]) * factor, 3), [0.0, 0.5, 1.5])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, 2], r"has shape \(2,\) for 3 rows"),
        ([[1, 2, 3]], r"has shape \(1, 3\) for 3 rows"),
        ([1, -2, 3], "is -2 for row 1; expected finite numbers of 0 or more"),
        ([1, 2, np.nan], "is nan for row 2"),
        ([1, 2, np.inf], "is inf for row 2"),
        (["a", "b", "c"], "holds values that are no numbers"),
        ([0, 0, 0], "is 0 for all of 3 rows"),
        ([0, 1, 0], "is above 0 for a single row; expected 2 or more"),
    ],
)
def test_weights_that_cannot_be_used_are_named(given: object, message: str) -> None:
    with pytest.raises(DataError, match=f"^sample_weight {message}"):
        check_weights(given, 3)


def test_labels_that_are_meant_are_one_for_each_row() -> None:
    with pytest.raises(DataError, match=r"shape \(3, 1\); expected \(3,\)"):
        known_labels([[1], [2], [1]], 3, all_may_be=True)


def test_booleans_become_names_that_a_model_file_can_hold() -> None:
    assert known_labels([True, False, True], 3, all_may_be=True).labels.dtype.kind == "i"
