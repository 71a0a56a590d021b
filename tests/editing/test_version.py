"""Versions: the edited model is exact for names and merges, and learns the rest; a version is a run like any other."""

import json
import shutil
from collections.abc import Callable

import numpy as np
import pytest

from builders import TINY, estimator, quiet, vectors
from vaecluster import VAEClustering
from vaecluster.data.stored import rows_at
from vaecluster.editing import Edited, Mark, Merge, Move, Rename, Split, Version
from vaecluster.editing.splitting import as_asked
from vaecluster.errors import DataError, FileError, SettingError
from vaecluster.methods import relabelling
from vaecluster.report.collect import collect
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.labels import Labels
from vaecluster.runs.source import rows_of_run

pytestmark = quiet


def merge(edited: Edited) -> list:
    return [Merge((1, 0)), Rename(0, "both")]


def split(edited: Edited) -> list:
    """The largest cluster by its first column, or half by half."""
    cluster = int(edited.clusters.sizes.argmax())
    rows = edited.clusters.rows(cluster)
    return [Split(cluster, (np.arange(len(rows)) >= len(rows) // 2).astype(int))]


def by_hand(edited: Edited) -> list:
    return [Move([3, 4, 5], 1), Mark([7, 8, 9], "odd ones"), Move([11], -1)]


@pytest.fixture
def short(monkeypatch):
    """Little is learned where it does not matter how much."""
    monkeypatch.setattr(relabelling, "STEPS", 50)


WAYS: dict[str, Callable[[Edited], list]] = {"merge": merge, "split": split, "by hand": by_hand}
CASES = [("vectors", "merge"), ("vectors", "by hand"), ("images", "split"), ("table", "by hand")]
CASES += [("counts", "split"), ("rows in no cluster", "merge"), ("rows in no cluster", "split")]


@pytest.mark.parametrize(("kind", "way"), CASES)
def test_a_version_is_a_run_of_the_edited_clusters(run_of, short, kind, way):
    run = run_of(kind)
    data, place = rows_of_run(run)
    with Edited.open(run) as edited:
        for edit in WAYS[way](edited):
            edited.apply(edit)
        version = edited.save("v2", data)
        clusters = edited.clusters
        done = edited.done
    assert version.path == run.path / "versions" / "v2"
    found, model = Labels.read(version.labels_file), version.model()
    own = model.predict(data.x_train)
    # The word of the user stands, and all else is the model's own answer.
    assert (found.clusters == np.where(clusters.decided, clusters.labels, own)).all()
    assert model.n_clusters_ == clusters.number
    assert model.cluster_names_ == clusters.names
    inside = found.clusters[found.clusters >= 0]
    assert model.cluster_sizes_.tolist() == np.bincount(inside, minlength=clusters.number).tolist()
    said = Version.of(version)
    assert said is not None
    assert said.edits == done
    assert said.run == str(run.path)
    assert said.learned == (way != "merge")
    assert said.decided == clusters.decided.sum()
    assert 0 <= said.decided_as_edited <= said.decided
    assert said.decided_as_edited <= said.as_edited <= said.rows
    assert Version.of(run) is None
    # Whatever a run is asked, a version is asked too.
    assert model.sample(3, cluster=clusters.number - 1).shape[0] == 3
    assert np.isfinite(model.outlier_score(data.x_train)).all()
    probabilities = model.predict_proba(data.x_train)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    if way == "split":
        assert collect(version) is not None
    assert rows_of_run(version)[1] == place
    # A version can be edited, as any run.
    with Edited.open(version) as again:
        again.apply(Rename(0, "again"))


@pytest.fixture(scope="module")
def fitted() -> VAEClustering:
    """Of 200 vectors; not to be changed."""
    return estimator(epochs=40, hidden=(32,), latent=4).fit(vectors(200))


@pytest.mark.parametrize("by", ["posterior", "confidence"])
def test_the_probability_of_merged_clusters_is_the_sum(fitted, by):
    X, model = vectors(200), fitted
    assert len(np.unique(model.labels_)) == 3
    merged = model.merge([0, 1, 0], X)
    before, after = model.predict_proba(X, by=by), merged.predict_proba(X, by=by)
    summed = np.column_stack([before[:, 0] + before[:, 2], before[:, 1]])
    # A confidence is evened out where its largest would be another cluster than the likeliest; not here.
    np.testing.assert_allclose(after, summed, atol=1e-9)
    assert (merged.labels_ == np.array([0, 1, 0])[model.labels_]).all()


def test_a_version_of_merges_predicts_the_edited_labels(run):
    data, _ = rows_of_run(run)
    # What a save that was killed leaves.
    left = run.path / "versions" / ".0123456789abcdef.part" / "run.json"
    left.parent.mkdir(parents=True)
    left.touch()
    with Edited.open(run) as edited:
        assert not left.parent.exists()
        edited.apply(Rename(1, "dogs"))
        edited.apply(Merge((0, 1)))
        version = edited.save("v2", data)
        assert (version.model().predict(data.x_train) == edited.clusters.labels).all()
    assert Version.of(version).as_edited == 160


@pytest.mark.parametrize("parts", [2, "auto"])
def test_a_version_of_a_split_of_blobs_predicts_the_edited_labels(run, parts):
    data, _ = rows_of_run(run)
    with Edited.open(run) as edited:
        edit = edited.split(int(edited.clusters.sizes.argmax()), parts, data, seed=1)
        assert np.bincount(edit.parts).argmax() == 0
        edited.apply(edit)
        version = edited.save("v2", data)
        labels = edited.clusters.labels
    assert (version.model().predict(data.x_train) == labels).mean() >= 0.95
    said = Version.of(version)
    assert said.as_edited >= 0.95 * said.rows
    assert "imitation" in said.lines()[0]


def test_edited_clusters_are_not_fitted_on(run, short):
    data, _ = rows_of_run(run)
    rows = data.x_train
    model = run.model()
    for edited in (model.relabel(rows, np.arange(160) % 3), estimator("dec").fit(vectors(60)).merge([0, 0, 1])):
        with pytest.raises(SettingError, match="edited by hand"):
            edited.partial_fit(vectors(60))


@pytest.mark.parametrize("method", TINY)
def test_every_method_takes_edited_clusters_and_keeps_them_in_a_file(method, short, tmp_path):
    X = vectors(60)
    model = estimator(method).fit(X)
    by_hand = model.relabel(X, np.arange(60) % 3 + (X[:, 0] > 3), n_clusters=5)
    for edited in (by_hand, model.merge([1, 0, 1], X), by_hand.merge([0, 1, 1, 0, 2], X)):
        edited.save(tmp_path / "model.vaecluster")
        opened = VAEClustering.load(tmp_path / "model.vaecluster")
        np.testing.assert_array_equal(opened.predict(X), edited.labels_)
        np.testing.assert_array_equal(opened.predict_proba(X), edited.predict_proba(X))
        assert opened.fitted_.relabelled == edited.fitted_.relabelled
    # The model that was edited is as it was.
    np.testing.assert_array_equal(model.predict(X), model.labels_)


def test_checkpoint_and_logs_of_a_fit_stay_as_they_are(short, tmp_path):
    X = vectors(60)
    model = estimator(epochs=1, checkpoint_dir=tmp_path / "kept", log_dir=tmp_path / "log").fit(X)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    model.relabel(X, np.arange(60) % 3)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_a_split_is_fitted_by_the_settings_that_were_asked_for():
    fitted = estimator(epochs=4, components=None, batch_size=None).fit(vectors()).fitted_
    assert (fitted.method.components, fitted.method.batch_size) == (80, 256)
    asked = as_asked(fitted)
    assert (asked.components, asked.batch_size, asked.epochs, asked.heads) == (None, None, 4, 2)
    assert asked.completed(fitted.schema, 40, 3) == fitted.method


@pytest.mark.parametrize(
    ("learned", "as_edited", "words"),
    [(False, 9, "are exact"), (False, 8, "Probabilities of merged clusters are added"), (True, 9, "by imitation")],
)
def test_a_version_is_said_to_be_exact_only_where_all_rows_are_as_edited(learned, as_edited, words):
    (line,) = Version("run", [], learned, 9, as_edited, 0, 0).lines()
    assert words in line
    assert ("exact" in line) == (not learned and as_edited == 9)


@pytest.mark.parametrize(
    ("cluster", "parts", "words"),
    [
        (9, 2, "There is no cluster 9"),
        (0, 1, "2 or more, or auto"),
        (0, "some", "2 or more, or auto"),
        (0, 500, "The number of parts is 500; expected at most"),
    ],
)
def test_a_split_that_cannot_be_is_refused(run, cluster, parts, words):
    data, _ = rows_of_run(run)
    with Edited.open(run) as edited, pytest.raises((SettingError, DataError), match=words):
        edited.split(cluster, parts, data)


NAMES = ["", ".", "..", "a/b", "../x", ".hidden", "a\nb", "x" * 300, " a", "a\\b", "C:", "\0"]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name)[:9])
def test_a_version_has_the_name_of_a_folder(run, name):
    data, _ = rows_of_run(run)
    with Edited.open(run) as edited, pytest.raises(SettingError, match="The name of a version is"):
        edited.save(name, data)
    assert not (run.path / "versions").exists()


def test_a_version_is_not_replaced_and_what_fails_leaves_nothing(run, monkeypatch):
    data, _ = rows_of_run(run)
    with Edited.open(run) as edited:
        version = edited.save("v 2 猫", data)
        before = version.model_file.read_bytes()
        with pytest.raises(FileError, match="already"):
            edited.save("v 2 猫", data)
        assert version.model_file.read_bytes() == before
        with monkeypatch.context() as patched:
            patched.setattr(VAEClustering, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                edited.save("v3", data)
    assert [path.name for path in (run.path / "versions").iterdir()] == ["v 2 猫"]


def test_rows_that_are_gone_or_others_are_refused_in_one_line(made, tmp_path):
    folder = shutil.copytree(made("vectors"), tmp_path / "all")
    run, rows = RunFolder.open(folder / "run"), folder / "rows.npy"
    description = run.description() | {"source": str(rows)}
    run.run_file.write_text(json.dumps(description))
    assert len(rows_of_run(run)[0].x_train) == 160
    array = np.load(rows)
    np.save(rows, array + 1)
    with pytest.raises(DataError, match="not those that") as refused:
        rows_of_run(run)
    assert len(str(refused.value).splitlines()) == 1
    rows.rename(folder / "moved.npy")
    with pytest.raises(FileError, match=r"does not exist.*--source"):
        rows_of_run(run)
    np.save(folder / "moved.npy", array)
    data, place = rows_of_run(run, str(folder / "moved.npy"))
    assert place == str(folder / "moved.npy")
    # Names are edited without the rows.
    with Edited.open(run) as edited:
        edited.apply(Rename(0, "cats"))
        assert edited.save("v2", data, place).description()["source"] == place
    assert len(rows_at(data.x_train, np.arange(3))) == 3
