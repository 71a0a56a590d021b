import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmarks.ablations import choose_ablations
from benchmarks.baselines import BASELINES
from benchmarks.kinds import KINDS
from benchmarks.measures import measure_generation
from benchmarks.methods import EstimatorMethod, choose_finding
from benchmarks.peers import PEERS
from benchmarks.rare import make_rare
from benchmarks.runs import run_benchmark
from benchmarks.tables.__main__ import write
from benchmarks.tables.records import COMPARED, NOT_TOLD, ORDER
from vaecluster import TwoViews
from vaecluster.data.dataset import DataSet
from vaecluster.methods import METHODS

pytestmark = [
    pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning"),
    pytest.mark.filterwarnings("ignore::vaecluster.errors.FewCluesWarning"),
]
NAMES = ["results", "compared", "generation", "ablations", "numbers", "known", "easy", "rare", "mixed", "imputed"]
METHOD = "two-views, 2 epochs"
GIVEN = {"epochs": 2, "hidden": (16,), "latent": 2, "components": 20}
BARE = "".join(f"before\n<!-- {name}:begin -->\n<!-- {name}:end -->\n" for name in NAMES) + "after\n"


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """A folder with one result of every sort."""
    digits, folder, kind = load_digits(), tmp_path_factory.mktemp("results"), KINDS["digits"]
    images, labels = digits.images.astype(np.float32), digits.target
    data = DataSet("digits", images[:300], labels[:300], images[300:400], labels[300:400])
    method = EstimatorMethod(TwoViews(**GIVEN), GIVEN, METHOD)
    generation, (rare, found) = measure_generation(data, method, epochs=1), make_rare(data, "4")
    generation = replace(generation, anchors=True)
    run_benchmark(data, kind, method, 10, range(2), folder / "a.json", [generation])
    run_benchmark(rare, kind, method, 10, [0], folder / "b.json", [found])
    run_benchmark(data, kind, choose_finding(method), 10, [0], folder / "c.json")
    run_benchmark(data, kind, choose_ablations(method, "heads", images, 10)[0], 10, [0], folder / "d.json")
    return folder


def written(folder: Path, readme: Path, *, check: bool = False) -> str:
    """The page of results after the script has run on them."""
    write(readme.parent, folder, check=check)
    return (readme.parent / "docs" / "results.md").read_text()


def lines_of(text: str, name: str) -> list[str]:
    """What stands between the marks."""
    return text.partition(f"<!-- {name}:begin -->\n")[2].partition(f"<!-- {name}:end -->")[0].splitlines()


def rows_of(text: str, name: str) -> list[list[str]]:
    """The cells between the marks, without the header and the notes."""
    lines = [line for line in lines_of(text, name) if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.fixture
def readme(tmp_path) -> Path:
    path = tmp_path / "README.md"
    path.write_text("<!-- headline:begin -->\n<!-- headline:end -->\n")
    (tmp_path / "docs" / "guide").mkdir(parents=True)
    (tmp_path / "docs" / "results.md").write_text(BARE)
    pages = {
        "reliability": ["torture"],
        "performance": ["profile", "profiled-fit", "large", "within"],
        "scale": ["long", "searches", "purity", "on-paper"],
        "family": ["readers", "starts"],
        "labels": ["labels"],
        "flow": ["flow-classes", "flow-cuts"],
        "story": ["steps"],
        "guide/serving": ["serving"],
    }
    for page, tables_of in pages.items():
        marks = "".join(f"<!-- {table}:begin -->\n<!-- {table}:end -->\n" for table in tables_of)
        (tmp_path / "docs" / f"{page}.md").write_text(marks)
    return path


def test_without_files_nothing_stands_between_the_marks(readme, tmp_path):
    assert written(tmp_path / "none", readme) == BARE


def test_every_file_is_in_the_table_of_its_sort(readme, results):
    text = written(results, readme)
    assert [row[:3] for row in rows_of(text, "results")] == [["digits", "test", METHOD]]
    assert [row[1] for row in rows_of(text, "generation")] == [
        METHOD,
        "the images themselves",
        "conditional VAE, given the labels",
        "plain VAE",
    ]
    assert [row[:3] for row in rows_of(text, "ablations")] == [
        ["digits", METHOD, what] for what in ("nothing", "heads")
    ]
    # What was told the number says what it would have found.
    numbers = [["digits", METHOD, "10", "2"], ["digits", f"{METHOD} auto", "10", "1"]]
    assert [row[:4] for row in rows_of(text, "numbers")] == numbers
    assert [row[:2] for row in rows_of(text, "rare")] == [["digits-rare-4", METHOD]]


def test_the_headline_has_the_default_method_and_the_best_of_the_others(readme, results, tmp_path):
    folder = tmp_path / "whole"
    folder.mkdir()
    record = json.loads((results / "a.json").read_text())
    methods = ("two-views", 0.5, 10), ("two-views auto", 0.45, "auto"), ("kmeans", 0.4, 10), ("leiden", 0.6, 10)
    for name, nmi, number in methods:
        record["method"], record["parameters"]["n_clusters"] = name, number
        record["summary"]["test"]["nmi"]["mean"] = nmi
        (folder / f"{name}.json").write_text(json.dumps(record))
    written(folder, readme)
    rows = rows_of(readme.read_text(), "headline")
    assert [row[:3] for row in rows] == [
        ["digits", "two-views", "10"],
        ["digits", "two-views auto", "no"],
        ["digits", "leiden", "no"],
    ]


@pytest.fixture
def comparison(results, tmp_path) -> Path:
    """Results of four methods on one set, of which one was measured without its memory."""
    folder = tmp_path / "comparison"
    folder.mkdir()
    record = json.loads((results / "a.json").read_text())
    for run in record["runs"]:
        run |= {"found": 10 + run["seed"], "seconds": 4.0 + run["seed"], "peak_bytes": (300 + run["seed"]) * 2**20}
    for name, hungarian, nmi in (
        ("two-views", 0.7, 0.5),
        ("kmeans", 0.6, 0.4),
        ("leiden", 0.7004, 0.6),
        ("scanpy", 0.7, 0.55),
    ):
        record["method"] = name
        for measure, mean in (("hungarian_accuracy", hungarian), ("nmi", nmi), ("ari", 0.3)):
            record["summary"]["test"][measure] = {"mean": mean, "deviation": 0.01, "worst": mean - 0.01}
        if name == "scanpy":
            record["runs"] = [{**record["runs"][0], "peak_bytes": None}]
        (folder / f"{name}.json").write_text(json.dumps(record))
    return folder


def test_what_is_better_than_the_default_method_is_marked_and_the_best_is_bold(readme, comparison):
    rows = rows_of(written(comparison, readme), "compared")
    assert [row[2:4] for row in rows] == [["two-views", "2"], ["kmeans", "2"], ["leiden", "2"], ["scanpy", "1"]]
    # What is shown alike is as good.
    assert rows[2][4] == "**0.700** ± 0.010 (worst 0.690)"
    assert [row[5] for row in rows] == [
        "0.500 ± 0.010 (worst 0.490)",
        "0.400 ± 0.010 (worst 0.390)",
        "**0.600** ± 0.010 (worst 0.590) ↑",
        "0.550 ↑",
    ]
    assert all(row[6].startswith("**0.300**") for row in rows)


def test_what_is_better_is_said_in_words(readme, comparison):
    text = written(comparison, readme)
    said = "- digits: better by the mean: leiden (NMI), scanpy (NMI)."
    assert [line for line in lines_of(text, "compared") if line.startswith("-")] == [said]
    (comparison / "leiden.json").unlink()
    (comparison / "scanpy.json").unlink()
    assert lines_of(written(comparison, readme), "compared")[-1] == "- digits: no other mean is better."


def test_methods_that_are_not_told_the_number_are_compared_with_fits_that_are_not(readme, comparison):
    record = json.loads((comparison / "leiden.json").read_text()) | {"method": "two-views auto"}
    record["parameters"]["n_clusters"] = "auto"
    record["summary"]["test"]["nmi"]["mean"] = 0.58
    (comparison / "two-views auto.json").write_text(json.dumps(record))
    rows = rows_of(written(comparison, readme), "compared")
    assert [(row[2], row[7], "↑" in row[5]) for row in rows] == [
        ("two-views", "10", False),
        ("two-views auto", "no", False),
        ("kmeans", "10", False),
        ("leiden", "no", True),
        ("scanpy", "no", False),
    ]


def test_rows_say_the_number_found_and_what_a_fit_took(readme, comparison):
    text = written(comparison, readme)
    rows = rows_of(text, "compared")
    assert [row[7:9] for row in rows] == [["10", "10 to 11"], ["10", "10 to 11"], ["no", "10 to 11"], ["no", "10"]]
    assert [row[10:] for row in rows] == [*[["4", "301"]] * 3, ["4", "-"]]
    # What is compared with is in one table only.
    assert [row[2] for row in rows_of(text, "results")] == ["two-views"]
    assert rows_of(text, "results")[0][-2:] == ["4", "301"]


def test_every_method_has_its_place_in_the_tables():
    assert set(ORDER) == {*METHODS, *BASELINES, *PEERS}
    assert set(COMPARED) == {*BASELINES, *PEERS}
    assert set(NOT_TOLD) == {name for name, peer in PEERS.items() if peer.finds_number}


def test_what_torture_counted_is_in_the_page_on_reliability(readme, results, tmp_path):
    folder = results / "torture"
    folder.mkdir()
    fuzzed = {"readers": {"npz": {"outcomes": {"read": 3, "FileError": 2000, "failure": 1}, "seconds": 1.25}}}
    killed = {"kills at a step": 5, "kills at a moment": 6, "fits": 4, "different": ["two-views"], "seconds": 9.6}
    killed |= {"commands": 3, "commands resumed": 1, "commands begun again": 2, "commands different": ["vade"]}
    threads = {"threads fits": 20, "different": 1, "host changed": ["type"], "seconds": 2.0}
    (folder / "fuzz.json").write_text(json.dumps(fuzzed))
    (folder / "kill.json").write_text(json.dumps(killed))
    (folder / "threads.json").write_text(json.dumps(threads))
    written(results, readme)
    rows = rows_of((tmp_path / "docs" / "reliability.md").read_text(), "torture")
    assert [row[1] for row in rows] == ["2,004", "11", "3", "20"]
    assert [row[3:] for row in rows] == [["1", "1"], ["1", "10"], ["1", ""], ["2", "2"]]
    assert rows[0][2] == "3 read, 2,000 refused with an error of ours"
    assert rows[1][2] == "3 fits ended as if never killed, to the byte"


def test_where_the_time_goes_has_a_column_for_each_stage_of_each_data_set(readme, results, tmp_path):
    folder = results / "profile"
    folder.mkdir()
    stage = {"shares": {"a": 0.75, "b": 0.25}, "ms": 8.04, "flop": 2e9, "of_rate": 0.5}
    default = {"epochs": 4, "in_steps": 90.0, "of_rate_in_steps": 0.5, "of_rate": 0.45}
    run = {
        "rows": 1000,
        "stages": {"components": stage, "clusters": stage},
        "beside": {"c": 10.0},
        "rate": 7e10,
        "default": default,
    }
    (folder / "profile.json").write_text(json.dumps({"data": {"images": run, "vectors": run}}))
    written(results, readme)
    page = (tmp_path / "docs" / "performance.md").read_text()
    assert [row[1] for row in rows_of(page, "profile")] == ["75%", "25%", "8.0", "2,000", "50%"]
    expected = ["1,000", "4", "90.0", "10.0", "100.0", "50%", "45%", "70"]
    assert [row[1:] for row in rows_of(page, "profiled-fit")] == [[cell, cell] for cell in expected]


def test_large_tables_have_a_line_each(readme, results, tmp_path):
    folder = results / "large"
    folder.mkdir()
    fit = {"seconds": 227.6, "cpu_seconds": 423.7, "peak_mib": 1770}
    record = {"rows": 10**6, "columns": 50, "memory": "2GB", "clusters": 10, "ari": 1.0, "fit": fit}
    (folder / "a.json").write_text(json.dumps(record | {"predict": {"seconds": 20.0}}))
    written(results, readme)
    (row,) = rows_of((tmp_path / "docs" / "performance.md").read_text(), "large")
    assert row == ["1,000,000 x 50", "0.4", "2GB", "228", "424", "1770", "50,000", "10", "1.000"]


def test_what_more_rows_would_cost_is_what_was_measured_of_one_times_the_rows(readme, results, tmp_path):
    folder = results / "scale"
    folder.mkdir()
    search = {"shards": 1, "more_mib": 140, "recall": 0.9924}
    searches = [{"rows": 10**5, "cpu_seconds": 9.1} | search, {"rows": 10**6, "cpu_seconds": 360.0} | search]
    each = {"step_seconds_a_row": 9e-5, "answer_seconds_a_row": 1.8e-5, "columns": 64}
    purity = [{"data": "mnist", "rows": 60_000, "shards": 6, "same_class": 0.9153}]
    (folder / "a.json").write_text(json.dumps(each | {"searches": searches, "purity": purity}))
    written(results, readme)
    page = (tmp_path / "docs" / "scale.md").read_text()
    assert rows_of(page, "searches")[1] == ["1,000,000", "1", "360", "360", "140", "0.992"]
    assert rows_of(page, "purity") == [["mnist", "10,000", "0.915"]]
    hundred_million = rows_of(page, "on-paper")[2]
    assert hundred_million == ["100,000,000", "10", "5", "0.5", "0.78", "32", "4", "0.22", "6.9"]


def test_what_is_found_where_the_number_is_known_is_counted_by_group(readme, results):
    folder = results / "known"
    folder.mkdir()
    fits = {seed: {"true": 8, "found": found} for seed, found in enumerate([8, 8, 7, 5, 5])}
    (folder / "number.json").write_text(
        json.dumps({"fits": {"blobs: a": fits, "blobs: b": {0: {"true": 3, "found": 3}}, "noise: c": {}}})
    )
    rows = rows_of(written(results, readme), "known")
    assert rows == [["blobs", "6", "3", "4", "5 of 8 in 2, 7 of 8 in 1"], ["noise", "0", "0", "0", ""]]


def test_easy_cases_say_what_is_better_and_where_the_number_is_wrong(readme, results):
    folder = results / "easy"
    folder.mkdir()
    run = {"shape": [1500, 2], "true": 3, "found": 3, "told": 0.9, "auto": 0.5, "others": {"k-means": 1, "HDBSCAN": 0}}
    lost = {"0": run, "1": run | {"told": 0.8, "found": 2, "auto": 0.25}}
    won = {"0": run | {"told": 1.0, "auto": 1.0}}
    (folder / "easy.json").write_text(json.dumps({"fits": {"blobs: a": lost, "blobs: b": won}}))
    text = written(results, readme)
    scores = ["0.850 (worst 0.800)", "0.375 (worst 0.250)", "2 to 3", "k-means", "1.000 ↑"]
    assert rows_of(text, "easy") == [
        ["blobs: a", "1,500 x 2", "3", "2", *scores],
        ["blobs: b", "1,500 x 2", "3", "1", "1.000", "1.000", "3", "k-means", "1.000"],
    ]
    notes = [line for line in lines_of(text, "easy") if line.startswith("-")]
    assert notes[0].endswith("in 1 of 2 cases, and by at most 0.02 in 0 more. By more in: blobs: a.")
    assert notes[1].endswith("in 1 of 2 cases. Not in: blobs: a.")


def test_what_stands_around_the_marks_stays_and_a_second_time_changes_nothing(readme, results):
    first = written(results, readme)
    assert first.count("before\n<!-- ") == len(NAMES)
    assert first.endswith("after\n")
    assert written(results, readme) == first
    assert written(results, readme, check=True) == first


def test_a_table_of_other_results_is_noticed(readme, results, tmp_path):
    written(results, readme)
    record = json.loads((results / "d.json").read_text())
    record["summary"]["test"]["nmi"]["mean"] = 0.123
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "d.json").write_text(json.dumps(record))
    with pytest.raises(SystemExit, match="make tables"):
        written(tmp_path / "other", readme, check=True)


def test_a_mark_that_is_missing_is_named(readme, results):
    (readme.parent / "docs" / "results.md").write_text(BARE.replace("<!-- rare:end -->", ""))
    with pytest.raises(SystemExit, match="rare:end"):
        written(results, readme)


def test_mixed_tables_say_what_is_better_and_k_prototypes_is_k_means_without_categories(readme, results):
    folder = results / "mixed"
    folder.mkdir()
    scores = {"two-views": 0.8, "k-means": 0.9, "umap-mixture": 0.5}
    errors = {"two-views": {"numbers": 0.5}, "usual": {"numbers": 1.0}, "iterative": {"numbers": 0.4}}
    run = {"rows": 1500, "classes": 3, "nmi": scores, "ari": scores, "imputed": errors}
    (folder / "mixed.json").write_text(json.dumps({"fits": {"numbers: a": {"0": run}}}))
    text = written(results, readme)
    shown = ["0.800", "0.900 ↑", "0.900 ↑", "0.500"]
    assert rows_of(text, "mixed") == [["numbers: a", "1,500", "3", "1", *shown, *shown]]
    assert lines_of(text, "mixed")[-1].endswith(
        "two-views 0.800, k-prototypes 0.900, k-means 0.900, umap-mixture 0.500."
    )
    assert rows_of(text, "imputed") == [["numbers: a", "numbers", "0.500", "1.000", "0.400 ↑"]]
