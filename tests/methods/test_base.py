"""What holds of every method with every kind of setting: a table of cases and laws."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from builders import TINY, estimator, frame, images, quiet, splits, tiny, vectors
from vaecluster import VAEClustering
from vaecluster.data.draws import Draws
from vaecluster.errors import SettingError
from vaecluster.inference import answers as answers_of
from vaecluster.methods import METHODS, as_method
from vaecluster.model.networks.initial import start_
from vaecluster.settings import declared
from vaecluster.training.state import tensors_of
from vaecluster.views import FeatureDropout, GaussianNoise, HorizontalFlip, Neighbours, RandomCrop

pytestmark = quiet


def noisy(batch: Tensor, generator: torch.Generator) -> Tensor:
    return batch + 0.1 * torch.randn(batch.shape, generator=generator, dtype=batch.dtype)


def unit(number: int = 40, seed: int = 0) -> np.ndarray:
    return 1 / (1 + np.exp(-vectors(number, seed=seed)))


# Rows to fit to, by their number and seed, and an estimator.
Case = tuple[Callable[..., Any], Callable[[], VAEClustering]]
CASES: dict[str, Case] = {
    "two-views": (vectors, estimator),
    "neighbours and noise": (vectors, lambda: estimator(views=[Neighbours(5), GaussianNoise(0.1)])),
    "dropout": (vectors, lambda: estimator(views=FeatureDropout(0.2))),
    "a preset of views": (images, lambda: estimator(views="digits")),
    "changes of images": (images, lambda: estimator(views=[RandomCrop(0.5), HorizontalFlip()])),
    "a function": (vectors, lambda: estimator(views=[Neighbours(5), noisy])),
    "a frame": (frame, estimator),
    "given shares": (vectors, lambda: estimator(cluster_weights=[3, 2, 1], apartness=0.7)),
    "number to be found": (vectors, lambda: estimator(n_clusters="auto")),
    "one component": (vectors, lambda: estimator(n_clusters=1, components=1)),
    "doubt": (vectors, lambda: estimator(outlier_fraction=0.2, min_confidence=0.5, scaling="common")),
    "bfloat16": (vectors, lambda: estimator(arithmetic="bfloat16", likelihood="gaussian-learned")),
    "probabilities": (unit, lambda: estimator(likelihood="bernoulli")),
    "su2018": (vectors, lambda: estimator("su2018")),
    "convolutions": (images, lambda: estimator("su2018", network="conv", likelihood="bernoulli")),
    "features": (images, lambda: estimator("su2018", cluster_posterior="features", likelihood="gaussian-learned")),
    "learned prior": (
        vectors,
        lambda: estimator("su2018", cluster_posterior="bayes", component_scale="learned", cluster_weights="learned"),
    ),
    "full covariances": (
        vectors,
        lambda: estimator("su2018", cluster_posterior="bayes", component_scale="full", cluster_weights="learned"),
    ),
    "raw weights": (vectors, lambda: estimator("su2018", cluster_weights="raw")),
    "vamp": (vectors, lambda: estimator("su2018", components="vamp", cluster_weights=(0.5, 0.3, 0.2))),
    "vamp of a frame": (frame, lambda: estimator("su2018", components="vamp", early_stopping=True)),
    "vade": (vectors, lambda: estimator("vade")),
    "vade of images": (images, lambda: estimator("vade", warm_epochs=0)),
    "dec": (vectors, lambda: estimator("dec")),
    "idec of a frame": (frame, lambda: estimator("idec", tolerance=0)),
    "stepwise": (vectors, lambda: estimator("stepwise")),
    "stepwise, a mixture of images": (images, lambda: estimator("stepwise", clusterer="mixture")),
    "stepwise, a VAE": (frame, lambda: estimator("stepwise", representation="vae")),
    "dgg": (vectors, lambda: estimator("dgg")),
    "dgg of a frame": (frame, lambda: estimator("dgg", warm_epochs=0, graph_share=0.8)),
}
every_case = pytest.mark.parametrize("case", CASES)


@cache
def fitted(case: str) -> VAEClustering:
    """Fitted once and shared: not to be changed."""
    rows, make = CASES[case]
    return make().fit(rows())


def opened(case: str, folder: Path) -> VAEClustering:
    """The same from a file, with a function among its views given again."""
    fitted(case).save(folder / "model")
    model = VAEClustering.load(folder / "model", device="cpu")
    return model.set_params(method=fitted(case).method) if case == "a function" else model


def bytes_of(values: Any) -> Any:
    return values.to_json(double_precision=15) if isinstance(values, pd.DataFrame) else values.tobytes()


def answers(model: VAEClustering, rows: Any) -> dict[str, Any]:
    asked = ("predict_proba", "transform", "score_samples", "outlier_score", "impute")
    found = {name: bytes_of(getattr(model, name)(rows)) for name in asked}
    found |= {f"cluster {number}": bytes_of(model.sample(2, cluster=number)) for number in range(model.n_clusters_)}
    return found | {"labels": model.predict(rows).tolist(), "sample": bytes_of(model.sample(5))}


@cache
def said(case: str) -> tuple[Any, dict[str, Any]]:
    """Other rows than those of the fit, and what the fitted model answers."""
    rows = CASES[case][0](30, seed=3)
    return rows, answers(fitted(case), rows)


def learned(model: VAEClustering) -> dict[str, Any]:
    """All that a fit leaves behind, as bytes; with it come the same answers, which take longer."""
    weights = {name: values.numpy().tobytes() for name, values in tensors_of(model.model_).items()}
    return weights | {"labels": model.labels_.tobytes(), "confidence": model.confidence_.tobytes()}


def named(tensors: dict[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (values.shape, values.dtype) for name, values in tensors.items()}


# The laws


@every_case
def test_completing_a_completed_method_changes_nothing(case: str) -> None:
    model = fitted(case)
    schema, method = model.fitted_.schema, as_method(CASES[case][1]().method)
    asked = model.n_clusters_
    for clusters in (asked, None) if method.finds_number and case != "given shares" else (asked,):
        whole = method.completed(schema, 40, clusters)
        assert whole.completed(schema, 40, clusters) == whole
        assert whole.completed(schema, 2, clusters) == whole
    assert model.method_.completed(schema, 40, model.n_clusters_) == model.method_


@every_case
def test_a_model_that_is_built_has_the_parts_of_a_fitted_one(case: str) -> None:
    model = fitted(case)
    built = model.method_.build(model.fitted_.schema, model.n_clusters_)
    assert named(tensors_of(built)) == named(tensors_of(model.model_))


@every_case
def test_the_seed_decides_every_byte(case: str) -> None:
    rows, make = CASES[case]
    again, other = make().fit(rows()), make().set_params(random_state=1).fit(rows())
    assert learned(again) == learned(fitted(case)) != learned(other)
    new, expected = said(case)
    assert answers(again, new) == expected


@every_case
def test_a_file_gives_back_every_answer_to_the_last_byte(case: str, tmp_path: Path) -> None:
    model, again = fitted(case), opened(case, tmp_path)
    rows, expected = said(case)
    assert answers(again, rows) == expected
    assert again.history_ == model.history_
    assert again.cluster_sizes_.tolist() == model.cluster_sizes_.tolist()
    assert again.n_features_in_ == model.n_features_in_
    # Kernels round by strides and alignment.
    pairs = zip(tensors_of(model.model_).values(), tensors_of(again.model_).values(), strict=True)
    assert all(one.stride() == other.stride() and other.data_ptr() % 64 == 0 for one, other in pairs)
    assert all(weights.is_leaf and weights.requires_grad for weights in again.model_.parameters())


@every_case
def test_an_opened_model_learns_on_as_the_fitted_one_does(case: str, tmp_path: Path) -> None:
    rows, before = said(case)
    ways: list[Callable[[VAEClustering], VAEClustering]] = [lambda model: model.partial_fit(rows)]
    if case in METHODS:
        ways.append(lambda model: model.set_params(warm_start=True).fit(rows))
    for learn in ways:
        one, other = (learn(model) for model in (deepcopy(fitted(case)), opened(case, tmp_path)))
        assert learned(one) == learned(other)
        one.save(tmp_path / "again")
        found = bytes_of(VAEClustering.load(tmp_path / "again", device="cpu").predict_proba(rows))
        assert found == bytes_of(one.predict_proba(rows)) == bytes_of(other.predict_proba(rows))
        # Whatever is learned of one cluster, its probability is 1.
        assert bytes_of(one.score_samples(rows)) == bytes_of(other.score_samples(rows)) != before["score_samples"]


@splits
@every_case
def test_an_opened_model_is_cut_and_named_as_the_fitted_one(case: str, tmp_path: Path) -> None:
    rows = CASES[case][0]()
    model, again = fitted(case), opened(case, tmp_path)
    assert deepcopy(again).name_clusters({0: "ape"}).cluster_names_ == {0: "ape"}
    if model.hierarchy_ is None:
        with pytest.raises(SettingError, match="no tree"):
            again.cut(2)
        return
    for number in {1, model.hierarchy_.components}:
        one, other = model.cut(number, rows), again.cut(number, rows)
        assert one.labels_.tolist() == other.labels_.tolist() == other.predict(rows).tolist()
        one.save(tmp_path / "cut")
        found = answers(VAEClustering.load(tmp_path / "cut", device="cpu"), rows)
        assert found == answers(one, rows)
        assert bytes_of(one.predict_proba(rows)) == bytes_of(other.predict_proba(rows))


# Every method


def methods() -> Iterable[Any]:
    return [pytest.param(name, kind, id=f"{name}, {kind}") for name in METHODS for kind in ("vectors", "images")]


@pytest.mark.parametrize(("method", "kind"), methods())
def test_the_defaults_of_every_method_make_a_model_of_either_kind(method: str, kind: str) -> None:
    schema = fitted("two-views" if kind == "vectors" else "a preset of views").fitted_.schema
    whole = METHODS[method]().completed(schema, 1000, 10)
    model = whole.build(schema, 10)
    start_(model, Draws(0).at("weights"))
    model.eval()
    rows = torch.rand(2, *schema.data_shape, generator=Draws(0).at("rows"), dtype=torch.float32)
    assert answers_of.decode(model, model.mean_code(rows)).shape == rows.shape


def test_every_method_has_a_name_and_tiny_settings() -> None:
    assert set(TINY) == set(METHODS)
    for name, method in METHODS.items():
        assert method.name == name
        assert as_method(name) == method()
        assert as_method(tiny(name)) == tiny(name)


@pytest.mark.parametrize("wrong", ["su2019", 3, None, [], METHODS["vade"]])
def test_what_is_no_method_is_answered_by_the_known_ones(wrong: object) -> None:
    with pytest.raises(SettingError) as caught:
        as_method(wrong)
    assert all(part in str(caught.value) for part in (repr(wrong), *map(repr, METHODS)))


@pytest.mark.parametrize("method", ["su2018", "vade", "dgg", "dec", "idec", "stepwise"])
def test_a_method_that_finds_no_number_asks_for_one(method: str) -> None:
    with pytest.raises(SettingError, match="n_clusters is 'auto'"):
        estimator(method, n_clusters="auto").fit(vectors())


NAN, INFINITY = float("nan"), float("inf")
WHOLE, POSITIVE = (0, 1.5, True, "8", NAN), (0, -1.0, NAN, INFINITY, "1", None)
NUMBER, SHARES = (-0.1, NAN, INFINITY, "1", None), (0, 1, -0.1, 2, NAN, "0.5", None)
NAMES, WIDTHS = ("nothing", "", "Dense", None, 3, ["dense"]), ((), (30,), (0,), (16, 2.5), (True,), 16, "16")
WEIGHTS = ("equal", "", (), (1, -1), (1, NAN), ("a",), 3, None)
REFUSED: dict[tuple[str, ...], tuple[Any, ...]] = {
    ("two-views", "steps", "most_epochs", "batch_size", "latent", "heads", "epochs", "components"): WHOLE,
    ("two-views", "precision", "learning_rate", "information_weight"): POSITIVE,
    ("two-views", "agreement_weight", "balance_weight", "label_weight"): NUMBER,
    ("two-views", "component_share", "decoded_share"): SHARES,
    ("two-views", "apartness"): (-0.1, 1.1, NAN, "0.5", None, True),
    ("two-views", "by_code"): ("yes", 1, 0.5),
    ("two-views", "scaling", "likelihood", "arithmetic", "information"): NAMES,
    ("two-views", "cluster_weights"): (*WEIGHTS, "learned"),
    ("two-views", "hidden"): WIDTHS,
    ("su2018", "latent", "epochs", "batch_size", "patience"): (*WHOLE, None),
    ("su2018", "precision", "learning_rate", "weights_temperature"): POSITIVE,
    ("su2018", "component_scale"): (*POSITIVE, "nothing"),
    ("su2018", "cluster_kl_weight", "label_weight"): NUMBER,
    ("su2018", "held_out_share"): SHARES,
    ("su2018", "network", "likelihood", "cluster_posterior", "schedule", "scaling", "components"): NAMES,
    ("su2018", "cluster_weights"): (*WEIGHTS, "merged"),
    ("su2018", "early_stopping"): (1, "yes", None),
    ("su2018", "hidden"): WIDTHS,
    ("vade", "latent", "epochs", "batch_size"): (*WHOLE, None),
    ("vade", "warm_epochs"): (-1, *WHOLE[1:], None),
    ("vade", "precision", "learning_rate"): POSITIVE,
    ("vade", "label_weight"): NUMBER,
    ("vade", "likelihood", "scaling"): NAMES,
    ("vade", "hidden"): WIDTHS,
    **{
        (method, *names): wrong
        for method in ("dec", "idec", "stepwise")
        for names, wrong in {
            ("latent", "epochs", "batch_size", "generator_epochs"): (*WHOLE, None),
            ("precision", "learning_rate"): POSITIVE,
            ("likelihood", "scaling"): NAMES,
            ("hidden",): WIDTHS,
        }.items()
    },
    ("dec", "warm_epochs"): (*WHOLE, None),
    ("idec", "warm_epochs"): (*WHOLE, None),
    ("dec", "tolerance"): (-0.1, 1.1, NAN, "0.5", None),
    ("idec", "tolerance"): (-0.1, 1.1, NAN, "0.5", None),
    ("idec", "sharpening_weight"): POSITIVE,
    ("stepwise", "posterior_epochs"): (*WHOLE, None),
    ("stepwise", "representation", "clusterer"): NAMES,
    ("dgg", "latent", "epochs", "batch_size", "neighbours"): (*WHOLE, None),
    ("dgg", "warm_epochs"): (-1, *WHOLE[1:], None),
    ("dgg", "precision", "learning_rate"): POSITIVE,
    ("dgg", "graph_share"): SHARES,
    ("dgg", "likelihood", "scaling"): NAMES,
    ("dgg", "hidden"): WIDTHS,
}


def test_the_table_of_what_is_refused_holds_every_setting() -> None:
    for method in METHODS:
        listed = {name for method_, *names in REFUSED if method_ == method for name in names}
        assert listed | {"views"} == set(declared(METHODS[method])) | {"views"}


@pytest.mark.parametrize("names", REFUSED, ids=str)
def test_a_wrong_setting_is_answered_by_what_came_and_what_was_expected(names: tuple[str, ...]) -> None:
    method, *settings = names
    for name in settings:
        for wrong in REFUSED[names]:
            with pytest.raises(SettingError) as caught:
                tiny(method, **{name: wrong})
            said = f"{name} of {METHODS[method].__name__} is {wrong!r}; expected "
            assert str(caught.value).startswith(said), wrong
