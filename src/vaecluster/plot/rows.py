"""Plots of rows: where they lie, and how sure their clusters are."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from vaecluster.errors import DataError
from vaecluster.estimator import VAEClustering
from vaecluster.inference.layout import Layout
from vaecluster.plot.base import axes_of, check_clusters, fitted_of, names_of, palette_of
from vaecluster.report.sections.map import draw_map

BINS = 20


def map(model: VAEClustering, X: Any, *, values: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """The codes of rows in the plane, in the colour and with the mark of their clusters, which are named in it.

    `X` holds n rows. Rows that are near in their codes are near; the layout knows no clusters (`Layout`). Rows in none
    (-1) are grey. With `values` (n,), such as `model.outlier_score(X)`, colours go from the least of them, dark, to
    the largest; ``plt.colorbar(ax.collections[0], ax=ax)`` adds the scale. Raises `DataError` for other than n values.

    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import VAEClustering, VaDE, plot
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
    >>> axes = plot.map(model, X, ax=Figure().subplots())
    >>> [text.get_text() for text in axes.texts]
    ['0', '1', '2']
    """
    fitted_of(model)
    codes, labels = model.transform(X), model.predict(X)
    places = Layout.learned(codes)(codes)
    try:
        numbers = None if values is None else np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"values holds what is no number; expected {len(labels)} numbers, one for each row.") from None
    if numbers is not None and numbers.shape != labels.shape:
        raise DataError(f"values has the shape {numbers.shape}; expected a number for each of {len(labels)} rows.")
    axes = axes_of(ax)
    draw_map(axes, places, labels, names_of(model, range(model.n_clusters_)), palette_of(axes), numbers)
    axes.set_aspect("equal", adjustable="datalim")
    # Only near and far mean something here: no axis has a unit.
    axes.set(xticks=[], yticks=[], xlabel="near where codes are near")
    return axes


def confidence(model: VAEClustering, X: Any = None, *, cluster: int | None = None, ax: Axes | None = None) -> Axes:
    """How many rows are how sure of their clusters: all rows, or those of one cluster. The mean is marked.

    Without `X` it is of the rows of the fit; raises `AttributeError` for a model from a file, which holds none, and
    `SettingError` for a cluster that is not there.

    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import VAEClustering, VaDE, plot
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
    >>> plot.confidence(model, cluster=1, ax=Figure().subplots()).get_ylabel()
    'rows of cluster 1'
    """
    fitted_of(model)
    if cluster is not None:
        check_clusters(model, cluster=cluster)
    found = (model.labels_, model.confidence_) if X is None else model.assign(X)
    sure = found[1] if cluster is None else found[1][found[0] == cluster]
    axes = axes_of(ax)
    palette = palette_of(axes)
    axes.hist(sure, bins=BINS, range=(0, 1), color=palette.mark, rwidth=0.9)
    if len(sure):
        axes.axvline(sure.mean(), color=palette.ink, linewidth=1, linestyle="--")
        # To the left: most rows are surer than halfway.
        side = "right" if sure.mean() > 0.5 else "left"
        axes.annotate(
            f"mean {sure.mean():.2f}",
            (sure.mean(), 1),
            xycoords=axes.get_xaxis_transform(),
            xytext=(-4 if side == "right" else 4, -4),
            textcoords="offset points",
            ha=side,
            va="top",
            color=palette.ink,
        )
    axes.set_xlim(0, 1)
    axes.set_xlabel("confidence (probability of the cluster)")
    axes.set_ylabel("rows" if cluster is None else f"rows of cluster {names_of(model, [cluster])[0]}")
    return axes
