"""Files that cannot be used: rows, run folders, model files and the state of fits, damaged in every way we know."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from vaecluster.cli import run
from vaecluster.files.container import read_content, write_content

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(30, 4)) + 5 * np.repeat(np.eye(4)[:3], 10, axis=0)
FIT = "--clusters 3 --set epochs=1 --set latent=2 --threads 1 --quiet"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A run folder, and beside it the rows that it is of."""
    folder = tmp_path_factory.mktemp("files")
    np.save(folder / "rows.npy", ROWS)
    assert run(f"fit {folder / 'rows.npy'} --output {folder / 'run'} {FIT}".split()) == 0
    return folder / "run"


def locked_member(path: Path) -> None:
    """An archive whose only member says that it is encrypted."""
    np.savez(path, X=ROWS)
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(content)


def packed_otherwise(path: Path) -> None:
    np.save(path.with_suffix(".npy"), ROWS)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.write(path.with_suffix(".npy"), "X.npy")


def no_array_inside(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X.npy", "text")


def archive_by_another_name(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), X=ROWS)
    path.with_suffix(".npz").rename(path)


def array_by_another_name(path: Path) -> None:
    np.save(path.with_suffix(".npy"), ROWS)
    path.with_suffix(".npy").rename(path)


def cut_short(path: Path) -> None:
    np.savez_compressed(path, X=ROWS)
    path.write_bytes(path.read_bytes()[:-100])


def one_byte_changed(path: Path) -> None:
    np.savez(path, X=ROWS)
    content = bytearray(path.read_bytes())
    content[400] ^= 255
    path.write_bytes(content)


def edited(**changes):
    """Change entries of the description of a run."""

    def edit(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


def replaced(content: bytes):
    return lambda path: path.write_bytes(content)


def described_by(**changes):
    """Change entries of the description in a model file."""
    return lambda path: write_content(path, read_content(path) | changes)


def removed(path: Path) -> None:
    path.unlink()


def made_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def prepare_state(order: str | dict | None, state: bytes | None) -> None:
    """Make of a finished run one that was cut off: changes of fit.json, or its whole text, and a checkpoint."""
    path, checkpoint = Path("run", "fit.json"), Path("run", "checkpoint", "checkpoint.safetensors")
    if order is None:
        path.unlink()
    elif isinstance(order, str):
        path.write_text(order)
    else:
        edited(**{"source": "rows.npy"} | order)(path)
    if state is not None:
        checkpoint.parent.mkdir()
        checkpoint.write_bytes(state)


# A file of rows: its name, what is written to it, and parts of what `vaecluster fit` says.
WRONG_FILES = {
    "first, second: wrong names": (
        "a.npz",
        lambda path: np.savez(path, first=ROWS, second=ROWS),
        "a.npz: it has first, second, but rows | Rename the array, or",
    ),
    "data and images: both could be meant": (
        "a.npz",
        lambda path: np.savez(path, data=ROWS, images=ROWS),
        "a.npz: it has data and images, and | Keep one of them",
    ),
    "y and target: both could be meant": (
        "a.npz",
        lambda path: np.savez(path, X=ROWS, y=np.ones(30), target=np.ones(30)),
        "a.npz: it has y and target, and | Keep one of them",
    ),
    "no array: empty archive": (
        "a.npz",
        lambda path: np.savez(path),
        "a.npz: it has no array, but rows | Rename the array, or",
    ),
    "labels: too few": (
        "a.npz",
        lambda path: np.savez(path, X=ROWS, y=np.ones(3)),
        "a.npz: the labels have shape (3,) for 30 rows | Give each row one",
    ),
    "labels: two axes": (
        "a.npz",
        lambda path: np.savez(path, X=ROWS, y=np.eye(30)),
        "a.npz: the labels have shape (30, 30) | Give each row one",
    ),
    "labels: fractions": (
        "a.npz",
        lambda path: np.savez(path, X=ROWS, y=np.full(30, 0.5)),
        "a.npz: labels of type float64 are not | Convert them",
    ),
    "labels: missing": (
        "a.npz",
        lambda path: np.savez(path, X=ROWS, y=np.full(30, np.nan)),
        "a.npz: labels of type float64 are not | Convert them",
    ),
    "y_test: without rows": (
        "a.npz",
        lambda path: np.savez(path, x_train=ROWS, y_test=np.ones(3)),
        "a.npz: y_test have shape (3,) for 0 rows | Give each row one",
    ),
    "x_test: fewer columns": (
        "a.npz",
        lambda path: np.savez(path, x_train=ROWS, x_test=ROWS[:, :2]),
        "a.npz: x_test has rows of shape (2,) | Make them equal",
    ),
    "rows: text": (
        "a.npz",
        lambda path: np.savez(path, X=np.array([["a"], ["b"]])),
        "a.npz: rows hold values of type <U1 | Convert them",
    ),
    "rows: complex": (
        "a.npy",
        lambda path: np.save(path, ROWS + 1j),
        "a.npy: rows hold values of type complex128 | Convert them",
    ),
    "rows: dates": (
        "a.npy",
        lambda path: np.save(path, np.array([["2020-01-01"]], "M8[D]")),
        "a.npy: rows hold values of type datetime64[D] | Convert them",
    ),
    "rows: a number": (
        "a.npy",
        lambda path: np.save(path, np.array(3.0)),
        "a.npy: rows have shape (), but (rows | For one value per",
    ),
    "rows: one axis": (
        "a.npy",
        lambda path: np.save(path, np.ones(5)),
        "a.npy: rows have shape (5,), but (rows | For one value per",
    ),
    "rows: none": (
        "a.npy",
        lambda path: np.save(path, ROWS[:0]),
        "a.npy: the rows have shape (0, 4) | Give at least one",
    ),
    "rows: no columns": (
        "a.npy",
        lambda path: np.save(path, ROWS[:, :0]),
        "a.npy: the rows have shape (30, 0) | Give at least one",
    ),
    "array: objects": (
        "a.npy",
        lambda path: np.save(path, np.array([["a", 1]], object)),
        "a.npy: the array holds pickled Python objects | Save it as numbers",
    ),
    "array 'X': objects in an archive": (
        "a.npz",
        lambda path: np.savez(path, X=np.array([["a", 1]], object)),
        "a.npz: array 'X' holds pickled Python objects | Save it as numbers",
    ),
    "rows: named fields": (
        "a.npy",
        lambda path: np.save(path, np.zeros(3, [("a", "f4")])),
        "a.npy: rows hold values of type [('a' | Convert them",
    ),
    "The source: five axes": (
        "a.npy",
        lambda path: np.save(path, np.random.default_rng(0).random((3, 2, 2, 2, 2))),
        "The source has shape (3, 2, 2 | expected vectors (n, columns) | Reshape it",
    ),
    "column 1: NaN": (
        "a.npy",
        lambda path: np.save(path, np.where(np.arange(4) == 1, np.nan, ROWS)),
        "The rows hold 30 NaN values, in | expected finite numbers | Fill them in or",
    ),
    "rows: all equal": (
        "a.npy",
        lambda path: np.save(path, np.ones((5, 3))),
        "All 5 rows are the same, so | Check how the data",
    ),
    "The number of rows: one row": (
        "a.npy",
        lambda path: np.save(path, ROWS[:1]),
        "The number of rows is 1: a | Give at least 2",
    ),
    "a.npz: empty file": (
        "a.npz",
        replaced(b""),
        "a.npz is damaged, cut short, or no | Copy it again, or",
    ),
    "a.npy: empty file": (
        "a.npy",
        replaced(b""),
        "a.npy is damaged, cut short, or no | Copy it again, or",
    ),
    "a.npz: text": (
        "a.npz",
        replaced(b"no archive"),
        "a.npz is damaged, cut short, or no | Copy it again, or",
    ),
    "a.npy: text": (
        "a.npy",
        replaced(b"no array, but a line of text"),
        "a.npy is damaged, cut short, or no | expected b'\\x93NUMPY', got b'no | Copy it again, or",
    ),
    "a.npz: cut short": (
        "a.npz",
        cut_short,
        "a.npz is damaged, cut short, or no | Copy it again, or",
    ),
    "a.npz: a byte changed": (
        "a.npz",
        one_byte_changed,
        "a.npz is damaged, cut short, or no | Copy it again, or",
    ),
    "a.npz: encrypted": (
        "a.npz",
        locked_member,
        "a.npz is damaged, cut short, or no | Copy it again, or",
    ),
    "a.npz: packed otherwise": (
        "a.npz",
        packed_otherwise,
        "a.npz is damaged, cut short, or no | Copy it again, or",
    ),
    "a.npz: an array in it is none": (
        "a.npz",
        no_array_inside,
        "a.npz is damaged, cut short, or no | Copy it again, or",
    ),
    "a.npy: an archive": (
        "a.npy",
        archive_by_another_name,
        "a.npy is damaged, cut short, or no | expected b'\\x93NUMPY', got b'PK\\x03\\x04-\\x00') | Copy it again, or",
    ),
    "a.npz: an array": (
        "a.npz",
        array_by_another_name,
        "a.npz is damaged, cut short, or no | Copy it again, or",
    ),
    "a.csv: no header": (
        "a.csv",
        replaced(b"1,2"),
        "a.csv: its first line holds numbers alone | names",
    ),
    "a.xyz: unknown suffix": (
        "a.xyz",
        replaced(b"1 2"),
        "a.xyz is a file of kind '.xyz' | Convert it to one",
    ),
    "a: no suffix": (
        "./a",
        replaced(b"1 2"),
        "a is a file without a suffix | Convert it to one",
    ),
    "a.npz: a folder": (
        "a.npz",
        Path.mkdir,
        "a.npz is a folder without files | expected .parquet, .pq, .jpg | name a file",
    ),
    "a.npz: a link to nothing": (
        "a.npz",
        lambda path: path.symlink_to("nothing.npz"),
        "a.npz does not exist or is no | Check the path",
    ),
    "a.npz: not there": (
        "a.npz",
        lambda path: None,
        "a.npz does not exist or is no | Check the path",
    ),
}

# A run folder: which file of it is changed, how, and what the command says.
WRONG_RUNS = {
    "run/model.vaecluster: removed": (
        "predict run rows.npy --output out.csv",
        "model.vaecluster",
        removed,
        "There is no model file run/model.vaecluster | Give the folder or",
    ),
    "run/model.vaecluster: a folder": (
        "predict run rows.npy --output out.csv",
        "model.vaecluster",
        made_a_folder,
        "run/model.vaecluster is a folder, but a model | Name the file in",
    ),
    "run/model.vaecluster: empty": (
        "sample run --output out.npy",
        "model.vaecluster",
        replaced(b""),
        "run/model.vaecluster is no model file, or damaged | Give a file that",
    ),
    "run/model.vaecluster: text": (
        "sample run --output out.npy",
        "model.vaecluster",
        replaced(b"a model"),
        "run/model.vaecluster is no model file, or damaged | Give a file that",
    ),
    "run/model.vaecluster: cut short": (
        "report run --output out.html",
        "model.vaecluster",
        lambda path: path.write_bytes(path.read_bytes()[:1000]),
        "run/model.vaecluster is no model file, or damaged | Give a file that",
    ),
    "run/model.vaecluster: weights cut short": (
        "predict run rows.npy --output out.csv",
        "model.vaecluster",
        lambda path: path.write_bytes(path.read_bytes()[:-8]),
        "run/model.vaecluster is no model file, or damaged | Give a file that",
    ),
    "run/model.vaecluster: newer": (
        "predict run rows.npy --output out.csv",
        "model.vaecluster",
        described_by(format=9),
        "run/model.vaecluster has format 9, written by a | this version reads formats | Upgrade vaecluster",
    ),
    "run/model.vaecluster: an unknown method": (
        "predict run rows.npy --output out.csv",
        "model.vaecluster",
        described_by(method={"name": "shapes", "settings": {}}),
        "run/model.vaecluster is damaged or was changed: there | Use a copy of",
    ),
    "'run': run.json removed": (
        "report run --output out.html",
        "run.json",
        removed,
        "'run' holds no run | Give the folder that",
    ),
    "'run': run.json a folder": (
        "report run --output out.html",
        "run.json",
        made_a_folder,
        "'run' holds no run | Give the folder that",
    ),
    "'run/run.json': empty": (
        "report run --output out.html",
        "run.json",
        replaced(b""),
        "'run/run.json' is damaged or from another version | Fit again",
    ),
    "'run/run.json': cut short": (
        "report run --output out.html",
        "run.json",
        lambda path: path.write_bytes(path.read_bytes()[:50]),
        "'run/run.json' is damaged or from another version | Fit again",
    ),
    "'run/run.json': no text": (
        "report run --output out.html",
        "run.json",
        replaced(b"\xff\xfe\x00"),
        "'run/run.json' is damaged or from another version | Fit again",
    ),
    "'run/run.json': a list": (
        "report run --output out.html",
        "run.json",
        replaced(b"[]"),
        "'run/run.json' is damaged or from another version | Fit again",
    ),
    "'run/run.json': newer": (
        "report run --output out.html",
        "run.json",
        edited(format=99),
        "'run/run.json' is damaged or from another version | Fit again",
    ),
    "run.json: nothing but a format": (
        "report run --output out.html",
        "run.json",
        replaced(b'{"format": 1}'),
        "'run' holds a run.json or examples.npz that | Fit again",
    ),
    "run.json: rows no number": (
        "report run --output out.html",
        "run.json",
        edited(rows="many"),
        "'run' holds a run.json or examples.npz that | Fit again",
    ),
    "run.json: no rows": (
        "report run --output out.html",
        "run.json",
        edited(rows=0),
        "'run' holds a run.json or examples.npz that | Fit again",
    ),
    "run.json: scores no scores": (
        "report run --output out.html",
        "run.json",
        edited(scores=[1]),
        "'run' holds a run.json or examples.npz that | Fit again",
    ),
    "'run/examples.npz': removed": (
        "report run --output out.html",
        "examples.npz",
        removed,
        "'run/examples.npz' is missing or damaged | Fit again",
    ),
    "'run/examples.npz': empty": (
        "report run --output out.html",
        "examples.npz",
        replaced(b""),
        "'run/examples.npz' is missing or damaged | Fit again",
    ),
    "examples.npz: other names": (
        "report run --output out.html",
        "examples.npz",
        lambda path: np.savez(path, a=ROWS),
        "'run/examples.npz' is missing or damaged | Fit again",
    ),
    "examples.npz: a cluster missing": (
        "report run --output out.html",
        "examples.npz",
        lambda path: np.savez(path, **{"0": ROWS}),
        "'run' holds a run.json or examples.npz that | Fit again",
    ),
    "examples.npz: other shapes": (
        "report run --output out.html",
        "examples.npz",
        lambda path: np.savez(path, **dict.fromkeys("012", ROWS[:, :2])),
        "'run' holds a run.json or examples.npz that | Fit again",
    ),
}

# A fit that was cut off: the content of fit.json and of the checkpoint, and what `vaecluster fit --resume` says.
WRONG_STATES = {
    "'run': finished": (
        {},
        None,
        "'run' holds no unfinished fit | Give a folder in",
    ),
    "'run/fit.json': removed": (
        None,
        b"state",
        "'run/fit.json' is missing or damaged | Fit again, with --overwrite",
    ),
    "'run/fit.json': cut short": (
        '{"source": ',
        b"state",
        "'run/fit.json' is missing or damaged | Fit again, with --overwrite",
    ),
    "'run/fit.json': a list": (
        "[]",
        b"state",
        "'run/fit.json' is missing or damaged | Fit again, with --overwrite",
    ),
    "'run/fit.json': empty object": (
        "{}",
        b"state",
        "'run/fit.json' is missing or damaged | Fit again, with --overwrite",
    ),
    "'run/fit.json': source no text": (
        {"source": 3},
        b"state",
        "'run/fit.json' is missing or damaged | Fit again, with --overwrite",
    ),
    "gone.npy: source not there any more": (
        {"source": "gone.npy"},
        b"state",
        "gone.npy does not exist or is no | Check the path",
    ),
    "'run/fit.json': no threads": (
        {"threads": 0},
        b"state",
        "'run/fit.json' is missing or damaged | Fit again, with --overwrite",
    ),
    "'run/fit.json': threads no number": (
        {"threads": "many"},
        b"state",
        "'run/fit.json' is missing or damaged | Fit again, with --overwrite",
    ),
    "'run/fit.json': threads a fraction": (
        {"threads": 1.5},
        b"state",
        "'run/fit.json' is missing or damaged | Fit again, with --overwrite",
    ),
    "'run/fit.json': threads without end": (
        {"threads": 10**12},
        b"state",
        "'run/fit.json' is missing or damaged | Fit again, with --overwrite",
    ),
    "'run/fit.json': another entry": (
        {"other": 1},
        b"state",
        "'run/fit.json' is missing or damaged | Fit again, with --overwrite",
    ),
    "'run/fit.json': unknown parameters": (
        {"parameters": {"nope": 1}},
        b"state",
        "'run/fit.json' holds unknown parameters or settings | Fit again, with --overwrite",
    ),
    "'run/fit.json': wrong setting": (
        {"settings": {"epochs": "many"}},
        b"state",
        "'run/fit.json' holds unknown parameters or settings | Fit again, with --overwrite",
    ),
    "'run/checkpoint/checkpoint.safetensors': damaged": (
        {},
        b"state",
        "'run/checkpoint/checkpoint.safetensors' is missing or damaged | Delete it and begin",
    ),
    "'run/checkpoint/checkpoint.safetensors': empty": (
        {},
        b"",
        "'run/checkpoint/checkpoint.safetensors' is missing or damaged | Delete it and begin",
    ),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_wrong_files(name, untouched, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    file, write, parts = WRONG_FILES[name]
    write(Path(file))
    with untouched(tmp_path):
        assert run(["fit", file, "--output", "out", "--quiet"]) == 2
    says(name, capsys.readouterr(), parts)


@pytest.mark.parametrize("name", WRONG_RUNS)
def test_wrong_runs(name, finished, untouched, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, "run")
    shutil.copy(finished.with_name("rows.npy"), "rows.npy")
    command, file, change, parts = WRONG_RUNS[name]
    change(Path("run", file))
    with untouched(tmp_path):
        assert run(command.split()) == 2
    says(name, capsys.readouterr(), parts)


@pytest.mark.parametrize("name", WRONG_STATES)
def test_wrong_states(name, finished, untouched, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, "run")
    shutil.copy(finished.with_name("rows.npy"), "rows.npy")
    order, state, parts = WRONG_STATES[name]
    prepare_state(order, state)
    with untouched(tmp_path):
        assert run(["fit", "--resume", "run", "--quiet"]) == 2
    says(name, capsys.readouterr(), parts)
