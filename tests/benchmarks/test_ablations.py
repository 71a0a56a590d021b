import json
from functools import cache

import numpy as np
import pytest

from benchmarks.ablations import ABLATIONS, choose_ablations
from benchmarks.kinds import KINDS
from benchmarks.methods import EstimatorMethod, choose_method
from builders import images
from vaecluster import TwoViews
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.errors import SettingError
from vaecluster.views import Neighbours, RandomCrop

IMAGES, VECTORS = np.zeros((1000, 8, 8)), np.zeros((1000, 4))
pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")


def without(what: str, kind: str = "digits", **given) -> EstimatorMethod:
    rows = VECTORS if kind == "vectors" else IMAGES
    (method,) = choose_ablations(choose_method("two-views", KINDS[kind], given), what, rows, 10)
    return method


@cache
def method_of(what: str | None) -> EstimatorMethod:
    """The whole, or what is left of it without a part; small enough to be fitted in a moment."""
    whole = choose_method("two-views", KINDS["digits"], {"epochs": 2, "hidden": (16,), "components": 12})
    return choose_ablations(whole, what, images(), 4)[0] if what else whole


@cache
def settings_of(what: str | None) -> dict:
    """All settings of its fit."""
    return method_of(what).fit(images(), 4, seed=0).settings


@pytest.mark.parametrize("what", [what for what in ABLATIONS if what != "views"])
def test_all_but_one_setting_is_that_of_the_whole(what):
    assert method_of(what).name == f"{method_of(None).name} without {what}"
    before, after = settings_of(None), settings_of(what)
    changed = {name for name in before if before[name] != after[name]}
    expected = {
        "neighbours": {"views"},
        "changes": {"views"},
        "fine-components": {"components"},
        "heads": {"heads"},
        "refinement": {"component_share"},
        "agreement": {"agreement_weight"},
    }
    assert changed == expected[what]


@pytest.mark.parametrize("what", ABLATIONS)
def test_parameters_and_settings_are_what_json_holds(what):
    for plain in (method_of(what).parameters(), settings_of(what)):
        assert json.loads(json.dumps(plain)) == plain


def test_views_without_neighbours_are_the_changes_and_the_other_way_round():
    def names(what: str) -> list[str]:
        return [view["view"] for view in without(what).parameters()["views"]]

    assert names("neighbours") == ["RandomAffine"]
    assert names("changes") == ["Neighbours"]


def test_there_are_as_many_components_as_clusters_where_nothing_is_merged():
    method = without("fine-components", epochs=2)
    model = method.fit(images(), 10, seed=0).clustering
    assert sorted(model.hierarchy_.cut(10)) == list(range(10))


def test_without_refinement_the_clusters_have_one_epoch():
    model = without("refinement", epochs=6, components=12).fit(images(), 4, seed=0).clustering
    first, second = model.method_.plans().values()
    assert (first.epochs, second.epochs) == (5, 1)
    assert len(model.history_.epochs) == 6


def test_without_agreement_it_weighs_nothing():
    assert without("agreement").parameters()["agreement_weight"] == 0


@pytest.mark.parametrize("kind", ["digits", "vectors"])
@pytest.mark.parametrize("epochs", [None, 6])
def test_without_views_the_plain_bound_has_the_networks_and_steps_of_the_whole(kind, epochs):
    parameters = without("views", kind, epochs=epochs).parameters()
    rows = ArraySource(VECTORS if kind == "vectors" else IMAGES)
    settings = TwoViews(epochs=epochs).completed(rows.schema(Reading("gaussian", "columns")), 1000, 10)
    same = ("latent", "precision", "batch_size", "learning_rate", "likelihood")
    assert {name: parameters[name] for name in same} == {name: getattr(settings, name) for name in same}
    assert parameters["hidden"] == list(settings.hidden)
    assert parameters["epochs"] == settings.epochs
    assert (parameters["method"], parameters["network"]) == ("su2018", "dense")
    assert parameters["schedule"] == "one-cycle"
    assert "views" not in parameters


def test_all_is_each_that_the_views_allow():
    def names(*views) -> list[str]:
        whole = choose_method("two-views", KINDS["images"], {"views": list(views)})
        methods = choose_ablations(whole, "all", IMAGES, 10)
        return [method.name.removeprefix("two-views without ") for method in methods]

    assert names(Neighbours(), RandomCrop()) == list(ABLATIONS)
    assert names(RandomCrop()) == names(Neighbours()) == list(ABLATIONS)[2:]


@pytest.mark.parametrize("what", ["neighbours", "changes"])
@pytest.mark.parametrize("alone", [Neighbours(), RandomCrop()])
def test_views_of_one_sort_cannot_be_left_without_it(what, alone):
    with pytest.raises(SettingError, match=f"--without is '{what}'"):
        without(what, views=[alone])


def test_unknown_parts_and_other_methods_are_refused():
    with pytest.raises(SettingError, match=r"'head', which is unknown.*heads.*all"):
        without("head")
    for name in ("su2018", "kmeans"):
        with pytest.raises(SettingError, match=f"method is '{name}'"):
            choose_ablations(choose_method(name, KINDS["digits"]), "heads", IMAGES, 10)
