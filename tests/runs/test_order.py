import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest

from vaecluster.errors import FileError
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.order import FitOrder, begun, done, is_unfinished, is_unused

ORDER = FitOrder("rows.npy", {"n_clusters": 3}, "two-views", {"heads": 7, "hidden": [32, 16]}, 1)
STATE = "checkpoint/checkpoint.safetensors"

# The files in a folder, and what they are: (unused, unfinished).
FOLDERS = {
    "": (True, False),
    ".lock": (True, False),
    ".lock .0f.part": (True, False),
    ".lock checkpoint/": (True, False),
    ".lock checkpoint/.lock checkpoint/.0f.part": (True, False),
    ".lock fit.json": (False, True),
    ".lock fit.json checkpoint/": (False, True),
    f"fit.json {STATE}": (False, True),
    f"{STATE}": (False, True),
    f"fit.json run.json {STATE}": (False, True),
    "fit.json run.json checkpoint/": (False, True),
    "fit.json run.json model.vaecluster": (False, False),
    # Killed while an order was to be written over a finished run: the run is as it was.
    "run.json model.vaecluster checkpoint/": (False, False),
    "notes.txt": (False, False),
}


@pytest.mark.parametrize("files", FOLDERS, ids=lambda files: files or "nothing")
def test_a_folder_is_unused_unfinished_or_neither(files, tmp_path):
    for name in files.split():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.mkdir() if name.endswith("/") else path.touch()
    assert (is_unused(tmp_path), is_unfinished(tmp_path)) == FOLDERS[files]
    assert RunFolder.create(tmp_path, overwrite=True).path == tmp_path
    unused, unfinished = FOLDERS[files]
    if unused:
        RunFolder.create(tmp_path, overwrite=False)
        return
    with pytest.raises(FileError, match="--resume .* --overwrite" if unfinished else "not empty.* --overwrite"):
        RunFolder.create(tmp_path, overwrite=False)


def test_an_order_is_read_as_it_was_written_and_makes_the_estimator(tmp_path):
    with begun(tmp_path, ORDER) as state:
        assert FitOrder.read(tmp_path) == ORDER
        assert list(state.iterdir()) == []
    model = FitOrder.read(tmp_path).estimator(tmp_path)
    assert (model.n_clusters, model.method.heads, model.method.hidden) == (3, 7, (32, 16))
    done(tmp_path)
    assert not state.exists()


WRONG_VIEWS = [{"view": "Eyes"}]


@pytest.mark.parametrize(
    "content",
    [
        *(None, "", "[]", "{}", '{"source": 3}'),
        *({"method": "k-means"}, {"parameters": {"arms": 2}}),
        *({"settings": {"heads": 0}}, {"settings": {"arms": 2}}, {"settings": {"views": WRONG_VIEWS}}),
    ],
    ids=str,
)
def test_an_order_that_is_damaged_or_of_what_there_is_not_is_refused(content, tmp_path):
    with begun(tmp_path, ORDER) as state:
        (state / "checkpoint.safetensors").touch()
    file = tmp_path / "fit.json"
    if content is None:
        file.unlink()
    else:
        file.write_text(content if isinstance(content, str) else json.dumps(asdict(ORDER) | content))
    wrong = "holds unknown parameters or settings" if isinstance(content, dict) else "is missing or damaged"
    with pytest.raises(FileError, match=rf"fit\.json' {wrong}\. Fit again, with --overwrite"):
        FitOrder.read(tmp_path).estimator(tmp_path)


LOGS = "history.jsonl", "tensorboard/events.2"


@pytest.mark.parametrize("earlier", ["", "notes.txt", "history.jsonl tensorboard/events.1 tensorboard/notes.txt"])
@pytest.mark.parametrize("ends_with", [None, KeyboardInterrupt, MemoryError])
def test_a_fit_that_fails_before_it_has_a_state_takes_its_logs_with_it(ends_with, earlier, tmp_path):
    def write(*names: str, text: str) -> None:
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)

    def files() -> dict[str, str]:
        found = (path for path in tmp_path.rglob("*") if path.name != ".lock")
        return {str(path.relative_to(tmp_path)): path.is_file() and path.read_text() for path in found}

    write(*earlier.split(), text="earlier")
    before = files()
    with suppress(BaseException), begun(tmp_path, ORDER):
        write(*LOGS, text="of this fit")
        if ends_with is not None:
            raise ends_with
    if ends_with is not None:
        assert files() == before
    else:
        assert [files()[name] for name in LOGS] == ["of this fit"] * 2


@pytest.mark.parametrize("ends_with", [None, KeyboardInterrupt, FileError])
def test_a_fit_that_fails_before_it_has_a_state_leaves_an_unfinished_one_as_it_was(ends_with, tmp_path):
    state = tmp_path / STATE
    state.parent.mkdir()
    state.write_text("state")
    (tmp_path / "fit.json").write_text("order")

    def files() -> dict[Path, str]:
        return {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"}

    before = files()
    if ends_with is None:
        with begun(tmp_path, ORDER) as new:
            assert not any(new.iterdir())
        assert files() == {tmp_path / "fit.json": (tmp_path / "fit.json").read_text()}
        return
    with pytest.raises(ends_with), begun(tmp_path, ORDER):
        raise ends_with
    assert files() == before
