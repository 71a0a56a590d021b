import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmarks.ablations import choose_ablations
from benchmarks.kinds import KINDS
from benchmarks.measures import GenerationMeasure, measure_generation
from benchmarks.methods import EstimatorMethod, choose_method
from benchmarks.runs import run_benchmark
from vaecluster import settings
from vaecluster.data.dataset import DataSet
from vaecluster.errors import DataError, FileError, SettingError
from vaecluster.methods import METHODS

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
DIGITS = KINDS["digits"]
SCORES = {
    *("named_mean", "named_worst", "purity_mean", "purity_worst", "falls_back_mean", "falls_back_worst"),
    *("precision", "recall", "frechet_distance"),
}
FIDELITY = {"precision", "recall", "frechet_distance"}


def some_digits() -> DataSet:
    digits = load_digits()
    images, labels = digits.images.astype(np.float32), digits.target
    return DataSet("digits", images[:400], labels[:400], images[400:500], labels[400:500])


def quick(name: str = "two-views", **given) -> EstimatorMethod:
    given = {"epochs": 2, "hidden": (16,), "latent": 2} | ({"components": 20} if name == "two-views" else {}) | given
    return EstimatorMethod(settings.changed(METHODS[name](), given), given, name)


@pytest.fixture(scope="module")
def data() -> DataSet:
    return some_digits()


@pytest.fixture(scope="module")
def measure(data) -> GenerationMeasure:
    return measure_generation(data, quick(), epochs=8)


@pytest.fixture(scope="module")
def record(data, measure, tmp_path_factory) -> dict:
    path = tmp_path_factory.mktemp("results") / "result.json"
    return run_benchmark(data, DIGITS, quick(), 10, range(2), path, [measure]) | {"path": path}


def test_every_run_has_its_generation_scores_and_the_summary_has_the_worst(record):
    runs = [run["generation"] for run in record["runs"]]
    assert all(set(run) == set(record["summary"]["generation"]) == SCORES for run in runs)
    for score, value in record["summary"]["generation"].items():
        values = [run[score] for run in runs]
        assert value["mean"] == pytest.approx(np.mean(values))
        assert value["worst"] == (max(values) if score == "frechet_distance" else min(values))


def test_the_file_holds_the_anchors_and_what_the_judge_is_worth(record):
    assert set(record["anchors"]) == {"training images", "conditional", "plain"}
    assert set(record["anchors"]["training images"]) == set(record["anchors"]["plain"]) == FIDELITY
    assert set(record["anchors"]["conditional"]) == SCORES - {"falls_back_mean", "falls_back_worst"}
    assert 0.7 < record["measures"]["generation"]["judge"]["accuracy"] <= 1


def test_training_images_are_more_like_held_out_ones_than_samples_are(record):
    distance = record["anchors"]["training images"]["frechet_distance"]
    assert distance < record["summary"]["generation"]["frechet_distance"]["mean"]
    assert distance < record["anchors"]["plain"]["frechet_distance"]


def test_a_resumed_file_keeps_runs_and_anchors(record, data, measure):
    before = json.loads(record["path"].read_text())
    longer = run_benchmark(data, DIGITS, quick(), 10, range(3), record["path"], [measure])
    assert longer["runs"][:2] == before["runs"]
    assert longer["anchors"] == before["anchors"]
    assert "generation" in longer["runs"][2]
    record["path"].write_text(json.dumps(before))


def test_runs_with_and_without_generation_scores_are_not_mixed(record, data, measure, tmp_path):
    with pytest.raises(FileError, match="other measures"):
        run_benchmark(data, DIGITS, quick(), 10, range(3), record["path"])
    path = tmp_path / "result.json"
    run_benchmark(data, DIGITS, quick(), 10, [0], path)
    with pytest.raises(FileError, match="other measures"):
        run_benchmark(data, DIGITS, quick(), 10, range(2), path, [measure])
    other = replace(measure, accuracy=measure.accuracy / 2)
    with pytest.raises(FileError, match="other measures"):
        run_benchmark(data, DIGITS, quick(), 10, range(3), record["path"], [other])


def test_scoring_generation_changes_no_fit(record, data, tmp_path):
    plain = run_benchmark(data, DIGITS, quick(), 10, range(2), tmp_path / "result.json")
    for run, scored in zip(plain["runs"], record["runs"], strict=True):
        assert (run["train"], run["test"]) == (scored["train"], scored["test"])


def test_labels_that_teach_the_judge_never_reach_a_fit(record, data, tmp_path):
    shuffled = replace(data, y_train=np.random.default_rng(0).permutation(data.y_train))
    other = measure_generation(shuffled, quick(), epochs=1)
    again = run_benchmark(shuffled, DIGITS, quick(), 10, [0], tmp_path / "result.json", [other])
    assert other.about() != record["measures"]["generation"]
    curves = [fitted["runs"][0]["history"]["reconstruction"] for fitted in (again, record)]
    assert curves[0] == curves[1]


def test_the_same_judge_comes_again(data, measure):
    again = measure_generation(data, quick(), epochs=8)
    assert again.about() == measure.about()
    assert (again.judge.features(data.x_test) == measure.judge.features(data.x_test)).all()


def test_anchors_are_trained_for_the_whole_default_method_only(data, measure):
    ablated = choose_ablations(quick(), "heads", data.x_train, 10)[0]
    for method in (ablated, quick("su2018", network="dense")):
        assert not measure_generation(data, method, epochs=1).anchors
    assert measure.anchors
    model = quick("su2018", network="dense").fit(data.x_train, 10, 0).clustering
    references = replace(measure, anchors=False).references(model, data)
    assert set(references["anchors"]) == {"training images"}
    assert set(measure.score(model, data)) == SCORES


def test_what_cannot_generate_or_be_judged_is_refused(data):
    with pytest.raises(SettingError, match="'kmeans', which generates no rows"):
        measure_generation(data, choose_method("kmeans", DIGITS))
    with pytest.raises(SettingError, match="needs images"):
        measure_generation(replace(data, x_train=data.x_train.reshape(400, -1)), quick())
    with pytest.raises(SettingError, match="held out"):
        measure_generation(replace(data, x_test=None, y_test=None), quick())
    with pytest.raises(DataError, match="no labels"):
        measure_generation(replace(data, y_train=None), quick())
