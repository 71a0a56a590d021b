"""Plots of what rows look like: members beside generated ones, and the way from one cluster to another."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from PIL import Image

from vaecluster.data.given import given_rows
from vaecluster.errors import SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.inference.between import Between, between
from vaecluster.look import WALL_ROWS
from vaecluster.look.walls import CLEAR, GAP
from vaecluster.plot.base import axes_of, check_clusters, fitted_of, names_of, palette_of
from vaecluster.report.charts import mark_of
from vaecluster.report.showing import Showing
from vaecluster.row_kind import RowKind
from vaecluster.runs.examples import drawn, examples_of
from vaecluster.settings import is_whole
from vaecluster.training.device import isolated

# Pixels between members and generated rows.
BETWEEN = 12


def walls(
    model: VAEClustering,
    X: Any = None,
    *,
    clusters: Sequence[int] | None = None,
    n_rows: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Images of each cluster in a line: some of its members on the left, as many generated ones on the right.

    Members are drawn at random from the rows `X`, the same each time; without `X` there are generated ones alone,
    equation (34). Windows of time are drawn as lines. Raises `SettingError` for rows that are no pictures, of which
    `profile` says what sets their clusters apart.

    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import load_digits
    >>> from vaecluster import VAEClustering, VaDE, plot
    >>> X = load_digits().images[:60]
    >>> model = VAEClustering(2, method=VaDE(epochs=5), random_state=0).fit(X)
    >>> axes = plot.walls(model, X, n_rows=4, ax=Figure().subplots())
    >>> [label.get_text() for label in axes.get_xticklabels()]
    ['rows of the data', 'generated']
    """
    schema = fitted_of(model).schema
    if schema.kind is RowKind.VECTORS:
        raise SettingError(
            "walls shows images and windows of time, but the model is of vectors or tables. Use plot.profile, which "
            "shows what sets a cluster apart."
        )
    if not is_whole(n_rows, 1, WALL_ROWS):
        raise SettingError(f"n_rows is {n_rows!r}; expected a whole number from 1 to {WALL_ROWS}.")
    chosen = list(range(model.n_clusters_)) if clusters is None else list(clusters)
    if not chosen:
        raise SettingError("clusters is empty; expected some clusters, or None for all.")
    for cluster in chosen:
        check_clusters(model, clusters=cluster)
    sides = {} if X is None else {"rows of the data": _members(model, X, chosen)}
    sides["generated"] = {cluster: model.sample(n_rows, cluster=cluster, random_state=0) for cluster in chosen}
    shown = Showing(schema, next(iter(sides.values())))
    strips = [[shown(side[cluster][:n_rows]).strip(n_rows) for cluster in chosen] for side in sides.values()]
    image, across, down = _side_by_side(strips)  # type: ignore[arg-type]
    axes = _picture(image, ax)
    axes.set_xticks(across, list(sides))
    axes.set_yticks(down, names_of(model, chosen))
    axes.set_ylabel("cluster")
    return axes


def interpolation(model: VAEClustering, start: int, end: int, *, n_steps: int = 11, ax: Axes | None = None) -> Axes:
    """What lies on the way from the middle of one cluster to that of another, by equal steps between their codes.

    Of images and windows of time these are the rows that the codes stand for. Of other rows it is how likely such a
    row belongs to each of the two clusters, and to any other, so that one sees where the border lies. Raises
    `SettingError` for a cluster that is not there.

    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import load_digits
    >>> from vaecluster import VAEClustering, VaDE, plot
    >>> X = load_digits().images[:60]
    >>> model = VAEClustering(2, method=VaDE(epochs=5), random_state=0).fit(X)
    >>> plot.interpolation(model, 0, 1, n_steps=5, ax=Figure().subplots()).get_xlabel()
    'equal steps of the code'
    """
    fitted = fitted_of(model)
    check_clusters(model, start=start, end=end)
    if not is_whole(n_steps, 2, WALL_ROWS):
        raise SettingError(f"n_steps is {n_steps!r}; expected a whole number from 2 to {WALL_ROWS}.")
    with isolated():
        found = between(fitted.model, fitted.schema, fitted.confidence, int(start), int(end), int(n_steps))
    if fitted.schema.kind is RowKind.VECTORS:
        return _probabilities(model, found, start, end, axes_of(ax))
    strip = Showing(fitted.schema, {start: found.rows})(found.rows).strip(n_steps)
    image, _, _ = _side_by_side([[strip]])  # type: ignore[list-item]
    axes = _picture(image, ax)
    half = image.width / n_steps / 2
    axes.set_xticks([half, image.width - half], [f"cluster {name}" for name in names_of(model, (start, end))])
    axes.set_yticks([])
    axes.set_xlabel("equal steps of the code")
    return axes


def _members(model: VAEClustering, X: Any, clusters: Sequence[int]) -> dict[int, Any]:
    """Some rows of each cluster, drawn as for the report."""
    given = given_rows(model, X, model.fitted_.schema)
    labels = model.predict(X)
    return examples_of(drawn({cluster: np.flatnonzero(labels == cluster) for cluster in clusters}), given.array)


def _side_by_side(strips: Sequence[Sequence[Image.Image]]) -> tuple[Image.Image, list[float], list[float]]:
    """The strips of each side below each other, the sides beside each other, and the middles of sides and lines."""
    width, height = strips[0][0].size
    step_x, step_y = width + BETWEEN, height + 2 * GAP
    image = Image.new("RGBA", (len(strips) * step_x - BETWEEN, len(strips[0]) * step_y - 2 * GAP), CLEAR)
    for side, lines in enumerate(strips):
        for line, strip in enumerate(lines):
            image.paste(strip, (side * step_x, line * step_y))
    # A pixel's middle is a whole number of an axis.
    across = [side * step_x + width / 2 - 0.5 for side in range(len(strips))]
    return image, across, [line * step_y + height / 2 - 0.5 for line in range(len(strips[0]))]


def _picture(image: Image.Image, ax: Axes | None) -> Axes:
    axes = axes_of(ax)
    axes.imshow(np.asarray(image))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return axes


def _probabilities(model: VAEClustering, found: Between, start: int, end: int, axes: Axes) -> Axes:
    shares = np.linspace(0, 1, len(found.probabilities))
    for cluster, name in zip((start, end), names_of(model, (start, end)), strict=True):
        colour, marker = mark_of(cluster)
        axes.plot(shares, found.probabilities[:, cluster], color=colour, marker=marker, label=f"cluster {name}")
    if model.n_clusters_ > 2:
        others = np.delete(found.probabilities, [start, end], axis=1).sum(1)
        axes.plot(shares, others, color=palette_of(axes).ink, linestyle=":", label="any other")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("share of the way, in the code")
    axes.set_ylabel("probability of the cluster")
    axes.legend()
    return axes
