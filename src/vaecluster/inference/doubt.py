"""Rows that a model should put into no cluster: unsure ones, and ones unlike any that the fit has seen."""

from dataclasses import dataclass
from math import ceil
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.scores import UNASSIGNED
from vaecluster.data.rows import Rows
from vaecluster.errors import DataError, SettingError, counted
from vaecluster.inference.answers import bounds
from vaecluster.model.vae import ClusteringVAE
from vaecluster.settings import Number

# Of the rows of a fit, at most this share and at most so many are kept for calibration.
MOST_HELD_OUT, MOST_SCORES = 0.2, 2000
# Times the fewest rows with which a wanted share can be told apart.
PLENTY = 10


@final
@dataclass(frozen=True)
class Calibration:
    """The bounds (1) of some rows, sorted, in nats: what new rows are compared with.

    `held_out` says whether the fit did not learn from these rows. Where it did not, new rows of the same kind
    score above s with a probability of at most 1 - s, whatever the model is worth (a conformal p-value; Vovk,
    Gammerman and Shafer 2005, "Algorithmic learning in a random world").
    """

    bounds: NDArray[np.float64]
    held_out: bool

    @classmethod
    def of(cls, bounds: NDArray[np.float64], *, held_out: bool) -> "Calibration":
        """A calibration by the bounds of some rows: (rows,)."""
        return cls(np.sort(bounds), held_out)

    def outlier_score(self, bounds: NDArray[np.float64]) -> NDArray[np.float64]:
        """1 - p for the bounds of new rows (rows,): p is the share of these rows, and of the new one, as unlikely.

        >>> Calibration.of(np.array([-3.0, -1.0, -2.0]), held_out=True).outlier_score(np.array([-9.0, -2.0, 0.0]))
        array([0.75, 0.25, 0.  ])
        """
        as_unlikely = np.searchsorted(self.bounds, bounds, side="right")
        score: NDArray[np.float64] = 1 - (1 + as_unlikely) / (1 + len(self.bounds))
        return score


def calibrate(model: ClusteringVAE, learned: Rows, held_out: Rows) -> Calibration:
    """The calibration by rows that were held out; without such, by some of the rows that were learned from."""
    if len(held_out):
        return Calibration.of(bounds(model, held_out), held_out=True)
    return Calibration.of(bounds(model, learned.drawn(MOST_SCORES)), held_out=False)


def held_out_rows(rows: int, outlier_fraction: float) -> int:
    """How many rows a fit must hold out so that this share can be told apart; `DataError` if there are too few.

    >>> held_out_rows(60_000, 0.01), held_out_rows(1_000, 0.05), held_out_rows(1_000, 0.0)
    (1000, 200, 0)
    """
    if not outlier_fraction:
        return 0
    fewest = ceil(1 / outlier_fraction)
    most = int(MOST_HELD_OUT * rows)
    if most < fewest:
        raise DataError(
            f"outlier_fraction={outlier_fraction:g} needs {counted(fewest, 'row')} held out, but of "
            f"{counted(rows, 'row')} at most {most:,} are. Give at least {ceil(fewest / MOST_HELD_OUT):,} rows, or "
            "a larger fraction."
        )
    return max(fewest, min(PLENTY * fewest, most, MOST_SCORES))


def doubted(
    labels: NDArray[np.intp],
    confidence: NDArray[np.float64],
    outlier_score: NDArray[np.float64] | None,
    min_confidence: float,
    outlier_fraction: float,
) -> NDArray[np.intp]:
    """The labels (rows,), with -1 for rows less sure than `min_confidence` or among that fraction of the least likely.

    `outlier_score` (rows,) is needed where the fraction is not 0.
    """
    # What is not a number is not sure.
    unsure = ~(confidence >= min_confidence)
    if outlier_score is not None:
        # 1 - p is rounded, so it need not be equal to the bit.
        unsure = unsure | (1 - outlier_score <= outlier_fraction * (1 + 1e-9))
    return np.where(unsure, UNASSIGNED, labels)


def check_doubt(min_confidence: Any, outlier_fraction: Any) -> None:
    """Raise `SettingError` unless both are numbers from 0 to below 1."""
    for name, value in (("min_confidence", min_confidence), ("outlier_fraction", outlier_fraction)):
        if not Number(0, 1).accepts(value) or float(value) == 1:
            raise SettingError(f"{name} is {value!r}; expected a number from 0 to below 1.")
