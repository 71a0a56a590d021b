"""The default method with one of its parts left out, to measure what the part is good for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

from benchmarks.methods import EstimatorMethod
from benchmarks.runs import Method
from vaecluster import Bound, TwoViews, settings
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.raw import Array
from vaecluster.data.schema import Schema
from vaecluster.errors import SettingError
from vaecluster.views.pipeline import Views
from vaecluster.views.presets import views_of

EVERYTHING = "all"
# The largest share of the epochs that components may have, up to rounding: the second stage is one epoch at least.
MOST_SHARE = 1 - 1e-6


@final
@dataclass(frozen=True)
class Whole:
    """What something is left out of: the default method, completed for some data."""

    method: TwoViews
    views: Views
    clusters: int


@final
@dataclass(frozen=True)
class Ablation:
    """A part by its `name`, and the settings that leave it out.

    `one_of_two`: the part is the neighbours or the changes, of which the other must be there to be left.
    """

    name: str
    settings: Callable[[Whole], dict[str, Any]]
    one_of_two: bool = False

    def possible(self, whole: Whole) -> bool:
        """Whether the method has this part and another beside it."""
        return not self.one_of_two or (whole.views.neighbours is not None and bool(whole.views.changes))


def _plain_bound(whole: Whole) -> dict[str, Any]:
    """Settings of the bound alone, of su2018: no second view, and none of what is learned from it.

    Dense networks, codes, likelihood and steps are the whole method's; only the networks' batch normalisation is not
    there, which su2018 does not have.
    """
    names = ("hidden", "latent", "likelihood", "precision", "scaling", "batch_size", "learning_rate", "epochs")
    same = {name: getattr(whole.method, name) for name in names}
    return same | {"network": "dense", "schedule": "one-cycle"}


VIEWS = "views"
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
        Ablation(VIEWS, _plain_bound),
    )
}


def choose_ablations(method: Method, what: str, rows: Array, clusters: int) -> list[EstimatorMethod]:
    """The method without the part of that name; without each in turn for "all", where the data allow it.

    `rows` (rows, *data) say only how many there are and whether they are images. Raises `SettingError` for a method
    that is not the default one, an unknown name, and a part that the method does not have for this kind of data.
    """
    if not isinstance(method, EstimatorMethod) or not isinstance(method.method, TwoViews):
        raise SettingError(f"method is {method.name!r}; only 'two-views' has parts to leave out. Leave --without out.")
    if what != EVERYTHING and what not in ABLATIONS:
        names = ", ".join((*ABLATIONS, EVERYTHING))
        raise SettingError(f"--without is {what!r}, which is unknown; expected one of {names}.")
    schema = ArraySource(rows).schema(Reading(method.method.likelihood, "columns"))
    whole = _whole(method.method, schema, len(rows), clusters)
    chosen = [ablation for name, ablation in ABLATIONS.items() if what in (name, EVERYTHING)]
    possible = [ablation for ablation in chosen if ablation.possible(whole)]
    if not possible:
        raise SettingError(
            f"--without is {what!r}, but the views of these data are neighbours alone or changes alone: nothing could "
            "be left out, or nothing would be left. Leave another part out, or choose --views that are both."
        )
    return [_without(method, ablation, whole) for ablation in possible]


def _whole(method: TwoViews, schema: Schema, rows: int, clusters: int) -> Whole:
    completed = method.completed(schema, rows, clusters)
    return Whole(completed, views_of(completed.views, schema.kind), clusters)


def _without(method: EstimatorMethod, ablation: Ablation, whole: Whole) -> EstimatorMethod:
    other = ablation.settings(whole)
    name = f"{method.name} without {ablation.name}"
    if ablation.name == VIEWS:
        return method.changed(name, Bound(**other), other)
    given: Mapping[str, Any] = {**method.given, **other}
    return method.changed(name, settings.changed(method.method, other), given)
