import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.kinds import KINDS
from benchmarks.methods import choose_method
from benchmarks.runs import STATUS, Outcome, run_benchmark
from vaecluster.data.dataset import DataSet
from vaecluster.errors import DataError, FileError

Array = np.ndarray[Any, np.dtype[Any]]
VECTORS = KINDS["vectors"]


@dataclass(frozen=True)
class Halves:
    """Rows by the sign of their first entry."""

    labels_: Array

    def predict(self, rows: Array, /) -> Array:
        return (rows[:, 0] > 0).astype(np.intp)


@dataclass
class Recorder:
    """A method that keeps what it was given."""

    strength: int = 1
    given: list[tuple[Array, int, int]] = field(default_factory=list)
    name: str = "recorder"

    def parameters(self) -> dict[str, Any]:
        return {"strength": self.strength}

    def fit(self, rows: Array, clusters: int, seed: int) -> Outcome:
        self.given.append((rows, clusters, seed))
        return Outcome(Halves((rows[:, 0] > 0).astype(np.intp)), {"strength": self.strength}, {"seen": len(rows)})


@dataclass
class Counting:
    """A measure that counts how often it is asked."""

    power: float = 1.0
    asked: int = 0
    name: str = "counting"

    def about(self) -> dict[str, Any]:
        return {"power": self.power}

    def score(self, clustering: Any, data: DataSet) -> dict[str, Any]:
        self.asked += 1
        both = {name: float(self.asked) for name in ("frechet_distance", "share")}
        return both | {"rows": len(data.x_train), "of": "a"}

    def references(self, clustering: Any, data: DataSet) -> dict[str, Any]:
        return {"best": self.asked}


def some_data() -> DataSet:
    rows = np.random.default_rng(0).normal(size=(60, 3))
    labels = (rows[:, 0] > 0).astype(int)
    return DataSet("halves", rows[:40], labels[:40], rows[40:], labels[40:])


def test_a_result_says_what_was_run_on_what(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    record = run_benchmark(some_data(), VECTORS, Recorder(), 2, range(3), path)
    assert record == json.loads(path.read_text())
    assert record["data"] == {
        "name": "halves",
        "kind": "vectors",
        "train": [40, 3],
        "prepared": [40, 3],
        "classes": 2,
    }
    assert (record["method"], record["parameters"]) == ("recorder", {"n_clusters": 2, "strength": 1})
    assert [run["seed"] for run in record["runs"]] == [0, 1, 2]
    assert {"seconds", "cpu_seconds", "peak_bytes", "seen", "train", "test"} <= set(record["runs"][0])
    assert record["summary"]["test"]["hungarian_accuracy"]["mean"] == 1


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux says it")
def test_the_peak_of_memory_is_that_of_the_fit_and_not_of_what_was_before(tmp_path: Path) -> None:
    size = 300 * 2**20

    @dataclass
    class Holder(Recorder):
        def fit(self, rows: Array, clusters: int, seed: int) -> Outcome:
            held = np.ones(size if seed else 1, np.uint8)
            return Outcome(Halves((rows[:, 0] > held[0]).astype(np.intp)), {}, {})

    before = np.ones(2 * size, np.uint8)
    del before
    record = run_benchmark(some_data(), VECTORS, Holder(), 2, [0, 1, 2], tmp_path / "result.json")
    small, *large = (run["peak_bytes"] for run in record["runs"])
    assert all(0.9 * size < peak - small < 1.1 * size for peak in large)


def test_a_fit_in_a_process_of_its_own_says_its_own_peak(tmp_path: Path) -> None:
    @dataclass
    class Elsewhere(Recorder):
        def fit(self, rows: Array, clusters: int, seed: int) -> Outcome:
            return Outcome(Halves((rows[:, 0] > 0).astype(np.intp)), {}, {"peak_bytes": 7})

    record = run_benchmark(some_data(), VECTORS, Elsewhere(), 2, [0], tmp_path / "result.json")
    assert record["runs"][0]["peak_bytes"] == 7


def test_a_method_sees_the_prepared_training_rows_and_nothing_else(tmp_path: Path) -> None:
    counts = np.random.default_rng(0).poisson(3.0, (60, 9))
    data = DataSet("cells", counts[:40], np.arange(40) % 2, counts[40:], np.arange(20) % 2)
    method = Recorder()
    record = run_benchmark(data, KINDS["counts"], method, 2, [5], tmp_path / "result.json")
    rows, clusters, seed = method.given[0]
    assert (clusters, seed) == (2, 5)
    assert [list(rows.shape)] == [record["data"]["prepared"]] == [[40, 9]]
    assert rows.dtype == np.float32


@pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
@pytest.mark.parametrize("method", ["kmeans", "gaussian-mixture", "autoencoder-kmeans", "two-views"])
def test_labels_never_reach_a_fit(method: str, tmp_path: Path) -> None:
    data, found = some_data(), []
    assert data.y_train is not None
    shuffled = replace(data, y_train=np.random.default_rng(1).permutation(data.y_train))

    @dataclass
    class Spy(Recorder):
        name: str = method

        def fit(self, rows: Array, clusters: int, seed: int) -> Outcome:
            epochs = {"epochs": 2} if method in ("autoencoder-kmeans", "two-views") else {}
            outcome = choose_method(method, VECTORS, epochs).fit(rows, clusters, seed)
            found.append(outcome.clustering.labels_)
            return outcome

    for number, labelled in enumerate((data, shuffled)):
        run_benchmark(labelled, VECTORS, Spy(), 2, [0], tmp_path / f"{number}.json")
    assert (found[0] == found[1]).all()


def test_seeds_that_are_there_are_not_run_again(tmp_path: Path) -> None:
    path, method = tmp_path / "result.json", Recorder()
    first = run_benchmark(some_data(), VECTORS, method, 2, range(2), path)
    longer = run_benchmark(some_data(), VECTORS, method, 2, range(3), path)
    assert [seed for _, _, seed in method.given] == [0, 1, 2]
    assert longer["runs"][:2] == first["runs"]
    assert run_benchmark(some_data(), VECTORS, method, 2, range(3), path) == longer


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"method": Recorder(2)}, "parameters"),
        ({"clusters": 3}, "parameters"),
        ({"kind": KINDS["embeddings"]}, "data"),
    ],
)
def test_runs_that_were_made_otherwise_are_not_mixed(changed: dict[str, Any], named: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    arguments = {"kind": VECTORS, "method": Recorder(), "clusters": 2, "seeds": [0], "path": path}
    run_benchmark(some_data(), **arguments)
    with pytest.raises(FileError, match=f"other {named};"):
        run_benchmark(some_data(), **(arguments | changed))


def test_what_is_measured_beside_is_in_every_run_and_its_floats_are_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    record = run_benchmark(some_data(), VECTORS, Recorder(), 2, range(3), path, [Counting()])
    assert record["runs"][1]["counting"] == {"frechet_distance": 2.0, "share": 2.0, "rows": 40, "of": "a"}
    assert record["summary"]["counting"] == {
        "frechet_distance": {"mean": 2.0, "deviation": 1.0, "worst": 3.0},
        "share": {"mean": 2.0, "deviation": 1.0, "worst": 1.0},
    }
    assert set(record["summary"]["test"]) == {"majority_accuracy", "hungarian_accuracy", "nmi", "ari"}
    assert record == json.loads(path.read_text())


def test_references_are_measured_once_per_file(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    run_benchmark(some_data(), VECTORS, Recorder(), 2, range(2), path, [Counting()])
    measure = Counting(asked=7)
    resumed = run_benchmark(some_data(), VECTORS, Recorder(), 2, range(3), path, [measure])
    assert (resumed["best"], measure.asked) == (1, 8)


def test_runs_that_were_measured_otherwise_are_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    run_benchmark(some_data(), VECTORS, Recorder(), 2, [0], path, [Counting()])
    others: list[list[Counting]] = [[], [Counting(2.0)]]
    for measures in others:
        with pytest.raises(FileError, match="other measures;"):
            run_benchmark(some_data(), VECTORS, Recorder(), 2, [0, 1], path, measures)


def test_a_file_from_before_there_were_measures_goes_on_without_them(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    old = run_benchmark(some_data(), VECTORS, Recorder(), 2, [0], path)
    del old["measures"]
    path.write_text(json.dumps(old))
    assert len(run_benchmark(some_data(), VECTORS, Recorder(), 2, [0, 1], path)["runs"]) == 2


def test_without_a_test_part_only_the_training_rows_are_scored(tmp_path: Path) -> None:
    data = replace(some_data(), x_test=None, y_test=None)
    assert set(run_benchmark(data, VECTORS, Recorder(), 2, [0], tmp_path / "r.json")["summary"]) == {"train"}


def test_without_labels_there_is_nothing_to_score(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labels"):
        run_benchmark(DataSet("bare", np.zeros((4, 2))), VECTORS, Recorder(), 2, [0], tmp_path / "r.json")


def test_any_other_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("[1, 2]")
    with pytest.raises(FileError, match="no result"):
        run_benchmark(some_data(), VECTORS, Recorder(), 2, [0], path)
    assert path.read_text() == "[1, 2]"
