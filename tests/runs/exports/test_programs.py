"""Programs of every kind of rows, in every form of most: outputs are those of the estimator."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from builders import colour_images, estimator, frame, images, quiet, vectors
from h5ad_files import counts_of_groups
from program_rows import arrays_of
from vaecluster import VAEClustering, write_programs
from vaecluster.errors import FileError, OutliersWarning, SettingError
from vaecluster.inference.programs import Program
from vaecluster.runs.exports import PROGRAMS
from vaecluster.runs.exports.programs import CLASSIFY, GENERATE

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

pytestmark = quiet
ROWS, CLOSE = 100, 1e-4
Run = Callable[[dict[str, NDArray[Any]]], dict[str, NDArray[Any]]]


def mixed(number: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Columns of several kinds, some with gaps; names are some of ours, and of values in between."""
    random = np.random.default_rng(seed)
    made = frame(number, seed).rename(columns={"height": "cluster", "width": "linear"})
    made["grade"] = pd.Categorical(
        np.array(["low", "mid", "high"])[random.integers(0, 3, number)], ["low", "mid", "high"], ordered=True
    )
    made["an income"] = random.lognormal(8, 2, number)
    made["visits"] = np.where(random.random(number) < 0.1, np.nan, random.poisson(2, number))
    return made


def mixed_new() -> pd.DataFrame:
    """Rows with values that the fit has not seen, or that are missing."""
    made = mixed(20, seed=5)
    made.loc[0, ["cluster", "linear", "visits"]] = [1e12, np.nan, np.nan]
    made["colour"] = np.where(np.arange(20) % 4 == 1, "violet", made["colour"])
    return made


# Rows of a fit, rows that are more than that, and what the estimator is told.
KINDS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "vectors": (vectors(ROWS), 100 * vectors(20, seed=1), {"min_confidence": 0.6}),
    "grey images": (images(ROWS), images(20, seed=1), {"method": "su2018", "network": "conv"}),
    "colour images": (colour_images(ROWS), colour_images(20, seed=1) - 50, {}),
    "table": (mixed(), mixed_new(), {}),
    "cells": (counts_of_groups(ROWS, genes=20)[0], np.zeros((3, 20), np.float32), {}),
    "windows": (vectors(ROWS).reshape(ROWS, 2, 2), vectors(9, seed=1).reshape(9, 2, 2), {"rows": "windows"}),
}
# The others are as from files of older formats, which takes half of the time.
CALIBRATED = ("vectors", "table")
# An ONNX file takes seconds to write; windows are to it what colour images are.
FORMS = {kind: tuple(PROGRAMS) for kind in KINDS} | {"windows": ("torch-export",)}


@dataclass
class Served:
    model: VAEClustering
    about: dict[tuple[str, str], dict[str, Any]]
    programs: dict[tuple[str, str], Run]


def opened(path: Path) -> tuple[dict[str, Any], Run]:
    """What a program says of itself, and what runs it, as someone without the package does."""
    if path.suffix == ".onnx":
        session = onnxruntime.InferenceSession(path)
        about = json.loads(session.get_modelmeta().custom_metadata_map["vaecluster"])
        names = [one.name for one in session.get_outputs()]
        return about, lambda feed: dict(zip(names, session.run(None, feed), strict=True))
    extra = {"vaecluster": ""}
    module = torch.export.load(path, extra_files=extra).module()
    about = json.loads(extra["vaecluster"])

    def run(feed: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        found = module(*(torch.from_numpy(feed[one["name"]]) for one in about["inputs"]))
        return {one["name"]: values.numpy() for one, values in zip(about["outputs"], found, strict=True)}

    return about, run


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Served]:
    """A model of a kind of rows, and its programs; made once, and not to be changed."""

    @cache
    def of(kind: str) -> Served:
        X, _, choice = KINDS[kind]
        model = estimator(**choice).fit(X)
        if kind not in CALIBRATED:
            model.fitted_ = replace(model.fitted_, confidence=None)
        folder, about, programs = tmp_path_factory.mktemp("served"), {}, {}
        for form in FORMS[kind]:
            write_programs(model, folder / form, form)
            for name in (CLASSIFY, GENERATE):
                about[name, form], programs[name, form] = opened(folder / form / f"{name}{PROGRAMS[form].ending}")
        return Served(model, about, programs)

    return of


every_program = pytest.mark.parametrize(("kind", "form"), [(kind, form) for kind in KINDS for form in FORMS[kind]])


@every_program
def test_answers_are_those_of_the_estimator(kind: str, form: str, served: Callable[[str], Served]) -> None:
    own = served(kind)
    X, new, _ = KINDS[kind]
    model, run, about = own.model, own.programs[CLASSIFY, form], own.about[CLASSIFY, form]
    cluster, probabilities, code = (one["name"] for one in about["outputs"])
    for rows in (X[:1], X[1:3], X, new):
        found = run(arrays_of(about["inputs"], rows))
        expected = model.predict_proba(rows)
        np.testing.assert_allclose(found[probabilities], expected, atol=CLOSE)
        np.testing.assert_allclose(found[code], model.transform(rows), rtol=CLOSE, atol=CLOSE)
        least, most = np.sort(expected, 1)[:, -2:].T
        clear = (most - least > CLOSE) & (abs(most - model.min_confidence) > CLOSE)
        assert found[cluster].dtype == np.int64
        np.testing.assert_array_equal(found[cluster][clear], model.predict(rows)[clear])
    if kind in ("vectors", "colour images", "windows"):
        # The estimator refuses a row that lacks what no row of the fit did; a program leaves it without a cluster.
        broken = X[:4].copy()
        for row, value in enumerate((np.nan, np.inf, -np.inf)):
            broken[row].flat[1] = value
        found = run(arrays_of(about["inputs"], broken))
        assert np.isnan(found[probabilities]).all(1).tolist() == [True, True, True, False]
        assert found[cluster][:3].tolist() == [-1, -1, -1]
    if kind == "table":
        # As a missing value where some were missing in the fit.
        lacks, endless = X[:1].assign(linear=np.nan), X[:1].assign(linear=np.inf)
        one, other = (run(arrays_of(about["inputs"], rows))[probabilities] for rows in (lacks, endless))
        np.testing.assert_array_equal(one, other)


@every_program
def test_generated_rows_are_what_codes_stand_for(kind: str, form: str, served: Callable[[str], Served]) -> None:
    own = served(kind)
    model, about = own.model, own.about[GENERATE, form]
    cluster, noise = about["inputs"]
    random, latent = np.random.default_rng(0), model.model_.encoder.latent
    assert noise["shape"] == ["rows", latent + 1]
    for rows in (1, 2, ROWS):
        drawn = random.standard_normal((rows, latent + 1)).astype(np.float32)
        clusters = np.arange(rows) % model.n_clusters_
        found = own.programs[GENERATE, form]({cluster["name"]: clusters, noise["name"]: drawn})
        given = arrays_of(about["outputs"], model.inverse_transform(codes(model, clusters, drawn)))
        for name, values in given.items():
            if values.dtype == object or values.dtype.kind in "iu":
                # A number may lie between two categories, or two whole numbers.
                assert (found[name] == values).mean() > 0.99
            else:
                np.testing.assert_allclose(found[name], values, rtol=CLOSE, atol=CLOSE)


def codes(model: VAEClustering, clusters: NDArray[np.intp], noise: NDArray[np.float32]) -> NDArray[np.float32]:
    """Those that the noise stands for: the last entry picks the component by its share of the cluster."""
    parts = model.model_
    shares, of = parts.prior.weights().probs.detach().double().numpy(), parts.grouping.cluster_of.numpy()
    components = parts.prior.components()
    chances = torch.special.ndtr(torch.from_numpy(noise[:, -1]).double()).numpy()
    found = []
    for cluster, chance, own in zip(clusters, chances, noise[:, :-1], strict=True):
        members = np.flatnonzero(of == cluster)
        summed = shares[members].cumsum() / shares[members].sum()
        component = members[np.searchsorted(summed, chance)]
        tril = getattr(components, "scale_tril", None)
        factor = torch.diag(components.stddev[component]) if tril is None else tril[component]
        found.append((components.mean[component] + factor @ torch.from_numpy(own)).detach().numpy())
    return np.array(found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_says_what_it_takes_and_what_clusters_are_called(kind: str, served: Callable[[str], Served]) -> None:
    own = served(kind)
    for (name, form), about in own.about.items():
        assert (about["program"], about["kind"]) == (name, str(own.model.fitted_.schema.kind))
        assert sum(one["share"] for one in about["clusters"]) == pytest.approx(1)
        assert len(about["clusters"]) == own.model.n_clusters_
        if kind == "table":
            rows = about["inputs" if name == CLASSIFY else "outputs"]
            assert [one["name"] for one in rows] == list(mixed())
            colour = rows[list(mixed()).index("colour")]
            assert (colour["type"], colour["texts"]) == (
                "str" if form == "onnx" else "int64",
                ["blue", "green", "red"],
            )
            assert "vaecluster_cluster" in [one["name"] for one in (*about["inputs"], *about["outputs"])]


def test_what_cannot_be_exported_is_said(tmp_path: Path) -> None:
    full = estimator("su2018", component_scale="full", cluster_posterior="bayes").fit(vectors())
    with pytest.raises(FileError, match="torch-export"):
        write_programs(full, tmp_path / "programs")
    # Nor is a part of them there.
    assert not list(tmp_path.iterdir())
    write_programs(full, tmp_path / "programs", "torch-export")
    _, run = opened(tmp_path / "programs" / "classify.pt2")
    np.testing.assert_allclose(run({"rows": vectors()})["probabilities"], full.predict_proba(vectors()), atol=CLOSE)
    texts = estimator().fit([f"the {'dog barks' if n % 2 else 'cat sleeps'} in house {n % 7}" for n in range(ROWS)])
    with pytest.raises(SettingError, match="vaecluster predict"):
        write_programs(texts, tmp_path / "of texts")
    with pytest.raises(SettingError, match="expected one of 'onnx', 'torch-export'"):
        write_programs(full, tmp_path / "other", "pickle")


@pytest.mark.parametrize("form", PROGRAMS)
def test_a_full_disk_is_an_error_of_the_file(form: str, tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no device here is always full")
    fitted = estimator(epochs=1).fit(vectors()).fitted_
    program = Program.generating(fitted.model.cpu().requires_grad_(False), fitted.schema)
    (tmp_path / "program").symlink_to(full)
    with pytest.raises(OSError, match="No space left"):
        PROGRAMS[form].write(program, "{}", tmp_path / "program")


def test_of_no_cluster_rows_are_generated_of_all() -> None:
    fitted = estimator(epochs=1).fit(vectors()).fitted_
    module = Program.generating(fitted.model.cpu().requires_grad_(False), fitted.schema).module
    noise = torch.zeros(400, fitted.model.encoder.latent + 1)
    noise[:, -1] = torch.linspace(-3, 3, 400)

    def made(cluster: int) -> set[bytes]:
        return {row.numpy().tobytes() for row in module(torch.full((400,), cluster), noise)[0]}

    assert made(-1) <= set().union(*map(made, range(fitted.clusters)))
    assert all(made(-1) & made(cluster) for cluster in range(fitted.clusters))
    with pytest.raises(IndexError):
        made(fitted.clusters)


def test_who_tells_outliers_is_warned(tmp_path: Path) -> None:
    model = estimator(outlier_fraction=0.1).fit(vectors(ROWS))
    with pytest.warns(OutliersWarning, match="10%"):
        write_programs(model, tmp_path / "programs", "torch-export")
