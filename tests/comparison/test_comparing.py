"""`compare`: what a comparison says, and what it refuses."""

import json
import os
import warnings
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

import vaecluster
from builders import estimator, frame, images, quiet, tiny, vectors
from h5ad_files import cells, counts_of_groups
from vaecluster.comparison import Comparison, Fit, compare
from vaecluster.comparison.fits import rows_held_out
from vaecluster.comparison.record import MEASURES
from vaecluster.errors import DataError, EmptyClustersWarning, SettingError
from vaecluster.peers import KMeans, Partition, Peer

pytestmark = quiet
ROWS = vectors(120)
MODELS = [tiny("two-views"), tiny("vade"), tiny("su2018")]
CELLS = cells(counts_of_groups()[0])
WINDOWS = np.sin(np.arange(16) * (1 + np.arange(60) % 3)[:, None] / 3)


# What no labels of the rows are.
LABELS: dict[str, Any] = {
    "too few": np.zeros(119, dtype=int),
    "a column": np.zeros((120, 1), dtype=int),
    "texts": np.array(["a", "b"] * 60),
    "fractions": np.arange(120) / 2,
    "no numbers": np.full(120, np.nan),
    "below -1": -(np.arange(120) % 3),
    "nothing": None,
}


@dataclass(frozen=True)
class Odd(Peer):
    """A peer that does what it is told."""

    does: str = "finds four"

    name: ClassVar[str] = "odd"
    finds_number: ClassVar[bool] = True

    def fit(self, points, clusters, seed):
        if self.does == "fails":
            raise ZeroDivisionError("no luck,\n at all")
        if self.does in LABELS:
            return Partition(LABELS[self.does])
        assert np.isfinite(points).all()
        return Partition((np.arange(len(points)) + seed) % 4)


def contents(found: Comparison) -> str:
    """Everything but times."""
    record = found.as_dict()
    for method in record["methods"]:
        for fit in method["fits"]:
            del fit["seconds"], fit["cpu_seconds"]
    return json.dumps([record, {name: labels.tolist() for name, labels in found.labels.items()}], allow_nan=False)


@pytest.mark.parametrize(
    ("rows", "parameters"),
    [(ROWS, {}), (images(), {}), (frame(120), {}), (WINDOWS, {"rows": "windows"}), (CELLS, {})],
    ids=["vectors", "images", "frame", "windows", "cells"],
)
def test_every_kind_of_rows_is_compared(rows: Any, parameters: dict[str, Any]) -> None:
    found = compare(rows, [MODELS[1], "kmeans", "gaussian-mixture"], 2, n_clusters=3, **parameters)
    number = len(found.fits[0].labels)
    assert [method.name for method in found.methods] == ["vade", "kmeans", "gaussian-mixture"]
    assert (found.seeds, found.rows, found.number, found.number_from) == ((0, 1), number, 3, None)
    assert all(fit.labels.shape == (number,) for fit in found.fits)
    assert found.left_out == {}
    json.dumps(found.as_dict(), allow_nan=False)


def test_fits_of_the_package_are_those_of_the_estimator_and_the_bound_is_of_rows_held_out() -> None:
    found = compare(ROWS, MODELS, 2, n_clusters=3, random_state=4, device="cpu")
    held_out = rows_held_out(len(ROWS))
    weights = np.where(np.isin(np.arange(len(ROWS)), held_out), 0.0, 1.0)
    for method in found.methods:
        for seed, fit in zip((4, 5), method.fits, strict=True):
            alone = estimator(method.name, random_state=seed).fit(ROWS, sample_weight=weights)
            assert fit.labels.tolist() == alone.labels_.tolist()
            assert fit.bound == pytest.approx(alone.score(ROWS[held_out]))
            assert fit.density is not None
            assert "gaussian, precision" in fit.density
            assert (fit.labels >= 0).all()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_result_is_the_same_however_many_jobs_and_whether_it_was_cut_off(n_jobs: int) -> None:
    methods, kept = [MODELS[0], "kmeans", Odd()], {}
    whole = compare(ROWS, methods, 2, n_jobs=n_jobs, kept=kept)
    assert len(kept) == 6
    for lost in list(kept)[::2]:
        del kept[lost]
    assert contents(compare(ROWS, methods, 2, kept=kept)) == contents(whole)
    assert len(kept) == 6


def test_methods_that_find_no_number_get_the_one_that_two_views_finds_most_often() -> None:
    kept = {}
    for seed, number in enumerate((3, 5, 5)):
        kept["two-views", seed] = Fit("two-views", seed, np.arange(120) % number, 1.0, 1.0)
    found = compare(ROWS, ["kmeans", Odd(), "two-views"], 3, kept=kept)
    assert (found.number, found.number_from) == (5, "two-views")
    assert (found["kmeans"].numbers, found["odd"].numbers) == ([5] * 3, [4] * 3)
    without = compare(ROWS, ["kmeans", Odd()], 1)
    assert (without.number, without.number_from) == (4, "odd")


def test_agreement_is_that_of_all_pairs_of_fits_and_on_the_diagonal_of_seeds() -> None:
    found = compare(ROWS, ["kmeans", Odd()], 3, n_clusters=3)
    labels = [fit.labels for fit in found.fits]
    for measure, of in (("ari", adjusted_rand_score), ("nmi", normalized_mutual_info_score)):
        expected = np.array([[of(one, other) for other in labels] for one in labels])
        np.testing.assert_allclose(found.agreement[measure], expected, atol=1e-12)
        assert found.between(measure)[0, 1] == pytest.approx(expected[:3, 3:].mean())
        assert found.between(measure)[1, 1] == pytest.approx(expected[3:, 3:][np.triu_indices(3, 1)].mean())
    one = compare(ROWS, ["kmeans"], 1, n_clusters=3)
    assert all(np.isnan(one.between(measure)).all() for measure in MEASURES)


def test_labels_take_no_part_and_scores_are_there_only_with_them() -> None:
    groups = np.arange(120) % 3
    blind, scored = (compare(ROWS, [MODELS[0], "kmeans"], 2, y, n_clusters=3) for y in (None, groups.astype(str)))
    assert scored["kmeans"].score("hungarian_accuracy") == 1.0
    assert blind["kmeans"].scores == ()
    unscored = [replace(method, scores=()) for method in scored.methods]
    assert contents(replace(scored, methods=tuple(unscored))) == contents(blind)


def test_the_typical_fit_is_the_one_that_agrees_best_with_the_others() -> None:
    kept, good = {}, np.arange(120) % 3
    for seed, labels in enumerate((np.arange(120) // 40, good, good)):
        kept["kmeans", seed] = Fit("kmeans", seed, labels, 1.0, 1.0)
    found = compare(ROWS, ["kmeans"], 3, n_clusters=3, kept=kept)
    assert found["kmeans"].typical == 1
    np.testing.assert_array_equal(found.labels["kmeans"], good)


@pytest.mark.parametrize("labels", LABELS)
def test_a_peer_whose_labels_are_none_is_left_out(labels: str) -> None:
    found = compare(ROWS, ["kmeans", Odd(labels)], seeds=1, n_clusters=3)
    assert [method.name for method in found.methods] == ["kmeans"]
    assert "\n" not in found.left_out["odd"]


def test_a_method_that_fails_is_left_out_with_its_reason() -> None:
    found = compare(ROWS, ["kmeans", Odd("fails")], 2, n_clusters=3)
    assert [method.name for method in found.methods] == ["kmeans"]
    assert found.left_out == {"odd": "ZeroDivisionError: no luck, at all"}


def test_what_fits_warn_of_is_passed_on_once_with_the_fits_that_did() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = compare(ROWS, [tiny("two-views", components=30)], 2, n_clusters=30)
    said = [str(warning.message) for warning in caught if warning.category is EmptyClustersWarning]
    assert said
    assert all("two-views with seed" in text for text in said)
    assert all(fit.warnings for fit in found.fits)


def test_progress_is_shown_on_standard_error_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    compare(ROWS, ["kmeans"], 2, n_clusters=3)
    assert capsys.readouterr() == ("", "")
    compare(ROWS, ["kmeans"], 2, n_clusters=3, verbose=1)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "2 fits"
    assert lines[2].startswith("2/2 fits done  kmeans, seed 1,")


def test_it_is_a_name_of_the_package() -> None:
    assert vaecluster.compare is compare


@pytest.mark.parametrize(
    ("asked", "error", "parts"),
    [
        ({"methods": "kmeans"}, SettingError, ["methods is 'kmeans'", "['two-views', 'kmeans']"]),
        ({"methods": []}, SettingError, ["methods holds none", "Name one"]),
        ({"methods": ["kmeens"]}, SettingError, ["'kmeens'", "'two-views'", "'umap-mixture'"]),
        ({"methods": ["kmeans", KMeans(3)]}, SettingError, ["'kmeans' twice"]),
        ({"methods": [3]}, SettingError, ["method is 3"]),
        *[({"seeds": seeds}, SettingError, [f"seeds is {seeds!r}", "1 or more"]) for seeds in (0, 1.5, "2", None)],
        ({"n_jobs": 0}, SettingError, ["n_jobs is 0"]),
        ({"n_clusters": 0}, SettingError, ["n_clusters is 0"]),
        ({"n_clusters": "auto"}, SettingError, ["none of kmeans", "'two-views'"]),
        ({"n_clusters": (2, 5)}, SettingError, ["none of kmeans"]),
        ({"clusters": 3}, SettingError, ["clusters is no parameter"]),
        ({"method": "vade"}, SettingError, ["method is no parameter"]),
        ({"methods": [Odd("fails")]}, SettingError, ["No method", "odd: ZeroDivisionError: no luck"]),
        ({"X": np.full((9, 2), np.nan)}, DataError, ["18 NaN"]),
        ({"y": np.zeros(7)}, DataError, ["(7,)", "(120,)"]),
    ],
)
def test_what_cannot_be_compared_is_refused(asked: dict[str, Any], error: type[Exception], parts: list[str]) -> None:
    with pytest.raises(error) as caught:
        compare(**{"X": ROWS, "methods": ["kmeans"], "seeds": 1, "n_clusters": 3} | asked)
    assert all(part in str(caught.value) for part in parts), caught.value


@pytest.mark.parametrize(("rows", "held_out"), [(1, 0), (99, 0), (100, 10), (5_000, 500), (10**6, 1000)])
def test_a_tenth_of_the_rows_is_held_out_and_no_more_than_a_thousand(rows: int, held_out: int) -> None:
    found = rows_held_out(rows)
    assert len(set(found.tolist())) == held_out
    assert all(0 <= number < rows for number in found)


@pytest.mark.skipif(os.name != "posix", reason="sends Ctrl-C")
def test_ctrl_c_ends_it_and_what_was_finished_is_kept() -> None:
    import signal

    class Stops(dict[tuple[str, int], Fit]):
        def __setitem__(self, key: tuple[str, int], fit: Fit) -> None:
            super().__setitem__(key, fit)
            if len(self) == 2:
                os.kill(os.getpid(), signal.SIGINT)

    kept = Stops()
    with pytest.raises(KeyboardInterrupt):
        compare(ROWS, [Odd(), "kmeans"], 3, kept=kept)
    assert 2 <= len(kept) < 6
