"""The default method with one of its parts left out, to measure what the part is good for."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, final

from vaecluster.benchmark.methods import EstimatorMethod
from vaecluster.benchmark.runs import Method
from vaecluster.data.dataset import Array
from vaecluster.errors import SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.training.presets import Kind, preset_settings
from vaecluster.training.shared_settings import SharedSettings
from vaecluster.views.pipeline import Views
from vaecluster.views.presets import as_views

EVERYTHING = "all"
# The largest share of the epochs that components may have, up to rounding: the second stage is one epoch at least.
MOST_SHARE = 1 - 1e-6


@final
@dataclass(frozen=True)
class Whole:
    """What something is left out of: the default method as it is set for some data."""

    settings: SharedSettings
    views: Views
    clusters: int
    rows: int

    @property
    def epochs(self) -> int:
        """Of both stages."""
        return self.settings.in_one(self.rows).epochs


@final
@dataclass(frozen=True)
class Ablation:
    """A part by its `name`, and the parameters that leave it out.

    `one_of_two`: the part is the neighbours or the changes, of which the other must be there to be left.
    """

    name: str
    parameters: Callable[[Whole], dict[str, Any]]
    one_of_two: bool = False

    def possible(self, whole: Whole) -> bool:
        """Whether the method has this part and another beside it."""
        return not self.one_of_two or (whole.views.neighbours is not None and bool(whole.views.changes))


def _plain_bound(whole: Whole) -> dict[str, Any]:
    """The bound alone, of su2018: no second view, and none of what is learned from it.

    Dense networks, codes, likelihood and steps are the whole method's; only the networks' batch normalisation is not
    there, which su2018 does not have.
    """
    left_out = {field.name: None for field in fields(SharedSettings) if field.name in VAEClustering().get_params()}
    names = ("hidden", "latent", "likelihood", "precision", "batch_size", "learning_rate")
    same = {name: getattr(whole.settings, name) for name in names}
    su2018 = {"preset": "su2018", "network": "dense", "schedule": "one-cycle", "epochs": whole.epochs}
    return left_out | same | su2018


ABLATIONS = {
    ablation.name: ablation
    for ablation in (
        # A row's view is a change of the row itself.
        Ablation("neighbours", lambda whole: {"views": replace(whole.views, neighbours=None)}, one_of_two=True),
        Ablation("changes", lambda whole: {"views": replace(whole.views, changes=())}, one_of_two=True),
        # Nothing is merged: a component is a cluster from the start.
        Ablation("fine-components", lambda whole: {"components": whole.clusters}),
        Ablation("heads", lambda _: {"heads": 1}),
        # The second stage cannot be shorter than one epoch; the clusters have that one.
        Ablation("refinement", lambda _: {"component_share": MOST_SHARE}),
        Ablation("agreement", lambda _: {"agreement_weight": 0.0}),
        Ablation("views", _plain_bound),
    )
}


def choose_ablations(method: Method, what: str, rows: Array, clusters: int) -> list[EstimatorMethod]:
    """The method without the part of that name; without each in turn for "all", where the data allow it.

    `rows` (rows, *data) say only how many there are and whether they are images. Raises `SettingError` for a method
    that is not the default one, an unknown name, and a part that the method does not have for this kind of data.
    """
    if not isinstance(method, EstimatorMethod) or method.estimator.preset != "shared":
        raise SettingError(f"method is {method.name!r}; parts can be left out of 'shared' only. Leave --without out.")
    if what != EVERYTHING and what not in ABLATIONS:
        names = ", ".join((*ABLATIONS, EVERYTHING))
        raise SettingError(f"--without is {what!r}, which is unknown; expected one of {names}.")
    whole = _whole(method.estimator, rows, clusters)
    chosen = [ablation for name, ablation in ABLATIONS.items() if what in (name, EVERYTHING)]
    possible = [ablation for ablation in chosen if ablation.possible(whole)]
    if not possible:
        raise SettingError(
            f"--without is {what!r}, but the views of these data are neighbours alone or changes alone: nothing could "
            "be left out, or nothing would be left. Leave another part out, or choose --views that are both."
        )
    return [_without(method, ablation, whole) for ablation in possible]


def _whole(estimator: VAEClustering, rows: Array, clusters: int) -> Whole:
    names = {field.name for field in fields(SharedSettings)}
    given = {key: value for key, value in estimator.get_params().items() if key in names and value is not None}
    layout: Kind = "images" if rows.ndim > 2 else "vectors"
    settings = preset_settings("shared", layout, given).resolve(clusters)
    assert isinstance(settings, SharedSettings)
    return Whole(settings, as_views(settings.views, layout), clusters, len(rows))


def _without(method: EstimatorMethod, ablation: Ablation, whole: Whole) -> EstimatorMethod:
    estimator = VAEClustering(**(method.estimator.get_params() | ablation.parameters(whole)))
    return replace(method, estimator=estimator, name=f"{method.name} without {ablation.name}")
