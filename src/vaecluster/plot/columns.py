"""Plots of the columns of tables."""

from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from vaecluster.errors import SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.plot.base import axes_of, check_clusters, fitted_of, palette_of
from vaecluster.report.charts import plain

# Letters in a line of what a bar says.
WIDTH = 34
# Fewer bars than these would be thick.
FEWEST = 3


def profile(model: VAEClustering, cluster: int, X: Any = None, *, ax: Axes | None = None) -> Axes:
    """What sets a cluster apart: the columns in which it differs most from all rows, the largest difference on top.

    Without `X` it is what the fit found in its own rows, which is there if their columns have names; with `X` it is
    ``model.profile(X)``. Raises `SettingError` for a cluster that is not there, and without `X` where the fit found
    nothing; `DataError` for images and for counts of genes, which `marker_genes` compares.

    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import VAEClustering, VaDE, plot
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
    >>> plot.profile(model, 1, X, ax=Figure().subplots()).get_xlabel()
    'difference from all rows (std. deviations)'
    """
    fitted = fitted_of(model)
    check_clusters(model, cluster=cluster)
    found = fitted.profile if X is None else model.profile(X)
    if found is None:
        raise SettingError(
            "This model holds no profile: columns of the fit have no names, it was cut, or its file is of an older "
            "version. Give the rows, as in plot.profile(model, cluster, X)."
        )
    axes = axes_of(ax)
    palette, some = palette_of(axes), found[cluster]
    places = np.arange(len(some))
    axes.barh(places, [one.effect for one in some], color=palette.mark, height=0.6)
    axes.axvline(0, color=palette.ink, linewidth=0.8)
    axes.set_yticks(places, [plain(fill(one.words, WIDTH)) for one in some])
    axes.set_ylim(max(len(some), FEWEST) - 0.5, -0.5)
    if not some:
        axes.text(0.5, 0.5, "like all rows in every column", ha="center", transform=axes.transAxes)
    axes.set_xlabel("difference from all rows (std. deviations)")
    return axes
