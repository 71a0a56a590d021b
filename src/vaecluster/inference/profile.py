"""What sets clusters apart: the columns in which they differ most from all rows, in numbers and in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.blocks import Expression, Words
from vaecluster.data.dates import maker_of
from vaecluster.data.given import Given
from vaecluster.data.raw import ALL, Array, Coded
from vaecluster.data.room import Room
from vaecluster.data.schema import Schema
from vaecluster.row_kind import RowKind

# Differences below a fifth of a standard deviation are small (Cohen 1988), and are not what sets a cluster apart.
SMALL = 0.2
# The most columns of a cluster.
MOST = 5
# Bytes of each entry of a row that is looked at.
ENTRY = 8


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
    given: Given, schema: Schema, labels: NDArray[np.intp], clusters: int, room: Room
) -> list[list[Difference]] | None:
    """The `profile` of rows whose columns have names, which say something to whoever reads it; None for others.

    Of more rows than there is room for it is that of a random sample.
    """
    texts_or_cells = isinstance(schema.blocks[0], Words | Expression)
    if schema.frame is None and (schema.kind is not RowKind.VECTORS or not given.names or texts_or_cells):
        return None
    most = room.part(len(labels), ENTRY * given.source.row_entries)
    if most == len(labels):
        return profile(given, labels, clusters)
    numbers = np.sort(np.random.default_rng(0).choice(len(labels), most, replace=False))
    return profile(given, labels[numbers], clusters, numbers)


def profile(
    given: Given, labels: NDArray[np.intp], clusters: int, numbers: NDArray[np.intp] | slice = ALL
) -> list[list[Difference]]:
    """For each cluster the columns that set it apart, at most `MOST`, the largest difference first.

    `labels` (rows,) are the clusters of the given rows, or of those of these `numbers`, -1 for none. Missing values
    are left out. Of a column of categories the one that differs most counts. Raises `DataError` for images and for
    counts of genes.
    """
    found: list[tuple[int, Difference]] = []
    for name, values, type_ in given.by_column(numbers):
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
            # What rounding leaves of a mean of 0 is no number to show.
            mean = 0.0 if abs(middle + inside) < 1e-12 * deviation else float(middle + inside) * unit
            words = f"{name}: {_shown(mean, type_)} against {_shown(overall, type_)} in all rows"
            yield cluster, Difference(name, None, mean, overall, float(inside / deviation), words)


def _of_categories(
    name: str, values: Coded, type_: str, labels: NDArray[np.intp], clusters: int
) -> Iterator[tuple[int, Difference]]:
    there = values.codes >= 0
    codes, own, categories = values.codes[there], labels[there], len(values.values)
    inside = own >= 0
    held = np.bincount(own[inside] * categories + codes[inside], minlength=clusters * categories)
    counts = held.reshape(clusters, categories)
    # Of clusters without rows, and of categories that all rows have or none, there is nothing to say.
    with np.errstate(invalid="ignore", divide="ignore"):
        overall = np.bincount(codes, minlength=categories) / len(codes)
        shares = counts / counts.sum(1, keepdims=True)
        effects = (shares - overall) / np.sqrt(overall * (1 - overall))
    # Of two categories that differ alike, the one that there is more of.
    weights = np.where(np.isfinite(effects), np.abs(effects) + 1e-9 * (effects > 0), -1.0)
    for cluster, code in enumerate(weights.argmax(1).tolist()):
        if weights[cluster, code] >= 0:
            value, share, of_all = str(values.values[code]), float(shares[cluster, code]), float(overall[code])
            words = f"{name}: {value} in {100 * share:.0f} % of its rows against {100 * of_all:.0f} % of all rows"
            yield cluster, Difference(name, value, share, of_all, float(effects[cluster, code]), words)


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
