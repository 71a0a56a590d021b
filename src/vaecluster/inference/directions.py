"""The ways in which some codes differ most, to move along; and the codes that are nearest to one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.errors import DataError, SettingError


@final
@dataclass(frozen=True, eq=False)
class Directions:
    """Around the mean (latent,) of codes the directions (ways, latent) in which they differ most, the largest first.

    They are the principal axes, each as long as one standard deviation of the codes along it. `shares` (ways,) are the
    parts of the variance that each holds.

    >>> codes = np.random.default_rng(0).normal(size=(200, 3)) * [1, 5, 0]
    >>> found = Directions.of(codes, 2)
    >>> found.ways.shape, int(abs(found.ways[0]).argmax()), found.code([0, 0]).tolist() == found.mean.tolist()
    ((2, 3), 1, True)
    >>> Directions.of(codes[:1], 2).ways.shape
    (0, 3)
    """

    mean: NDArray[np.float64]
    ways: NDArray[np.float64]
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, codes: NDArray[Any], most: int, least: float = 0.0) -> Self:
        """Those of codes (rows, latent), at most so many, each but the first with this share of the variance or more.

        There are none where all codes are the same, as where there is one.

        Raises `DataError` if there is no row.
        """
        if not len(codes):
            raise DataError("There is no row, so there is no mean to start at. Choose a cluster with rows.")
        rows = np.asarray(codes, np.float64)
        mean = rows.mean(0)
        values, vectors = np.linalg.eigh((rows - mean).T @ (rows - mean) / len(rows))
        values, vectors = values[::-1].clip(0)[:most], vectors[:, ::-1].T[:most]
        # The largest entry is positive: the same rows give the same directions.
        signs = np.sign(np.take_along_axis(vectors, np.abs(vectors).argmax(1)[:, None], 1))
        total = np.square(rows - mean).mean(0).sum()
        found = cls(mean, vectors * signs * np.sqrt(values)[:, None], values / (total or 1.0))
        number = 0 if (rows == rows[0]).all() else max(1, int((found.shares >= least).sum()))
        return cls(mean, found.ways[:number], found.shares[:number])

    def code(self, steps: Sequence[float]) -> NDArray[np.float64]:
        """The code (latent,) so many standard deviations from the mean along each direction.

        Raises `SettingError` for another number of steps, or for steps that are not finite.
        """
        if len(steps) != len(self.ways) or not np.isfinite(steps).all():
            raise SettingError(f"steps are {list(steps)}; expected {len(self.ways)} finite numbers.")
        found: NDArray[np.float64] = self.mean + np.asarray(steps, np.float64) @ self.ways
        return found


def nearest_codes(codes: NDArray[Any], code: NDArray[Any], number: int) -> NDArray[np.intp]:
    """The numbers of the codes (rows, latent) that are nearest to one (latent,), the nearest first.

    >>> nearest_codes(np.array([[0.0], [3.0], [1.0]]), np.array([0.9]), 2).tolist()
    [2, 0]
    """
    far = np.square(codes - code).sum(1)
    near = np.argpartition(far, min(number, len(far)) - 1)[:number]
    found: NDArray[np.intp] = near[np.argsort(far[near], kind="stable")]
    return found
