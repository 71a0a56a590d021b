"""Kinds of data: how raw rows are prepared before any method sees them, and what else follows from the kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self, final

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Normalizer

from vaecluster.data.dataset import DataSet
from vaecluster.data.raw import Array
from vaecluster.errors import SettingError

# What scanpy and Seurat keep of log counts, and what scikit-learn recommends for latent semantic analysis.
COUNT_COMPONENTS, TEXT_COMPONENTS = 50, 100


@final
@dataclass(frozen=True)
class KindOfData:
    """What a kind of data is known to need; nothing here is known of a single data set.

    `views` is a name as in `VAEClustering`. `standardise` says that columns come in units of their own, so baselines
    scale them; where all columns share one unit, as components do, their spreads are information. `preparation`
    makes an unfitted pipeline for the training rows (rows, columns); without one the rows stay as they are.
    """

    name: str
    views: str = "auto"
    standardise: bool = False
    preparation: Callable[[Array], Pipeline] | None = None


@final
class LogShares(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Counts (rows, columns) as the logarithm of 1 + the count that a row of median total would have.

    Columns without a count in the training rows are dropped. A row without counts stays zero.
    """

    def fit(self, X: Array, y: object = None) -> Self:
        """Note the columns to keep and the median total."""
        self.columns_ = X.any(0)
        self.median_total_ = np.median(X.sum(1, dtype=np.float64))
        return self

    def transform(self, X: Array) -> Array:
        """(rows, columns) to (rows, kept columns), float32: a table of genes is wide."""
        totals = X.sum(1, dtype=np.float64, keepdims=True)
        factors = self.median_total_ / np.where(totals > 0, totals, 1.0)
        log_shares: Array = np.log1p(X[:, self.columns_] * factors.astype(np.float32), dtype=np.float32)
        return log_shares


def _count_components(rows: Array) -> Pipeline:
    """As scanpy and Seurat do by default: equal totals, logarithms, principal components."""
    return make_pipeline(LogShares(), PCA(min(COUNT_COMPONENTS, *rows.shape), random_state=0))


def _text_components(rows: Array) -> Pipeline:
    """Latent semantic analysis of TF-IDF rows; of unit length again, so that distances are angles."""
    return make_pipeline(TruncatedSVD(min(TEXT_COMPONENTS, *rows.shape), random_state=0), Normalizer())


KINDS = {
    kind.name: kind
    for kind in (
        KindOfData("images"),
        KindOfData("digits", views="digits"),
        KindOfData("clothes", views="clothes"),
        KindOfData("vectors", standardise=True),
        KindOfData("embeddings"),
        KindOfData("text", preparation=_text_components),
        # Not the views "counts": those drop counts, and what is left of them here are components.
        KindOfData("counts", preparation=_count_components),
    )
}

KIND_OF_NAME = {
    "digits": "digits",
    "mnist": "digits",
    "fashion-mnist": "clothes",
    "pendigits": "vectors",
    "imagenet50_moco_val": "embeddings",
    "reuters_r8_tfidf2000": "text",
    "mouse_bladder_cell_select_2100": "counts",
}


def kind_of(data: DataSet, name: str | None = None) -> KindOfData:
    """The kind called `name`; else that of the named data set; else images or vectors, by the layout of the rows.

    Raises `SettingError` if there is no kind of that name.
    """
    name = name or KIND_OF_NAME.get(data.name, "images" if data.x_train.ndim > 2 else "vectors")
    if name not in KINDS:
        raise SettingError(f"kind is {name!r}, which is unknown; expected one of {', '.join(KINDS)}.")
    return KINDS[name]


def prepare(data: DataSet, kind: KindOfData) -> DataSet:
    """The data set with its rows prepared, held-out rows by what the training rows taught: (rows, components).

    Raises `SettingError` if rows that are images would have to be vectors.
    """
    if kind.preparation is None:
        return data
    if data.x_train.ndim > 2:
        raise SettingError(
            f"kind is {kind.name!r}, which is for vectors, but the rows of {data.name} are images. Leave --kind out."
        )
    pipeline = kind.preparation(data.x_train)
    prepared: dict[str, Any] = {"x_train": pipeline.fit_transform(data.x_train)}
    if data.x_test is not None:
        prepared["x_test"] = pipeline.transform(data.x_test)
    return replace(data, **prepared)
