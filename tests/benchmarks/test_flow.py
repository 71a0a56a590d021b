import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.class_flow import Plan
from benchmarks.flow import Split, app, cuts, record
from benchmarks.tables.flow import CUTS, classified, parted
from vaecluster.cli import run
from vaecluster.data.dataset import DataSet
from vaecluster.errors import DataError, FileError

SHORT = Plan(transforms=2, bins=4, hidden=8, steps=4, batch_size=32, look_every=2)


def blobs(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(rows) % 3
    return 4 * np.eye(3)[labels] + np.random.default_rng(seed).normal(size=(rows, 3)), labels + 1


BLOBS = DataSet("three blobs", *blobs(200, 0), *blobs(60, 1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two seeds leave."""
    folder = tmp_path_factory.mktemp("flow")
    record(Split.of(BLOBS), 2, SHORT, folder)
    return folder


def test_every_cut_has_a_flow_and_those_with_labels_classify_both_ways(folder: Path) -> None:
    written = json.loads((folder / "three-blobs.json").read_text())
    assert written["data"] == {"name": "three blobs", "train": [200, 3], "test": 60, "classes": 3}
    assert set(written["runs"]) == {"0", "1"}
    for each in written["runs"].values():
        assert tuple(each["flows"]) == tuple(CUTS)
        assert [name for name, found in each["flows"].items() if "bayes" in found] == ["classes", "slices"]
        assert each["flows"]["one component"]["parts"]["nmi"] == 0
        classes = each["flows"]["classes"]
        assert classes["bayes"]["accuracy"] == classes["parts"]["majority_accuracy"] > 0.9
        assert each["logistic regression"]["accuracy"] > 0.9


def test_what_was_found_stands_in_two_tables(folder: Path) -> None:
    written = json.loads((folder / "three-blobs.json").read_text())
    (line,) = classified.rows([written])
    assert line[:3] == ["three blobs", "200", 2]
    assert len(line) == len(classified.columns)
    lines = list(parted.rows([written]))
    assert [each[1] for each in lines] == list(CUTS.values())
    assert {len(each) for each in lines} == {len(parted.columns)}
    assert float(lines[0][2].partition(" ")[0]) == pytest.approx(
        np.mean([each["flows"]["classes"]["log_likelihood"] for each in written["runs"].values()]), abs=0.01
    )


def test_the_picture_has_two_panels_of_codes(folder: Path) -> None:
    with Image.open(folder / "three-blobs.png") as picture:
        assert picture.width > picture.height > 300
        assert len(picture.convert("RGB").getcolors(10**6)) > 10


def test_what_is_there_is_kept_and_runs_made_otherwise_are_not_mixed_with_it(folder: Path) -> None:
    path = folder / "three-blobs.json"
    before = path.read_bytes()
    record(Split.of(BLOBS), 2, SHORT, folder)
    assert path.read_bytes() == before
    with pytest.raises(FileError, match="another plan") as caught:
        record(Split.of(BLOBS), 3, replace(SHORT, steps=5), folder)
    assert "--output" in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"runs": 3}'])
def test_a_file_of_something_else_is_named_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "three-blobs.json"
    path.write_text(content)
    with pytest.raises(FileError, match=r"three-blobs\.json.*Move it away"):
        record(Split.of(BLOBS), 1, SHORT, tmp_path)
    assert path.read_text() == content


def test_only_the_first_cut_depends_on_the_classes() -> None:
    split = Split.of(BLOBS)
    other = replace(split, classes=np.roll(split.classes, 1), test_classes=np.roll(split.test_classes, 1))
    for name, cut in cuts(split, 0).items():
        same = np.array_equal(cut.parts, cuts(other, 0)[name].parts)
        assert same == (name != "classes")
        assert (cut.parts.shape, cut.test_parts.shape) == ((200,), (60,))
    assert np.bincount(cuts(split, 0)["slices"].parts).tolist() == [67, 66, 67]


def test_a_fifth_is_held_out_where_nothing_is_and_images_become_rows() -> None:
    split = Split.of(DataSet("images", np.zeros((10, 4, 4)), np.array(list("aabbcaabbc"))))
    assert (split.rows.shape, split.test_rows.shape) == ((8, 16), (2, 16))
    assert split.test_classes.tolist() == [0, 0]


def test_rows_that_no_flow_can_learn_are_refused() -> None:
    with pytest.raises(DataError, match="labels"):
        Split.of(DataSet("bare", np.zeros((5, 2))))
    with pytest.raises(DataError, match="array of numbers"):
        Split.of(DataSet("list", [1, 2], np.arange(2)))
    with pytest.raises(DataError, match="one class"):
        Split.of(replace(BLOBS, y_train=np.zeros(200, int)))
    with pytest.raises(DataError, match="missing"):
        Split.of(replace(BLOBS, x_test=np.full((60, 3), np.nan)))
    with pytest.raises(DataError, match="none to learn from"):
        Split.of(replace(BLOBS, y_test=np.full(60, 9)))


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--seeds", "0"], ["--seeds is 0", "1 or more"]),
        (["--rows", "-1"], ["--rows is -1", "1 or more"]),
        (["--data", "nothing"], ["nothing"]),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_line(
    words: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words, app) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert all(part in said for part in parts)
