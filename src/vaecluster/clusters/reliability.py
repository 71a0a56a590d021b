"""Whether probabilities are as large as they are right: reliability diagrams, and the expected calibration error."""

from dataclasses import dataclass
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.scores import UNASSIGNED, matched_names
from vaecluster.data.dataset import as_labels
from vaecluster.errors import DataError, SettingError
from vaecluster.settings import is_whole

BINS = 15
# Where probabilities come from, as `predict_proba` knows it; see there.
WAYS = ("confidence", "posterior", "bayes")


@final
@dataclass(frozen=True, eq=False)
class Reliability:
    """How often the likeliest is right, by how likely it was said to be; an entry for each bin of equal width.

    `count` (bins,) is the number of rows whose largest probability lies in a bin, `confidence` the mean of these
    probabilities and `accuracy` the share of these rows for which the likeliest is right, nan where a bin is empty.
    `reliability` makes one.
    """

    count: NDArray[np.intp]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def rows(self) -> int:
        """How many rows were counted."""
        return int(self.count.sum())

    @property
    def overall_accuracy(self) -> float:
        """The share of rows for which the likeliest is right."""
        return float(np.nansum(self.count * self.accuracy) / self.rows)

    @property
    def mean_confidence(self) -> float:
        """The mean of the largest probabilities."""
        return float(np.nansum(self.count * self.confidence) / self.rows)

    @property
    def expected_calibration_error(self) -> float:
        """Mean over rows of `|accuracy - confidence|` of their bin (Naeini, Cooper and Hauskrecht 2015)."""
        return float(np.nansum(self.count * np.abs(self.accuracy - self.confidence)) / self.rows)


def reliability(probabilities: Any, labels: Any, *, bins: int = BINS) -> Reliability:
    """How far probabilities (n, classes) are those with which `labels` (n,), numbers of their columns, come true.

    A label of -1 is that of no column: whatever is said of such a row is wrong. Raises `DataError` for what is no
    table of probabilities, or for other labels, and `SettingError` for no bins.

    >>> from vaecluster import reliability
    >>> found = reliability([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.3, 0.7]], [0, 0, 1, 0], bins=2)
    >>> found.count.tolist(), found.accuracy.tolist(), round(found.expected_calibration_error, 3)
    ([0, 4], [nan, 0.75], 0.025)
    """
    table, columns = np.asarray(probabilities), np.asarray(labels)
    if table.ndim != 2 or table.dtype.kind != "f" or not table.size or not (table >= 0).all():
        raise DataError(
            f"probabilities is {_shown(table)}; expected a table of probabilities (n, classes). Give what "
            "predict_proba returned."
        )
    if columns.shape != table.shape[:1] or columns.dtype.kind not in "iu":
        raise DataError(f"labels is {_shown(columns)}; expected {len(table)} whole numbers. Give the column of each.")
    strange = columns[(columns < UNASSIGNED) | (columns >= table.shape[1])]
    if len(strange):
        raise DataError(f"labels holds {strange[0]}; expected columns from 0 to {table.shape[1] - 1}, or -1 for none.")
    if not is_whole(bins, 1):
        raise SettingError(f"bins is {bins!r}; expected a whole number of 1 or more.")
    largest, right = table.max(1), table.argmax(1) == columns
    place = np.minimum((largest * bins).astype(np.intp), bins - 1)
    count = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, values, bins) for values in (largest, right)]
    confidence, accuracy = (np.where(count > 0, some / np.maximum(count, 1), np.nan) for some in sums)
    return Reliability(count, confidence, accuracy)


class Said(Protocol):
    """What says how likely clusters are."""

    def predict_proba(self, rows: Any, /, *, by: str) -> NDArray[np.float64]:
        """Probabilities (rows, clusters)."""


def reliabilities(clustering: Said, rows: Any, labels: Any) -> dict[str, Reliability]:
    """The reliability of each way to make probabilities (`WAYS`), of rows with true labels (rows,).

    Clusters are matched to labels one to one, once for all ways, by the likeliest clusters of the first of them.
    """
    said = {by: clustering.predict_proba(rows, by=by) for by in WAYS}
    names = matched_names(labels, next(iter(said.values())).argmax(1))
    column = {name: cluster for cluster, name in names.items()}
    columns = np.array([column.get(label, UNASSIGNED) for label in as_labels(np.asarray(labels)).tolist()])
    return {by: reliability(probabilities, columns) for by, probabilities in said.items()}


def _shown(array: NDArray[Any]) -> str:
    return f"an array of {array.dtype} of shape {array.shape}"
