"""Plots of a fit: what each epoch reported, and what speaks for the number of clusters."""

from functools import partial

from matplotlib.axes import Axes

from vaecluster.errors import SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.plot.base import axes_of, fitted_of, palette_of
from vaecluster.report.charts import plain
from vaecluster.report.sections.curves import curves_of, draw_line
from vaecluster.report.sections.number_charts import draw_agreement, draw_density, draw_numbers, name_marks

# Of more numbers below the axis every second one has room.
MOST_TICKS = 12


def history(model: VAEClustering, name: str | None = None, *, ax: Axes | None = None) -> Axes:
    """One quantity over the epochs of the fit; the dot is the last value.

    `name` is one of ``model.history_.curves()``, such as "reconstruction", "mean_confidence" or "learning_rate";
    without it, the first term of the objective. Terms are in nats per row. Raises `SettingError` for another.

    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import VAEClustering, VaDE, plot
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
    >>> plot.history(model, "reconstruction", ax=Figure().subplots()).get_xlabel()
    'epoch'
    """
    curves = curves_of(fitted_of(model).history)
    if name is None:
        name = next(iter(curves))
    if name not in curves:
        raise SettingError(f"name is {name!r}; expected one of {', '.join(curves)}.")
    curve, axes = curves[name], axes_of(ax)
    draw_line(axes, curve.values, palette_of(axes))
    axes.set_xlabel("epoch")
    axes.set_ylabel(plain(f"{curve.name} ({curve.unit})" if curve.unit else curve.name))
    return axes


def number_of_clusters(model: VAEClustering, values: str = "density", *, ax: Axes | None = None) -> Axes:
    """What speaks for each number of clusters, with the number in use and the number found.

    ``"density"`` is how dense rows are between the two clusters that one cluster fewer would merge, against rows
    inside them, equation (24); points below the line, which are filled, have a boundary between them.
    ``"agreement"`` is how far heads agree on the clusters, by the adjusted Rand index. A band spans the numbers that
    heads find, if they differ. Raises `SettingError` if the method weighs no numbers of clusters.

    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import TwoViews, VAEClustering, plot
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=TwoViews(epochs=30, heads=2), random_state=0).fit(X)
    >>> plot.number_of_clusters(model, ax=Figure().subplots()).get_xlabel()
    'number of clusters'
    """
    labels = {
        "density": "density between two clusters, against inside them",
        "agreement": "agreement of the heads (adjusted Rand index)",
    }
    evidence = fitted_of(model).evidence
    if values not in labels:
        raise SettingError(f"values is {values!r}; expected {' or '.join(labels)}.")
    if evidence is None or not len(evidence.density):
        raise SettingError(
            f"The method {model.method_.name!r} has left nothing that speaks for a number of clusters; only two-views "
            "does."
        )
    if values == "agreement" and len(evidence.found) == 1:
        raise SettingError("values is 'agreement', but the fit had one head, which agrees with itself. Use 'density'.")
    draw = partial(draw_density, apart=evidence.apart) if values == "density" else draw_agreement
    axes = axes_of(ax)
    used, found, palette = model.n_clusters_, evidence.clusters, palette_of(axes)
    spread = int(evidence.found.min()), int(evidence.found.max())
    draw_numbers(axes, draw, getattr(evidence, values), used, found, spread, palette)
    name_marks(axes, used, found, palette)
    if len(axes.get_xticks()) > MOST_TICKS:
        axes.set_xticks(axes.get_xticks()[::2])
    axes.set_xlabel("number of clusters")
    axes.set_ylabel(labels[values])
    return axes
