"""What is known about some rows beforehand: how much each counts, and the labels of a few."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.dataset import as_labels
from vaecluster.data.raw import Array
from vaecluster.errors import DataError, SettingError, counted
from vaecluster.settings import is_whole

# What stands for an unknown label, beside None and NaN.
UNKNOWN = -1


def check_weights(weights: Any, rows: int) -> NDArray[np.float64] | None:
    """Weights (rows,) in proportion, 1 on average where above 0, from what a user gave; None where all are the same.

    Raises `DataError` unless there is a finite number of 0 or more for each row, and two above 0.
    """
    if weights is None:
        return None
    array = _as_numbers(weights)
    if array is None:
        raise DataError("sample_weight holds values that are no numbers. Give one number for each row.")
    if array.ndim == 0:
        array = np.full(rows, float(array))
    if array.shape != (rows,):
        raise DataError(f"sample_weight has shape {array.shape} for {counted(rows, 'row')}. Give each row one weight.")
    if not np.isfinite(array).all() or (array < 0).any():
        bad = int(np.flatnonzero(~(np.isfinite(array) & (array >= 0)))[0])
        raise DataError(f"sample_weight is {array[bad]:g} for row {bad}; expected finite numbers of 0 or more.")
    if not array.any():
        # The last words are scikit-learn's own for this.
        raise DataError(
            f"sample_weight is 0 for all of {counted(rows, 'row')}; Sample weights must contain at least one non-zero "
            "number. Give the rows that count a weight above 0, or no weights at all."
        )
    if (array > 0).sum() < 2:
        raise DataError(
            "sample_weight is above 0 for a single row; expected 2 or more to learn from. Give more rows a "
            "weight above 0."
        )
    # Divided by the largest first, so that no sum overflows; rows that do not count change nothing.
    shares = array / array.max()
    return None if (shares == 1).all() else shares / shares[shares > 0].mean()


def check_relabelling(
    labels: Any, decided: Any, clusters: int | None, rows: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_], int]:
    """Clusters of all rows (rows,), -1 for none, which of them are decided (rows,), and how many clusters there are.

    Raises `SettingError` for what is something else.
    """
    own = np.asarray(labels)
    if own.shape != (rows,) or own.dtype.kind not in "iu" or own.min() < UNKNOWN:
        raise SettingError(
            f"labels is {labels!r:.80}; expected a cluster for each of {counted(rows, 'row')}: whole numbers from 0, "
            "and -1 for none."
        )
    sure = np.zeros(rows, dtype=np.bool_) if decided is None else np.asarray(decided)
    if sure.shape != (rows,) or sure.dtype.kind != "b":
        raise SettingError(f"decided is {decided!r:.80}; expected True or False for each of {counted(rows, 'row')}.")
    fewest = int(own.max()) + 1
    number = fewest if clusters is None else clusters
    if not is_whole(number, max(1, fewest)):
        raise SettingError(f"n_clusters is {number!r}; expected {max(1, fewest)} or more, as labels have clusters.")
    return own.astype(np.intp), sure.astype(np.bool_), int(number)


@final
@dataclass(frozen=True)
class Known:
    """The numbers of rows with a known label, and those labels: (known rows,) each."""

    rows: NDArray[np.intp]
    labels: Array

    def clusters(self, number: int, names: Mapping[int, Any] | None = None) -> NDArray[np.intp]:
        """The cluster of each of so many rows, -1 where no label is known: (number,).

        By names of clusters; without, labels are clusters in their order. Raises `DataError` for a label that is no
        cluster's name.
        """
        values, places = np.unique(self.labels, return_inverse=True)
        if names is not None:
            cluster_of = {name: cluster for cluster, name in names.items()}
            strange = [label for label in values.tolist() if label not in cluster_of]
            if strange:
                raise DataError(
                    f"y holds {strange[0]!r}, which is the name of no cluster, and going on keeps the clusters. Make "
                    "it -1, or fit again."
                )
            places = np.array([cluster_of[label] for label in values.tolist()], dtype=np.intp)[places]
        clusters = np.full(number, UNKNOWN, dtype=np.intp)
        clusters[self.rows] = places
        return clusters


NONE_KNOWN = Known(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp))


def known_labels(labels: Any, rows: int, *, all_may_be: bool = False) -> Known:
    """The known labels in what a user gave as `y` (rows,).

    Unknown are -1, None, NaN and "". Where none is unknown, or floats have fractions, `y` is what a pipeline hands to
    all its steps, such as the target of a regression, and not meant for a clusterer: then no label counts as known;
    with `all_may_be` it is meant, and all count. Raises `DataError` if there is not one for each row, or unless the
    known ones are all integers or all strings.

    >>> known_labels(["cat", None, "dog"], 3)
    Known(rows=array([0, 2]), labels=array(['cat', 'dog'], dtype='<U3'))
    >>> known_labels([1, 2, 1], 3).rows.size
    0
    """
    if labels is None:
        return NONE_KNOWN
    try:
        array = np.asarray(labels)
    except ValueError:
        raise DataError(
            f"y holds lists of several lengths; expected {counted(rows, 'label')}. Give each row one."
        ) from None
    if array.shape[:1] != (rows,):
        raise DataError(f"y has shape {array.shape} for {counted(rows, 'row')}. Give each row a label, or -1.")
    if all_may_be and array.ndim > 1:
        raise DataError(f"y has shape {array.shape}; expected ({rows},). Give each row one label, or -1.")
    unknown = _unknown(array) if array.ndim == 1 else np.zeros(rows, dtype=bool)
    known = np.flatnonzero(~unknown) if array.ndim == 1 else np.empty(0, dtype=np.intp)
    fractions = array.dtype.kind == "f" and bool((np.rint(array[known]) != array[known]).any())
    if not len(known) or not (all_may_be or (unknown.any() and not fractions)):
        return NONE_KNOWN
    try:
        return Known(known, as_labels(array[known]))
    except DataError as error:
        raise DataError(f"y: {error} Unknown labels are -1, None, NaN or ''.") from None


def _unknown(labels: Array) -> NDArray[np.bool_]:
    """Where no label is known: (rows,)."""
    unknown: NDArray[np.bool_]
    if labels.dtype.kind == "O":
        unknown = np.array([_is_unknown(label) for label in labels])
    elif labels.dtype.kind in "UT":
        # numpy makes strings of all entries of a list that holds one.
        unknown = (labels == "") | (labels == str(UNKNOWN))
    elif labels.dtype.kind == "f":
        unknown = np.isnan(labels) | (labels == UNKNOWN)
    else:
        unknown = labels == UNKNOWN
    return unknown


def _is_unknown(label: Any) -> bool:
    if label is None or isinstance(label, str):
        return not label
    same = label == label
    # pandas' missing value is neither equal to itself nor not.
    return not isinstance(same, bool | np.bool) or not same or bool(label == UNKNOWN)


def _as_numbers(weights: Any) -> NDArray[np.float64] | None:
    """Weights as an array; None for what holds no numbers, such as dates, which numpy would make some of."""
    try:
        array = np.asarray(weights)
        return None if array.dtype.kind in "mMc" else array.astype(np.float64)
    except (TypeError, ValueError):
        return None
