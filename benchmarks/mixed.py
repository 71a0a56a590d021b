"""Public tables of numbers and categories whose classes are known. No label takes part in a fit.

`python -m benchmarks.mixed` fits every table with every seed, told the number of classes, next to k-prototypes,
k-means, and UMAP with a Gaussian mixture; then it removes a fifth of the values at random and asks for them again.
Tables that are not in scikit-learn, and the others' packages, come with `make peers`. A run that was stopped goes on.

All methods see the same columns. Numbers are standardised for the others, categories one-hot, and gaps filled with the
median and the most frequent category.
"""

import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv
from sklearn import datasets
from sklearn.cluster import KMeans
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from benchmarks.cases import Case, Labels, main
from benchmarks.peers import SCRIPT, KPrototypes, UmapMixture, python
from vaecluster import VAEClustering
from vaecluster.data.frames import columns_of
from vaecluster.data.kinds import kinds_of
from vaecluster.data.raw import Array, Doubles

RESULTS = Path(__file__).parent / "results" / "mixed" / "mixed.json"
NUMBERS = ("number", "amount", "count", "date")
# This share of the values is removed and asked for again; of k-means the best of so many starts.
REMOVED, STARTS = 0.2, 10


@cache
def _folder() -> Path:
    """Where the tables of the peers' environment lie, for as long as this process."""
    folder = Path(tempfile.mkdtemp())
    subprocess.run([python(), str(SCRIPT.with_name("tables.py")), str(folder)], check=True)
    return folder


def shipped(name: str, classes: str, *without: str) -> Callable[[Any], tuple[Any, Labels]]:
    """A table, and the column of its classes; `without` are those that name rows or give the class away."""

    def make(_: Any) -> tuple[Any, Labels]:
        as_text = csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
        table = csv.read_csv(_folder() / f"{name}.csv", convert_options=as_text)
        labels = np.unique(table[classes].to_pylist(), return_inverse=True)[1]
        return table.drop_columns(["rownames", classes, *without]), labels

    return make


def of_numbers(load: Callable[..., Any]) -> Callable[[Any], tuple[Any, Labels]]:
    """A table of scikit-learn."""

    def make(_: Any) -> tuple[Any, Labels]:
        data = load()
        return pa.table(dict(zip(map(str, data.feature_names), data.data.T, strict=True))), data.target

    return make


NUMBERS_ALONE, MIXED = "numbers", "mixed"
CASES = (
    Case("iris", NUMBERS_ALONE, of_numbers(datasets.load_iris)),
    Case("wine", NUMBERS_ALONE, of_numbers(datasets.load_wine)),
    Case("breast cancer", NUMBERS_ALONE, of_numbers(datasets.load_breast_cancer)),
    Case("biopsy", NUMBERS_ALONE, shipped("MASS-biopsy", "class", "ID")),
    Case("penguins", MIXED, shipped("palmerpenguins-penguins", "species")),
    Case("crabs", MIXED, shipped("MASS-crabs", "sp", "index")),
    # The site where one was caught tells its population.
    Case("possum", MIXED, shipped("openintro-possum", "pop", "site")),
    Case("cars", MIXED, shipped("MASS-Cars93", "Type", "Manufacturer", "Model", "Make")),
    Case("athletes", MIXED, shipped("DAAG-ais", "sex")),
    Case("mpg", MIXED, shipped("ggplot2-mpg", "class", "manufacturer", "model")),
)


def measure(table: pa.Table, classes: Labels, seed: int) -> dict[str, Any]:
    """NMI and ARI of each method, and its errors in what was removed."""
    kinds = {name: kind.name for name, kind in kinds_of(columns_of(table), {}).items() if kind.learned}
    table, number = table.select(list(kinds)), len(np.unique(classes))
    start = time.process_time()
    found: dict[str, Labels] = {"two-views": VAEClustering(number, random_state=seed, device="cpu").fit(table).labels_}
    seconds = time.process_time() - start
    found |= others(Coded(table, kinds), number, seed)
    return {
        "rows": len(classes),
        "kinds": kinds,
        "classes": number,
        "seconds": round(seconds, 1),
        "nmi": {name: float(normalized_mutual_info_score(classes, labels)) for name, labels in found.items()},
        "ari": {name: float(adjusted_rand_score(classes, labels)) for name, labels in found.items()},
        "imputed": imputed(table, kinds, number, seed),
    }


class Coded:
    """A table as numbers: those of numeric columns as they are, categories as places; NaN where a value is missing."""

    def __init__(self, table: pa.Table, kinds: dict[str, str], like: "Coded | None" = None) -> None:
        self.numeric = np.array([kind in NUMBERS for kind in kinds.values()])
        columns = [column.to_pylist() for column in table.columns]
        self.places = (
            [
                None if numeric else {value: n for n, value in enumerate(sorted(set(values) - {None}))}
                for numeric, values in zip(self.numeric, columns, strict=True)
            ]
            if like is None
            else like.places
        )
        coded = [
            [np.nan if value is None else value if place is None else place[value] for value in values]
            for place, values in zip(self.places, columns, strict=True)
        ]
        self.values = np.array(coded, dtype=np.float64).T

    def usual(self) -> Doubles:
        """The median of each numeric column, and the most frequent category of each other."""
        return np.array(
            [
                np.nanmedian(values) if numeric else np.bincount(values[~np.isnan(values)].astype(int)).argmax()
                for numeric, values in zip(self.numeric, self.values.T, strict=True)
            ]
        )

    def filled(self) -> Doubles:
        """Every gap with the usual value."""
        return np.where(np.isnan(self.values), self.usual(), self.values)

    def wide(self, values: Doubles, first: int = 0) -> Doubles:
        """Numbers standardised, categories one-hot from the first on; NaN in all entries where a value is missing."""
        parts = []
        for place, column, own in zip(self.places, values.T, self.values.T, strict=True):
            if place is None:
                parts.append((column - np.nanmean(own))[:, None] / (np.nanstd(own) or 1))
            else:
                hot = (column[:, None] == np.arange(len(place))).astype(np.float64)
                parts.append(np.where(np.isnan(column)[:, None], np.nan, hot)[:, first:])
        return np.hstack(parts)

    def narrow(self, wide: Doubles) -> Doubles:
        """The way back without the first category's entry; the category whose entry is the largest."""
        made, start = [], 0
        for place, own in zip(self.places, self.values.T, strict=True):
            end = start + (1 if place is None else len(place) - 1)
            part = wide[:, start:end]
            if place is None:
                made.append(part[:, 0] * (np.nanstd(own) or 1) + np.nanmean(own))
            else:
                made.append(np.column_stack([1 - part.sum(1), part]).argmax(1))
            start = end
        return np.column_stack(made)


def others(coded: Coded, number: int, seed: int) -> dict[str, Labels]:
    """The clusters of each other method."""
    filled = coded.filled()
    wide = coded.wide(filled)
    categorical = tuple(np.flatnonzero(~coded.numeric).tolist())
    kmeans: Labels = KMeans(number, n_init=STARTS, random_state=seed).fit_predict(wide)
    umap = UmapMixture("umap-mixture").fit(wide, number, seed).clustering.predict(wide)
    found = {"k-means": kmeans, "umap-mixture": umap}
    # Without categories k-prototypes is k-means, and refuses.
    if categorical:
        standard = np.where(coded.numeric, (filled - filled.mean(0)) / np.maximum(filled.std(0), 1e-12), filled)
        prototypes = KPrototypes("k-prototypes", categorical=categorical).fit(standard, number, seed)
        found["k-prototypes"] = prototypes.clustering.predict(standard)
    return found


def imputed(table: pa.Table, kinds: dict[str, str], number: int, seed: int) -> dict[str, dict[str, float]]:
    """What each method makes of values that were removed: its errors."""
    truth = Coded(table, kinds)
    random = np.random.default_rng([seed, 1])
    removed = (random.random(truth.values.shape) < REMOVED) & ~np.isnan(truth.values)
    columns = [
        pa.array([None if gone else value for gone, value in zip(mask, column.to_pylist(), strict=True)], column.type)
        for mask, column in zip(removed.T, table.columns, strict=True)
    ]
    holed = pa.table(dict(zip(table.column_names, columns, strict=True)))
    coded = Coded(holed, kinds, truth)
    model = VAEClustering(number, columns=kinds, random_state=seed, device="cpu").fit(holed)
    # With an entry for every category each would follow from the others, and stay what it was filled with.
    linear = IterativeImputer(random_state=seed, max_iter=20).fit_transform(coded.wide(coded.values, first=1))
    found = {
        "two-views": Coded(model.impute(holed), kinds, truth).values,
        "usual": coded.filled(),
        "iterative": coded.narrow(linear),
    }
    return {name: errors(values, truth, removed) for name, values in found.items()}


def errors(values: Doubles, truth: Coded, removed: Array) -> dict[str, float]:
    """The root mean square error of standardised numbers, and the share of categories that are wrong."""
    numbers, categories = removed & truth.numeric, removed & ~truth.numeric
    spread = np.maximum(np.nanstd(truth.values, axis=0), 1e-12)
    off = ((values - truth.values) / spread)[numbers]
    found = {"numbers": float(np.sqrt(np.mean(off**2)))}
    if categories.any():
        found["categories"] = float((values != truth.values)[categories].mean())
    return found


if __name__ == "__main__":
    main(__doc__, CASES, measure, RESULTS)
