import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from builders import estimator, quiet, vectors
from vaecluster.data.dataset import DataSet
from vaecluster.errors import FileError
from vaecluster.files.atomic import locked
from vaecluster.runs import folder as folder_file
from vaecluster.runs.examples import read_examples
from vaecluster.runs.folder import FORMAT, RunFolder


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    (tmp_path / "run.json").write_text(json.dumps({"format": FORMAT, "source": "rows.npy"}))
    np.savez_compressed(tmp_path / "examples.npz", **{"0": np.eye(3), "1": np.ones((2, 3))})
    return RunFolder.open(tmp_path)


def test_a_run_is_read_as_it_was_written(folder):
    assert folder.description()["source"] == "rows.npy"
    examples = read_examples(folder.path)
    np.testing.assert_array_equal(examples["0"], np.eye(3))
    np.testing.assert_array_equal(examples["1"], np.ones((2, 3)))


DESCRIPTIONS = [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"format": 2}', b"{}", b"[" * 100_000]
DESCRIPTIONS += [b'{"format": ' + b"1" * 5000 + b"}"]


@pytest.mark.parametrize("content", DESCRIPTIONS, ids=lambda content: repr(content[:9]))
def test_a_description_that_is_none_is_refused(folder, content):
    folder.run_file.write_bytes(content)
    with pytest.raises(FileError, match=r"run\.json' is damaged or from another version\. Fit again"):
        folder.description()


def test_a_run_that_may_not_be_read_is_named(folder, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(FileError, match=r"run\.json"):
        folder.description()
    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(FileError, match="cannot be opened: Permission denied"):
        RunFolder.open(folder.path)


@pytest.mark.parametrize("cpu", [2, 2.5, None])
def test_what_a_fit_took_is_read_as_it_was_written(folder, cpu):
    folder.run_file.write_text(json.dumps({"format": FORMAT, "seconds": 1.5, "cpu_seconds": cpu}))
    assert folder.took() == (1.5, cpu)


@pytest.mark.parametrize(
    "taken", [{"seconds": 1}, {"seconds": None, "cpu_seconds": 1}, {"seconds": 1, "cpu_seconds": "1"}]
)
def test_a_time_that_is_none_is_refused(folder, taken):
    folder.run_file.write_text(json.dumps({"format": FORMAT} | taken))
    with pytest.raises(FileError, match="damaged"):
        folder.took()


def archive_of(name: str, content) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def claiming(shape: str) -> bytes:
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


EXAMPLES = {
    "nothing": b"",
    "a beginning": b"PK\x03\x04",
    "no array": archive_of("0.npy", b"no array"),
    "no number of a cluster": archive_of("zero.npy", claiming("(0, 3)")),
    "too large": archive_of("0.npy", claiming("(1000000000000, 8)")),
    "no shape": archive_of("0.npy", claiming("(1,")),
}


@pytest.mark.parametrize("content", EXAMPLES.values(), ids=EXAMPLES)
def test_examples_that_are_none_are_refused(folder, content):
    (folder.path / "examples.npz").write_bytes(content)
    with pytest.raises(FileError, match=r"examples\.npz' is missing or damaged\. Fit again") as caught:
        read_examples(folder.path)
    assert not isinstance(caught.value.__context__.__context__, MemoryError)


@quiet
@pytest.mark.parametrize(("labels", "kept"), [(2, True), (3, False)])
def test_labels_of_clusters_are_kept_where_they_are_few(tmp_path, monkeypatch, labels, kept):
    monkeypatch.setattr(folder_file, "MOST_LABELS", 2)
    rows = vectors(60)
    run = RunFolder(tmp_path)
    data = DataSet("rows", rows, np.arange(60) % labels)
    run.write(estimator(epochs=1).fit(rows), data, source="rows.npy", seconds=1, cpu_seconds=1, scores={})
    assert ("contingency" in run.description()) == kept


BESIDE = ("edits/journal.jsonl", "versions/v2/run.json", "stability.json", "notes.txt")


@pytest.fixture
def edited(tmp_path):
    """A folder with a run, and all that may be beside it."""
    for name in (*BESIDE, "run.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    return tmp_path


@quiet
@pytest.mark.parametrize(
    ("opened", "stays"),
    [
        (lambda path: RunFolder.create(path, overwrite=True), {"notes.txt"}),
        # As by `fit --resume` and by a second demo.
        (RunFolder, {"edits/journal.jsonl", "versions/v2/run.json", "notes.txt"}),
    ],
    ids=["overwritten", "written"],
)
def test_what_was_edited_goes_only_where_the_run_is_overwritten(edited, opened, stays):
    rows, run = vectors(40), opened(edited)
    model = estimator(epochs=1).fit(rows)
    run.write(model, DataSet("rows", rows), source="rows.npy", seconds=1, cpu_seconds=1, scores={})
    assert {name for name in BESIDE if (edited / name).exists()} == stays
    assert (edited / "edits").exists() == ("edits/journal.jsonl" in stays)


@quiet
def test_a_run_that_is_being_edited_is_not_overwritten(edited):
    rows, run = vectors(40), RunFolder.create(edited, overwrite=True)
    model = estimator(epochs=1).fit(rows)
    with locked(edited / "edits"):
        with pytest.raises(FileError, match=r"edits' is in use by another process\. Wait"):
            RunFolder.create(edited, overwrite=True)
        # It may have been opened during the fit.
        with pytest.raises(FileError, match=r"edits' is in use by another process\. Wait"):
            run.write(model, DataSet("rows", rows), source="rows.npy", seconds=1, cpu_seconds=1, scores={})
    assert all((edited / name).exists() for name in (*BESIDE, "run.json"))
