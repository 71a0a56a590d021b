"""Plots of rows: where they lie, and how sure their clusters are."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike, NDArray

from vaecluster.errors import DataError
from vaecluster.estimator import VAEClustering
from vaecluster.inference.layout import Layout
from vaecluster.plot.base import axes_of, check_clusters, fitted_of, mark_of, names_of, palette_of

BINS = 20
# The area of a point in square points, from few rows to many.
LARGEST, SMALLEST, INK = 24.0, 1.0, 12_000.0


def map(model: VAEClustering, X: Any, *, values: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """The codes of rows in the plane, in the colour and with the mark of their clusters, which are named in it.

    Rows that are near in their codes are near; the layout knows no clusters (`Layout`). As in the report's map.
    Rows in doubt (-1) are grey. With `values` (n,), such as `model.outlier_score(X)`, colours go from the least of
    them, dark, to the largest; ``plt.colorbar(ax.collections[0], ax=ax)`` adds the scale. Raises `DataError` for other
    than n values.

    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import TwoViews
    >>> X, _ = make_blobs(60, centers=2, n_features=4, random_state=0)
    >>> model = VAEClustering(2, method=TwoViews(epochs=20), random_state=0).fit(X)
    >>> axes = Figure().subplots()
    >>> map(model, X, ax=axes) is axes
    True
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
    palette, size = palette_of(axes), float(np.clip(INK / len(labels), SMALLEST, LARGEST))

    def points(some: NDArray[np.bool_], **look: Any) -> None:
        # As shapes, a hundred thousand points make a file that no program opens with ease.
        axes.scatter(places[some, 0], places[some, 1], s=size, linewidths=0, rasterized=True, **look)

    if numbers is not None:
        points(np.ones(len(labels), dtype=np.bool_), c=numbers, cmap="viridis")
    elif (labels < 0).any():
        points(labels < 0, color="0.5", label="in doubt")
    for cluster, name in enumerate(names_of(model, range(model.n_clusters_))):
        own = labels == cluster
        if own.any():
            colour, marker = mark_of(cluster)
            if numbers is None:
                points(own, color=colour, marker=marker, label=name)
            halo = withStroke(linewidth=3, foreground=palette.paper)
            middle = np.median(places[own], axis=0)
            look: dict[str, Any] = {"color": palette.ink, "weight": "bold", "path_effects": [halo], "zorder": 4}
            # Above the middle, so that a small cluster is not under its name.
            axes.annotate(name, middle, (0, 4), textcoords="offset points", ha="center", va="bottom", **look)
    axes.set_aspect("equal", adjustable="datalim")
    # Only near and far mean something here: no axis has a unit.
    axes.set(xticks=[], yticks=[], xlabel="near where codes are near")
    return axes


def confidence(model: VAEClustering, X: Any = None, *, cluster: int | None = None, ax: Axes | None = None) -> Axes:
    """How many rows are how sure of their clusters: all rows, or those of one cluster. The mean is marked.

    Without `X` it is of the rows of the fit; raises `AttributeError` for a model from a file, which holds none, and
    `SettingError` for a cluster that is not there.
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
