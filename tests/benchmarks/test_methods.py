import json

import numpy as np
import pytest

from benchmarks.__main__ import app, suiting
from benchmarks.baselines import BASELINES
from benchmarks.kinds import KINDS
from benchmarks.methods import READ_RAW, choose_finding, choose_method
from benchmarks.peers import PEERS
from vaecluster.clusters.number import Evidence
from vaecluster.errors import SettingError
from vaecluster.files import record
from vaecluster.methods import METHODS
from vaecluster.views import GaussianNoise, Neighbours

ALL = [*METHODS, *BASELINES]
# Enough for 150 rows in a second.
SMALL = {"epochs": 100, "batch_size": 100, "learning_rate": 0.01, "hidden": (32,), "latent": 2, "components": 12}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_method_has_its_name_and_parameters_that_json_holds(name, kind):
    method = choose_method(name, kind)
    assert method.name == name
    assert json.loads(json.dumps(method.parameters())) == method.parameters()


def test_the_help_names_every_method(capsys):
    app(["--help"], result_action="return_value")
    words = capsys.readouterr().out.replace("│", " ").split()
    assert {*ALL, *PEERS} <= {word.strip(",.;") for word in words}


def run(*words):
    app([str(word) for word in words], result_action="return_value")


@pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
def test_the_bound_of_a_method_that_has_one_is_measured(tmp_path):
    run("--data", "digits", "--methods", "vade", "--set", "epochs=1", "--output", tmp_path, "--quiet")
    result = json.loads((tmp_path / "digits-vade-1-epochs.json").read_text())
    assert np.isfinite(result["summary"]["bound"]["bound"]["mean"])


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--methods", "vade,dec", "--set", "epochs=1"], "--set is for one method"),
        (["--methods", "all", "--set", "epochs=1"], "--set is for one method"),
        (["--methods", ","], "--methods is ','"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is(words, parts, tmp_path):
    with pytest.raises(SettingError, match=parts):
        run("--data", "digits", *words, "--output", tmp_path)
    assert not list(tmp_path.iterdir())


def test_all_methods_are_those_that_suit_the_kind():
    vectors, counts = (suiting(KINDS[name]) for name in ("vectors", "counts"))
    assert {*ALL, *PEERS} - set(vectors) == {"scanpy", "scvi", "scvi-to-k"}
    assert {*ALL, *PEERS} == set(counts)


def test_what_fails_does_not_keep_others_from_being_measured(tmp_path):
    with pytest.raises(SettingError, match=r"digits, kmean: .*'kmean'"):
        run("--data", "digits", "--methods", "kmean,kmeans", "--output", tmp_path, "--seeds", 2, "--quiet")
    result = json.loads((tmp_path / "digits-kmeans.json").read_text())
    assert [run["seed"] for run in result["runs"]] == [0, 1]
    assert "bound" not in result["runs"][0]["bound"]


@pytest.mark.parametrize("name", METHODS)
def test_fits_of_other_lengths_go_by_other_names(name):
    names = [
        choose_method(name, KINDS["vectors"], {"epochs": epochs} if epochs else {}).name for epochs in (None, 2, 20)
    ]
    assert names == [name, f"{name}, 2 epochs", f"{name}, 20 epochs"]
    finding = choose_method("two-views", KINDS["vectors"], {"epochs": 2})
    assert choose_finding(finding).name == f"{finding.name} auto"


@pytest.mark.parametrize("name", ALL)
def test_how_much_is_shown_is_no_parameter(name):
    kind = KINDS["vectors"]
    assert choose_method(name, kind, verbose=1).parameters() == choose_method(name, kind).parameters()


def test_a_kind_gives_each_method_the_settings_that_it_has():
    assert choose_method("two-views", KINDS["clothes"]).parameters()["views"] == "clothes"
    assert "views" not in choose_method("su2018", KINDS["clothes"]).parameters()
    assert choose_method("kmeans", KINDS["vectors"]).parameters()["standardise"]
    assert not choose_method("kmeans", KINDS["counts"]).parameters()["standardise"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in METHODS for kind in KINDS.values() if not (name in READ_RAW and kind.preparation)],
    ids=lambda part: getattr(part, "name", part),
)
def test_columns_in_units_of_their_own_are_scaled_by_themselves_and_others_alike(name, kind):
    expected = "columns" if kind.standardise else "common"
    assert choose_method(name, kind).parameters()["scaling"] == expected
    assert choose_method(name, kind, {"scaling": "columns"}).parameters()["scaling"] == "columns"


@pytest.mark.parametrize("kind", ["counts", "text"])
def test_a_method_that_reads_raw_rows_is_told_nothing_of_their_kind(kind):
    assert choose_method("two-views", KINDS[kind]).parameters() == {"method": "two-views", "device": "auto"}


def test_what_is_given_comes_before_the_kind():
    assert choose_method("two-views", KINDS["clothes"], {"views": "auto"}).parameters()["views"] == "auto"
    assert choose_method("autoencoder-kmeans", KINDS["clothes"], {"epochs": 3}).parameters()["epochs"] == 3


def test_unknown_names_and_parameters_are_refused():
    with pytest.raises(SettingError, match=r"'kmean'.*kmeans"):
        choose_method("kmean", KINDS["vectors"])
    with pytest.raises(SettingError, match=r"epochs is 3.*'kmeans'"):
        choose_method("kmeans", KINDS["vectors"], {"epochs": 3})
    with pytest.raises(SettingError, match="views"):
        choose_method("su2018", KINDS["vectors"], {"views": "auto"})


@pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_fitted_with_the_seed_and_says_every_setting(name, blobs):
    method = choose_method(name, KINDS["vectors"], {"epochs": 2} | ({"components": 12} if name == "two-views" else {}))
    outcome = method.fit(blobs, 3, seed=4)
    assert outcome.clustering.n_clusters == 3
    assert outcome.clustering.random_state == 4
    assert outcome.settings["epochs"] == 2
    assert len(outcome.facts["history"]["seconds"]) >= 2
    assert (method.fit(blobs, 3, seed=4).clustering.labels_ == outcome.clustering.labels_).all()


def test_settings_are_written_with_their_views_by_name():
    views = [Neighbours(5), GaussianNoise(0.1)]
    method = choose_method("two-views", KINDS["vectors"], {"views": views, "hidden": (16, 16)})
    expected = ["Neighbours", "GaussianNoise"], [16, 16]
    parameters = method.parameters()
    assert ([view["view"] for view in parameters["views"]], parameters["hidden"]) == expected
    assert json.loads(json.dumps(parameters)) == parameters


@pytest.fixture(scope="module")
def told_two(blobs):
    """What a fit that finds the number leaves where it is told another."""
    return choose_finding(choose_method("two-views", KINDS["vectors"], SMALL)).fit(blobs, 2, seed=0)


def test_a_method_that_is_not_told_the_number_says_what_it_found(blobs, told_two):
    method = choose_finding(choose_method("two-views", KINDS["vectors"], SMALL))
    assert method.name.startswith("two-views, 100 epochs, rate 0.01, ")
    assert method.name.endswith(" auto")
    assert method.parameters()["n_clusters"] == "auto"
    outcome = method.fit(blobs, 7, seed=0)
    assert outcome.facts["found"] == outcome.clustering.n_clusters_ == 3
    assert outcome.facts["strength"] == "clear"
    evidence = record.typed(Evidence, json.loads(json.dumps(outcome.facts["evidence"])))
    assert (evidence.clusters, evidence.strength) == (3, "clear")
    assert (told_two.clustering.labels_ == outcome.clustering.labels_).all()


def test_a_method_that_is_told_the_number_says_what_it_would_have_found(blobs, told_two):
    told = choose_method("two-views", KINDS["vectors"], SMALL)
    facts, finding = told.fit(blobs, 2, seed=0).facts, told_two.facts
    for name in ("found", "strength", "evidence"):
        assert facts[name] == finding[name]
    assert facts["found"] == 3
    # What has no evidence says nothing of it.
    assert set(choose_method("su2018", KINDS["vectors"], {"epochs": 1}).fit(blobs, 2, seed=0).facts) == {
        "ending",
        "history",
    }


@pytest.mark.parametrize("name", ["su2018", "kmeans"])
def test_what_finds_no_number_must_be_told(name):
    with pytest.raises(SettingError, match=f"'{name}', which needs the number of clusters"):
        choose_finding(choose_method(name, KINDS["vectors"]))
