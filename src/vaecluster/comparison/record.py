"""What a comparison of methods says, as frozen records."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from statistics import fmean
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.agreement import Agreement, agreement_of
from vaecluster.clusters.matching import matched
from vaecluster.clusters.scores import UNASSIGNED, Scores

Integers = NDArray[np.intp]
Numbers = NDArray[np.float64]
MEASURES = ("ari", "nmi", "matched")


@final
@dataclass(frozen=True, eq=False)
class Fit:
    """One fit of a method: its labels (rows,), -1 for none; the time it took; and the bound of held-out rows.

    `bound` is the mean of equation (1) in nats per row, over rows from which the fit did not learn, None for methods
    that have no density of rows, and `density` says what it is a density of: bounds can be compared where it is the
    same. `warnings` are pairs of a category and a text.
    """

    method: str
    seed: int
    labels: Integers
    seconds: float
    cpu_seconds: float
    bound: float | None = None
    density: str | None = None
    warnings: tuple[tuple[str, str], ...] = ()

    @property
    def sizes(self) -> list[int]:
        """How many rows each cluster that holds some has, the largest first."""
        return sorted(np.unique(self.labels[self.labels != UNASSIGNED], return_counts=True)[1].tolist(), reverse=True)

    @property
    def in_none(self) -> int:
        """How many rows are in no cluster."""
        return int((self.labels == UNASSIGNED).sum())


@final
@dataclass(frozen=True, eq=False)
class Compared:
    """A method with its fits, one a seed; `separations` and `scores` are of each fit.

    `typical` is the place of the fit that agrees best with the others, by the adjusted Rand index. `scores` are there
    where there are labels to score with; these have no part in anything else.
    """

    name: str
    finds_number: bool
    fits: tuple[Fit, ...]
    separations: tuple[float | None, ...]
    typical: int
    scores: tuple[Scores, ...] = ()

    @property
    def shown(self) -> Fit:
        """The typical fit."""
        return self.fits[self.typical]

    @property
    def numbers(self) -> list[int]:
        """How many clusters hold rows in each fit."""
        return [len(fit.sizes) for fit in self.fits]

    @property
    def separation(self) -> float | None:
        """The mean over the fits; None where one has a single cluster."""
        return mean_of(self.separations)

    @property
    def bound(self) -> float | None:
        """The mean over the fits."""
        return mean_of([fit.bound for fit in self.fits])

    @property
    def seconds(self) -> float:
        """The mean over the fits, by the clock."""
        return fmean(fit.seconds for fit in self.fits)

    @property
    def cpu_seconds(self) -> float:
        """The mean over the fits, of processors."""
        return fmean(fit.cpu_seconds for fit in self.fits)

    def score(self, name: str) -> float:
        """The mean of a score over the fits."""
        return fmean(getattr(scores, name) for scores in self.scores)


@final
@dataclass(frozen=True, eq=False)
class Comparison:
    """Methods on the same rows.

    `number` is how many clusters the methods were given that do not find it, and `number_from` the method that found
    it, None if it was asked for. `left_out` says why some methods that were asked for are missing. ``found["vade"]``
    is one of the methods.
    """

    methods: tuple[Compared, ...]
    seeds: tuple[int, ...]
    rows: int
    number: int
    number_from: str | None
    left_out: dict[str, str]

    def __getitem__(self, name: str) -> Compared:
        return next(method for method in self.methods if method.name == name)

    @property
    def fits(self) -> list[Fit]:
        """All fits, method by method."""
        return [fit for method in self.methods for fit in method.fits]

    @cached_property
    def agreement(self) -> dict[str, Numbers]:
        """Of each pair of fits, in the order of `fits`: (fits, fits) for each measure of `Agreement`."""
        return pairwise([fit.labels for fit in self.fits])

    def between(self, measure: str = "ari") -> Numbers:
        """How far methods agree, (methods, methods): the mean over all pairs of their fits.

        On the diagonal stands how far the seeds of one method agree, nan if there is one seed.
        """
        seeds, methods = len(self.seeds), len(self.methods)
        blocks = self.agreement[measure].reshape(methods, seeds, methods, seeds)
        means: Numbers = blocks.mean((1, 3))
        own = np.full(methods, np.nan)
        if seeds > 1:
            pairs = np.triu_indices(seeds, 1)
            own = np.array([blocks[method, :, method][pairs].mean() for method in range(methods)])
        means[np.diag_indices(methods)] = own
        return means

    @cached_property
    def labels(self) -> dict[str, Integers]:
        """The typical fit of each method, (rows,) each: the same cluster has the same number in all of them."""
        found = matched([method.shown.labels for method in self.methods])
        return {method.name: labels for method, labels in zip(self.methods, found, strict=True)}

    def as_dict(self) -> dict[str, Any]:
        """Everything but the labels, as JSON holds it."""
        return {
            "rows": self.rows,
            "seeds": list(self.seeds),
            "number": self.number,
            "number_from": self.number_from,
            "left_out": self.left_out,
            "methods": [_plain(method) for method in self.methods],
            "agreement": {measure: _no_nan(self.between(measure)) for measure in MEASURES},
            "agreement_of_fits": {measure: found.tolist() for measure, found in self.agreement.items()},
        }


def typical_of(fits: Sequence[Fit]) -> int:
    """The place of the fit that agrees best with the others, of equals the first."""
    return int(pairwise([fit.labels for fit in fits])["ari"].sum(1).round(9).argmax())


def pairwise(labels: Sequence[Integers]) -> dict[str, Numbers]:
    """Each measure of `Agreement` for each pair: (fits, fits)."""
    found = {measure: np.eye(len(labels)) for measure in MEASURES}
    for one, other in combinations(range(len(labels)), 2):
        agreement: Agreement = agreement_of(labels[one], labels[other])
        for measure, table in found.items():
            table[one, other] = table[other, one] = getattr(agreement, measure)
    return found


def mean_of(values: Sequence[float | None]) -> float | None:
    """The mean; None if a value is."""
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _plain(method: Compared) -> dict[str, Any]:
    fits = zip(method.fits, method.separations, method.scores or [None] * len(method.fits), strict=True)
    return {
        "method": method.name,
        "finds_number": method.finds_number,
        "density": method.shown.density,
        "typical_seed": method.shown.seed,
        "fits": [
            {
                "seed": fit.seed,
                "clusters": len(fit.sizes),
                "sizes": fit.sizes,
                "rows_in_no_cluster": fit.in_none,
                "held_out_bound": fit.bound,
                "separation": apart,
                "seconds": round(fit.seconds, 3),
                "cpu_seconds": round(fit.cpu_seconds, 3),
                "warnings": [text for _, text in fit.warnings],
                **({} if scores is None else {"scores": asdict(scores)}),
            }
            for fit, apart, scores in fits
        ],
    }


def _no_nan(table: Numbers) -> list[list[float | None]]:
    return [[None if np.isnan(value) else float(value) for value in line] for line in table]
