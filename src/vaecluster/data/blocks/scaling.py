"""Offsets and scales of columns, from passes over blocks of rows; no copy of all rows is made."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.raw import Array, Doubles

Scaling = Literal["auto", "columns", "common"]
# Blocks of rows (rows, columns), the same at every call, and the weights of those rows.
Passes = Callable[[], Iterator[tuple[Array, Doubles | None]]]

# Of so many columns on it can be told that they are in one unit, and up to so many whether they are correlated.
TELLING, CORRELATED = 8, 1024
# Rows are of one length if lengths differ by this part of what the widest column does: where most of a length is one
# column, such as a pressure in pascal, they differ as it does. Columns are uncorrelated below this correlation, and
# below so many deviations of what chance makes of it.
ONE_LENGTH, UNCORRELATED, BY_CHANCE = 1e-2, 0.05, 4.0
# Counts are whole numbers: at least ZEROS of the values are 0, and for each column without a 0, which may be a
# measure, more than COUNTS columns hold 0 and more than 1. Beside measures, zeros are those of categories as 0 and 1.
ZEROS, COUNTS = 1 / 3, 10


@final
@dataclass(frozen=True)
class Moments:
    """Smallest and largest value, mean and standard deviation of each column, and how many of its values are there."""

    low: Doubles
    high: Doubles
    mean: Doubles
    deviation: Doubles
    present: NDArray[np.int64]
    rows: int

    @property
    def largest(self) -> float:
        """The largest absolute value, or 1 if all are 0."""
        return float(max(np.abs(self.low).max(), np.abs(self.high).max())) or 1.0


def moments_of(passes: Passes) -> Moments:
    """The moments in double precision, from two passes; missing values (NaN) are left out.

    The deviation is 0 where it is only rounding error of a constant column, which must not be blown up to 1.
    """
    low, high, present, count = _ranges(passes)
    # Beyond these values squares leave the range of double precision; a division by 1 changes nothing.
    largest = np.maximum(np.abs(low), np.abs(high))
    unit = np.where((largest > 1e150) | ((largest < 1e-150) & (largest > 0)), largest, 1.0)
    total, mean, squares = np.zeros_like(low), np.zeros_like(low), np.zeros_like(low)
    for rows, weights in passes():
        values = np.asarray(rows, dtype=np.float64) / unit
        there = ~np.isnan(values)
        mass = there if weights is None else there * weights[:, None]
        values = np.where(there, values, 0.0)
        # Moments of the block, then of all so far and the block (Chan, Golub and LeVeque 1983).
        weight = mass.sum(0, dtype=np.float64)
        safe = np.maximum(weight, 1e-300)
        own = (mass * values).sum(0) / safe
        spread = (mass * np.square(values - own)).sum(0)
        after = np.maximum(total + weight, 1e-300)
        step = own - mean
        squares += spread + np.square(step) * total * weight / after
        mean += step * weight / after
        total += weight
    deviation = np.sqrt(squares / np.maximum(total, 1e-300))
    constant = deviation <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    return Moments(low, high, mean * unit, np.where(constant, 0.0, deviation * unit), present, count)


def in_one_unit(passes: Passes, moments: Moments) -> bool:
    """Whether columns seem to be in one unit, so that a wide column says more than a narrow one.

    They are embeddings, whose rows are all of one length; principal components, which are uncorrelated and come in the
    order of their spreads; or counts of many things, most of which a row has none of.
    """
    columns = len(moments.mean)
    if columns < TELLING or not (moments.present == moments.rows).all():
        return False
    spreads = np.where(moments.deviation > 0, moments.deviation, 1.0)
    ordered = columns <= CORRELATED and bool((moments.deviation[1:] <= 1.01 * moments.deviation[:-1]).all())
    least, longest, zeros, whole = np.inf, 0.0, 0, bool(moments.low.min() >= 0 and moments.high.max() > 1)
    products = np.zeros((columns, columns) if ordered else 0)
    for rows, _ in passes():
        values = np.asarray(rows, dtype=np.float64)
        lengths = np.linalg.norm(values / moments.largest, axis=1)
        least, longest = min(least, lengths.min()), max(longest, lengths.max())
        whole = whole and bool((values == np.round(values)).all())
        zeros += int((values == 0).sum())
        if ordered:
            scaled = (values - moments.mean) / spreads
            products += scaled.T @ scaled
    widest = (moments.high / moments.largest - moments.low / moments.largest).max()
    one_length = longest - least <= ONE_LENGTH * widest
    counted, measured = (moments.low == 0) & (moments.high > 1), moments.low > 0
    counts = whole and zeros >= ZEROS * columns * moments.rows and counted.sum() > COUNTS * measured.sum()
    between = np.abs(products[~np.eye(columns, dtype=bool)]) / moments.rows if ordered else np.ones(1)
    uncorrelated = between.max() < max(UNCORRELATED, BY_CHANCE / np.sqrt(moments.rows))
    return bool(one_length or counts or uncorrelated)


def own_scales(moments: Moments) -> tuple[Doubles, Doubles]:
    """Offset and scale that bring every column to mean 0 and standard deviation 1; a constant one keeps scale 1.

    A column of 0 and 1 is a category. It is scaled as one is measured: two categories are as far apart as two numbers
    one standard deviation apart, also where one of them is rare.
    """
    unit = (moments.low == 0) & (moments.high == 1)
    mean, deviation = np.where(unit, moments.mean, 0.0), np.where(unit, moments.deviation, 1.0)
    # In [0, 1] a variance is mean (1 - mean) if all values are 0 or 1, and less if not.
    coded = np.isclose(np.square(deviation), mean * (1 - mean), rtol=1e-9, atol=0)
    return moments.mean, np.where(coded, np.sqrt(2), _without_zeros(moments))


def common_scale(moments: Moments) -> tuple[Doubles, Doubles]:
    """Offset and scale that bring every column to mean 0 and all together to variance 1: their proportions stay.

    For columns in one unit, such as principal components or embeddings, where a wide column says more. A constant
    column has no spread to keep; it is divided by the common one as well, or by 1 where all are constant.
    """
    deviation = moments.deviation
    largest = deviation.max()
    spread = largest * np.sqrt(np.square(deviation / (largest or 1.0)).mean())
    if spread == 0:
        return moments.mean, _without_zeros(moments)
    # What is left of a constant column of large numbers is rounding error, which must stay small.
    rounding = np.where(deviation == 0, 1e-9 * np.abs(moments.mean), 0.0)
    return moments.mean, np.maximum(spread, rounding)


def _without_zeros(moments: Moments) -> Doubles:
    """The deviation, or 1 for a constant column, and more if its rounding error is of that size."""
    return np.where(moments.deviation == 0, np.maximum(1.0, 1e-9 * np.abs(moments.mean)), moments.deviation)


def _ranges(passes: Passes) -> tuple[Doubles, Doubles, NDArray[np.int64], int]:
    low = high = present = None
    count = 0
    for rows, _ in passes():
        values = np.asarray(rows)
        count += len(values)
        there = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, dtype=bool)
        smallest = np.where(there, values, np.inf).min(0).astype(np.float64)
        largest = np.where(there, values, -np.inf).max(0).astype(np.float64)
        low = smallest if low is None else np.minimum(low, smallest)
        high = largest if high is None else np.maximum(high, largest)
        present = there.sum(0) if present is None else present + there.sum(0)
    assert low is not None
    assert high is not None
    assert present is not None
    empty = present == 0
    return np.where(empty, 0.0, low), np.where(empty, 0.0, high), present, count
