"""What all plots have in common: where they are drawn, on which paper, and what clusters are called."""

from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from sklearn.utils.validation import check_is_fitted

from vaecluster.errors import SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.look import cut
from vaecluster.methods import Fitted
from vaecluster.report.charts import DARK, LIGHT, Palette, luminance, plain
from vaecluster.settings import is_whole

# Letters of a name.
NAME = 30


def axes_of(ax: Any) -> Axes:
    """The axes that were given, or else pyplot's current ones; raises `SettingError` for what is none."""
    if ax is None:
        # Whoever gives axes may have no use for pyplot, and what it loads.
        from matplotlib import pyplot

        ax = pyplot.gca()
    if not isinstance(ax, Axes):
        raise SettingError(f"ax is a {type(ax).__name__}; expected one Axes, such as one entry of plt.subplots(2)[1].")
    if ax.name in ("polar", "3d"):
        raise SettingError(f"ax has the projection {ax.name!r}; expected plain axes, such as plt.subplots()[1].")
    return ax


def palette_of(axes: Axes) -> Palette:
    """The colours that are seen best on the paper below the axes."""
    paper = axes.get_facecolor()
    if to_rgba(paper)[3] == 0:
        paper = axes.figure.get_facecolor()
    return LIGHT if luminance(paper) > 0.2 else DARK


def fitted_of(model: VAEClustering) -> Fitted:
    """What was fitted; raises `NotFittedError` before a fit."""
    check_is_fitted(model)
    return model.fitted_


def check_clusters(model: VAEClustering, **clusters: Any) -> None:
    """Raise `SettingError` for a cluster that is not there, by the name of the argument."""
    for name, cluster in clusters.items():
        if not is_whole(cluster, 0, model.n_clusters_ - 1):
            raise SettingError(f"{name} is {cluster!r}; expected a cluster from 0 to {model.n_clusters_ - 1}.")


def names_of(model: VAEClustering, clusters: Iterable[int]) -> list[str]:
    """What these clusters are called: their names, cut where they are long, or their numbers."""
    names = model.cluster_names_
    return [plain(cut(names.get(cluster, cluster), NAME)) for cluster in clusters]
