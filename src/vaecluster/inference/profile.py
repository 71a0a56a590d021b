"""What sets clusters apart: the columns in which they differ most from all rows, in numbers and in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.dates import maker_of
from vaecluster.data.given import Given
from vaecluster.data.raw import Array, Coded
from vaecluster.data.schema import Schema
from vaecluster.row_kind import RowKind

# Differences below a fifth of a standard deviation are small (Cohen 1988), and are not what sets a cluster apart.
SMALL = 0.2
# The most columns of a cluster.
MOST = 5


@final
@dataclass(frozen=True)
class Difference:
    """One column in which a cluster differs from all rows.

    `inside` and `overall` are means, in the column's units (of dates seconds since 1970), or shares of the category
    `value`. `effect` is their difference in standard deviations of all rows. `words` say the same.
    """

    column: str
    value: str | None
    inside: float
    overall: float
    effect: float
    words: str


def named_profile(
    given: Given, schema: Schema, labels: NDArray[np.intp], clusters: int
) -> list[list[Difference]] | None:
    """The `profile` of rows whose columns have names, which say something to whoever reads it; None for others."""
    named = schema.frame is not None or (schema.kind is RowKind.VECTORS and given.names and given.array is not None)
    return profile(given, labels, clusters) if named else None


def profile(given: Given, labels: NDArray[np.intp], clusters: int) -> list[list[Difference]]:
    """For each cluster the columns that set it apart, at most `MOST`, the largest difference first.

    `labels` (rows,) are the clusters of the given rows, -1 for none. Missing values are left out. Of a column of
    categories the one that differs most counts. Raises `DataError` for images and
    for counts of genes.
    """
    found: list[tuple[int, Difference]] = []
    for name, values, type_ in given.by_column():
        differences = _of_categories if isinstance(values, Coded) else _of_numbers
        found += differences(name, values, type_, labels, clusters)  # type: ignore[arg-type]
    apart: list[list[Difference]] = [[] for _ in range(clusters)]
    for cluster, one in sorted(found, key=lambda found: -abs(found[1].effect)):
        if abs(one.effect) >= SMALL and len(apart[cluster]) < MOST:
            apart[cluster].append(one)
    return apart


def _of_numbers(
    name: str, values: Array, type_: str, labels: NDArray[np.intp], clusters: int
) -> Iterator[tuple[int, Difference]]:
    there = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=np.bool_)
    numbers, own = values[there].astype(np.float64), labels[there]
    # Squares and sums of the largest doubles are more than a double holds.
    unit = float(np.abs(numbers).max(initial=0.0)) or 1.0
    numbers /= unit
    if not len(numbers) or not numbers.std() > 0:
        return
    middle, deviation = float(numbers.mean()), float(numbers.std())
    overall = middle * unit
    for cluster, inside in enumerate(_means(numbers - middle, own, clusters)):
        if np.isfinite(inside):
            mean = float(middle + inside) * unit
            words = f"{name}: {_shown(mean, type_)} against {_shown(overall, type_)} in all rows"
            yield cluster, Difference(name, None, mean, overall, float(inside / deviation), words)


def _of_categories(
    name: str, values: Coded, type_: str, labels: NDArray[np.intp], clusters: int
) -> Iterator[tuple[int, Difference]]:
    there = values.codes >= 0
    codes, own = values.codes[there], labels[there]
    best: dict[int, Difference] = {}
    for code, value in enumerate(values.values):
        is_it = (codes == code).astype(np.float64)
        overall = float(is_it.mean()) if len(is_it) else 0.0
        if not 0 < overall < 1:
            continue
        for cluster, share in enumerate(_means(is_it, own, clusters)):
            effect = float((share - overall) / np.sqrt(overall * (1 - overall)))
            # Of two categories that differ alike, the one that there is more of.
            if np.isfinite(effect) and (cluster not in best or _weight(effect) > _weight(best[cluster].effect)):
                words = f"{name}: {value} in {100 * share:.0f} % of its rows against {100 * overall:.0f} % of all rows"
                best[cluster] = Difference(name, str(value), float(share), overall, effect, words)
    yield from best.items()


def _weight(effect: float) -> float:
    return abs(effect) + 1e-9 * (effect > 0)


def _means(values: NDArray[np.float64], labels: NDArray[np.intp], clusters: int) -> NDArray[np.float64]:
    """The mean of the values in each cluster, NaN where there is none: (clusters,)."""
    inside = labels >= 0
    sums = np.bincount(labels[inside], weights=values[inside], minlength=clusters)
    counts = np.bincount(labels[inside], minlength=clusters)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _shown(mean: float, type_: str) -> str:
    """A mean with three digits that count, or as a date.

    >>> _shown(73123.4, ""), _shown(0.12345, ""), _shown(86400.0, "date32[day]")
    ('73,100', '0.123', '1970-01-02')
    """
    make = maker_of(type_)
    if make is not None:
        made = make(mean)
        return str(made.date() if hasattr(made, "date") else made).split(".")[0]
    rounded = float(f"{mean:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:.3g}"
