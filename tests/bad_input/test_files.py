"""Files that cannot be used: rows, run folders, model files and the state of fits, damaged in every way we know."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

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


# A file of rows: its name, what is written to it, and what `vaecluster fit` says.
WRONG_FILES = {
    "first, second: wrong names": (
        "a.npz",
        lambda path: np.savez(path, first=ROWS, second=ROWS),
        "a.npz: it has first, second, but rows are expected under one of x_train, X, x, data, images, rows. "
        "Rename the array, or keep it alone in the file.",
    ),
    "data and images: both could be meant": (
        "a.npz",
        lambda path: np.savez(path, data=ROWS, images=ROWS),
        "a.npz: it has data and images, and any of them could be meant. Keep one of them.",
    ),
    "y and target: both could be meant": (
        "a.npz",
        lambda path: np.savez(path, X=ROWS, y=np.ones(30), target=np.ones(30)),
        "a.npz: it has y and target, and any of them could be meant. Keep one of them.",
    ),
    **{
        f"a sparse matrix: {kind}": (
            "a.npz",
            lambda path, kind=kind: scipy.sparse.save_npz(path, scipy.sparse.csr_array(ROWS).asformat(kind)),
            "a.npz: it holds a sparse matrix, but a dense array is expected. Save X.toarray() instead.",
        )
        for kind in ("csr", "csc", "bsr", "coo", "dia")
    },
    "no array: empty archive": (
        "a.npz",
        lambda path: np.savez(path),
        "a.npz: it has no array, but rows are expected under one of x_train, X, x, data, images, rows. "
        "Rename the array, or keep it alone in the file.",
    ),
    "labels: too few": (
        "a.npz",
        lambda path: np.savez(path, X=ROWS, y=np.ones(3)),
        "a.npz: the labels have shape (3,), but there are 30 rows. Give each row one.",
    ),
    "labels: two axes": (
        "a.npz",
        lambda path: np.savez(path, X=ROWS, y=np.eye(30)),
        "a.npz: the labels have shape (30, 30), but there are 30 rows. Give each row one.",
    ),
    "labels: fractions": (
        "a.npz",
        lambda path: np.savez(path, X=ROWS, y=np.full(30, 0.5)),
        "a.npz: labels of type float64 are not all integers or all strings. Convert them.",
    ),
    "labels: missing": (
        "a.npz",
        lambda path: np.savez(path, X=ROWS, y=np.full(30, np.nan)),
        "a.npz: labels of type float64 are not all integers or all strings. Convert them.",
    ),
    "y_test: without rows": (
        "a.npz",
        lambda path: np.savez(path, x_train=ROWS, y_test=np.ones(3)),
        "a.npz: y_test have shape (3,), but there are 0 rows. Give each row one.",
    ),
    "x_test: fewer columns": (
        "a.npz",
        lambda path: np.savez(path, x_train=ROWS, x_test=ROWS[:, :2]),
        "a.npz: x_test has rows of shape (2,), but x_train has (4,). Make them equal.",
    ),
    "rows: text": (
        "a.npz",
        lambda path: np.savez(path, X=np.array([["a"], ["b"]])),
        "a.npz: rows hold values of type <U1, but numbers are expected. Convert them.",
    ),
    "rows: complex": (
        "a.npy",
        lambda path: np.save(path, ROWS + 1j),
        "a.npy: rows hold values of type complex128, but numbers are expected. Convert them.",
    ),
    "rows: dates": (
        "a.npy",
        lambda path: np.save(path, np.array([["2020-01-01"]], "M8[D]")),
        "a.npy: rows hold values of type datetime64[D], but numbers are expected. Convert them.",
    ),
    "rows: a number": (
        "a.npy",
        lambda path: np.save(path, np.array(3.0)),
        "a.npy: rows have shape (), but (rows, values) or more axes are expected. For one value per row use "
        "reshape(-1, 1).",
    ),
    "rows: one axis": (
        "a.npy",
        lambda path: np.save(path, np.ones(5)),
        "a.npy: rows have shape (5,), but (rows, values) or more axes are expected. For one value per row "
        "use reshape(-1, 1).",
    ),
    "rows: none": (
        "a.npy",
        lambda path: np.save(path, ROWS[:0]),
        "a.npy: the rows have shape (0, 4), which holds nothing. Give at least one row.",
    ),
    "rows: no columns": (
        "a.npy",
        lambda path: np.save(path, ROWS[:, :0]),
        "a.npy: the rows have shape (30, 0), which holds nothing. Give at least one row.",
    ),
    "array: objects": (
        "a.npy",
        lambda path: np.save(path, np.array([["a", 1]], object)),
        "a.npy: the array holds pickled Python objects, which are never read. Save it as numbers.",
    ),
    "array 'X': objects in an archive": (
        "a.npz",
        lambda path: np.savez(path, X=np.array([["a", 1]], object)),
        "a.npz: array 'X' holds pickled Python objects, which are never read. Save it as numbers.",
    ),
    "rows: named fields": (
        "a.npy",
        lambda path: np.save(path, np.zeros(3, [("a", "f4")])),
        "a.npy: rows hold values of type [('a', '<f4')], but numbers are expected. Convert them.",
    ),
    "The source: five axes": (
        "a.npy",
        lambda path: np.save(path, np.random.default_rng(0).random((3, 2, 2, 2, 2))),
        "The source has shape (3, 2, 2, 2, 2); expected vectors (n, columns) or images (n, H, W) or (n, H, W, C). "
        "Reshape it.",
    ),
    "column 1: NaN": (
        "a.npy",
        lambda path: np.save(path, np.where(np.arange(4) == 1, np.nan, ROWS)),
        "The rows hold 30 NaN values, in column 1; expected finite numbers. Fill them in or leave them out.",
    ),
    "rows: all equal": (
        "a.npy",
        lambda path: np.save(path, np.ones((5, 3))),
        "All 5 rows are the same, so there is nothing to tell apart. Check how the data were read.",
    ),
    "The number of rows: one row": (
        "a.npy",
        lambda path: np.save(path, ROWS[:1]),
        "The number of rows is 1: a single row has nothing to be told apart from. Give at least 2 rows.",
    ),
    "a.npz: empty file": (
        "a.npz",
        replaced(b""),
        "a.npz is damaged, cut short, or no .npz file (File is not a zip file). Copy it again, or write it "
        "anew with numpy.savez or numpy.save.",
    ),
    "a.npy: empty file": (
        "a.npy",
        replaced(b""),
        "a.npy is damaged, cut short, or no .npy file (EOF: reading magic string, expected 8 bytes got 0). "
        "Copy it again, or write it anew with numpy.savez or numpy.save.",
    ),
    "a.npz: text": (
        "a.npz",
        replaced(b"no archive"),
        "a.npz is damaged, cut short, or no .npz file (File is not a zip file). Copy it again, or write it "
        "anew with numpy.savez or numpy.save.",
    ),
    "a.npy: text": (
        "a.npy",
        replaced(b"no array, but a line of text"),
        "a.npy is damaged, cut short, or no .npy file (the magic string is not correct; expected "
        "b'\\x93NUMPY', got b'no arr'). Copy it again, or write it anew with numpy.savez or numpy.save.",
    ),
    "a.npz: cut short": (
        "a.npz",
        cut_short,
        "a.npz is damaged, cut short, or no .npz file (File is not a zip file). Copy it again, or write it "
        "anew with numpy.savez or numpy.save.",
    ),
    "a.npz: a byte changed": (
        "a.npz",
        one_byte_changed,
        "a.npz is damaged, cut short, or no .npz file (Bad CRC-32 for file 'X.npy'). Copy it again, or write "
        "it anew with numpy.savez or numpy.save.",
    ),
    "a.npz: encrypted": (
        "a.npz",
        locked_member,
        "a.npz is damaged, cut short, or no .npz file (File <ZipInfo filename='X.npy' filemode='?rw-------' "
        "file_size=1088> is encrypted, password required for extraction). Copy it again, or write it anew "
        "with numpy.savez or numpy.save.",
    ),
    "a.npz: packed otherwise": (
        "a.npz",
        packed_otherwise,
        "a.npz is damaged, cut short, or no .npz file (packed in a way that numpy does not write). Copy it "
        "again, or write it anew with numpy.savez or numpy.save.",
    ),
    "a.npz: an array in it is none": (
        "a.npz",
        no_array_inside,
        "a.npz is damaged, cut short, or no .npz file (EOF: reading magic string, expected 8 bytes got 4). "
        "Copy it again, or write it anew with numpy.savez or numpy.save.",
    ),
    "a.npy: an archive": (
        "a.npy",
        archive_by_another_name,
        "a.npy is damaged, cut short, or no .npy file (the magic string is not correct; expected "
        "b'\\x93NUMPY', got b'PK\\x03\\x04-\\x00'). Copy it again, or write it anew with numpy.savez or "
        "numpy.save.",
    ),
    "a.npz: an array": (
        "a.npz",
        array_by_another_name,
        "a.npz is damaged, cut short, or no .npz file (File is not a zip file). Copy it again, or write it "
        "anew with numpy.savez or numpy.save.",
    ),
    "a.csv: another kind of file": (
        "a.csv",
        replaced(b"1,2"),
        "a.csv is a file of kind '.csv', but readable are .npz, .npy. Convert it to one of them.",
    ),
    "a.txt: unknown suffix": (
        "a.txt",
        replaced(b"1 2"),
        "a.txt is a file of kind '.txt', but readable are .npz, .npy. Convert it to one of them.",
    ),
    "a: no suffix": (
        "./a",
        replaced(b"1 2"),
        "a is a file without a suffix, but readable are .npz, .npy. Convert it to one of them.",
    ),
    "a.npz: a folder": (
        "a.npz",
        Path.mkdir,
        "a.npz is a folder, but a file is expected. Name a file of these kinds: .npz, .npy.",
    ),
    "a.npz: a link to nothing": (
        "a.npz",
        lambda path: path.symlink_to("nothing.npz"),
        "a.npz does not exist or is no file. Check the path.",
    ),
    "a.npz: not there": (
        "a.npz",
        lambda path: None,
        "a.npz does not exist or is no file. Check the path.",
    ),
}

# A run folder: which file of it is changed, how, and what the command says.
WRONG_RUNS = {
    "run/model.vaecluster: removed": (
        "predict run rows.npy --output out.csv",
        "model.vaecluster",
        removed,
        "There is no model file run/model.vaecluster. Give the folder or file that `vaecluster fit` wrote.",
    ),
    "run/model.vaecluster: a folder": (
        "predict run rows.npy --output out.csv",
        "model.vaecluster",
        made_a_folder,
        "run/model.vaecluster is a folder, but a model file is expected. Name the file in it, such as "
        "model.vaecluster.",
    ),
    "run/model.vaecluster: empty": (
        "sample run --output out.npy",
        "model.vaecluster",
        replaced(b""),
        "run/model.vaecluster is no model file, or damaged. Give a file that `save` or `fit` wrote.",
    ),
    "run/model.vaecluster: text": (
        "sample run --output out.npy",
        "model.vaecluster",
        replaced(b"a model"),
        "run/model.vaecluster is no model file, or damaged. Give a file that `save` or `fit` wrote.",
    ),
    "run/model.vaecluster: cut short": (
        "report run --output out.html",
        "model.vaecluster",
        lambda path: path.write_bytes(path.read_bytes()[:1000]),
        "run/model.vaecluster is no model file, or damaged. Give a file that `save` or `fit` wrote.",
    ),
    "run/model.vaecluster: weights cut short": (
        "predict run rows.npy --output out.csv",
        "model.vaecluster",
        lambda path: path.write_bytes(path.read_bytes()[:-8]),
        "run/model.vaecluster is no model file, or damaged. Give a file that `save` or `fit` wrote.",
    ),
    "run/model.vaecluster: newer": (
        "predict run rows.npy --output out.csv",
        "model.vaecluster",
        described_by(format=9),
        "run/model.vaecluster has format 9, written by a newer version of vaecluster (0.1.0.dev0); this "
        "version reads formats up to 4. Upgrade vaecluster.",
    ),
    "run/model.vaecluster: an unknown method": (
        "predict run rows.npy --output out.csv",
        "model.vaecluster",
        described_by(method={"name": "shapes", "settings": {}}),
        "run/model.vaecluster is damaged or was changed: there is no 'shapes'. Use a copy of it, or fit again.",
    ),
    "'run': run.json removed": (
        "report run --output out.html",
        "run.json",
        removed,
        "'run' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'run': run.json a folder": (
        "report run --output out.html",
        "run.json",
        made_a_folder,
        "'run' holds no run. Give the folder that `vaecluster fit --output` wrote.",
    ),
    "'run/run.json': empty": (
        "report run --output out.html",
        "run.json",
        replaced(b""),
        "'run/run.json' is damaged or from another version. Fit again.",
    ),
    "'run/run.json': cut short": (
        "report run --output out.html",
        "run.json",
        lambda path: path.write_bytes(path.read_bytes()[:50]),
        "'run/run.json' is damaged or from another version. Fit again.",
    ),
    "'run/run.json': no text": (
        "report run --output out.html",
        "run.json",
        replaced(b"\xff\xfe\x00"),
        "'run/run.json' is damaged or from another version. Fit again.",
    ),
    "'run/run.json': a list": (
        "report run --output out.html",
        "run.json",
        replaced(b"[]"),
        "'run/run.json' is damaged or from another version. Fit again.",
    ),
    "'run/run.json': newer": (
        "report run --output out.html",
        "run.json",
        edited(format=99),
        "'run/run.json' is damaged or from another version. Fit again.",
    ),
    "run.json: nothing but a format": (
        "report run --output out.html",
        "run.json",
        replaced(b'{"format": 1}'),
        "'run' holds a run.json or examples.npz that was changed or is of another fit: KeyError 'clusters'. "
        "Fit again.",
    ),
    "run.json: rows no number": (
        "report run --output out.html",
        "run.json",
        edited(rows="many"),
        "'run' holds a run.json or examples.npz that was changed or is of another fit: TypeError unsupported "
        "operand type(s) for /: 'int' and 'str'. Fit again.",
    ),
    "run.json: no rows": (
        "report run --output out.html",
        "run.json",
        edited(rows=0),
        "'run' holds a run.json or examples.npz that was changed or is of another fit: ZeroDivisionError "
        "division by zero. Fit again.",
    ),
    "run.json: scores no scores": (
        "report run --output out.html",
        "run.json",
        edited(scores=[1]),
        "'run' holds a run.json or examples.npz that was changed or is of another fit: AttributeError 'list' "
        "object has no attribute 'values'. Fit again.",
    ),
    "'run/examples.npz': removed": (
        "report run --output out.html",
        "examples.npz",
        removed,
        "'run/examples.npz' is missing or damaged. Fit again.",
    ),
    "'run/examples.npz': empty": (
        "report run --output out.html",
        "examples.npz",
        replaced(b""),
        "'run/examples.npz' is missing or damaged. Fit again.",
    ),
    "examples.npz: other names": (
        "report run --output out.html",
        "examples.npz",
        lambda path: np.savez(path, a=ROWS),
        "'run/examples.npz' is missing or damaged. Fit again.",
    ),
    "examples.npz: a cluster missing": (
        "report run --output out.html",
        "examples.npz",
        lambda path: np.savez(path, **{"0": ROWS}),
        "'run' holds a run.json or examples.npz that was changed or is of another fit: KeyError 1. Fit again.",
    ),
    "examples.npz: other shapes": (
        "report run --output out.html",
        "examples.npz",
        lambda path: np.savez(path, **dict.fromkeys("012", ROWS[:, :2])),
        "'run' holds a run.json or examples.npz that was changed or is of another fit: ValueError operands "
        "could not be broadcast together with shapes (64,4) (2,) . Fit again.",
    ),
}

# A fit that was cut off: the content of fit.json and of the checkpoint, and what `vaecluster fit --resume` says.
WRONG_STATES = {
    "'run': finished": (
        {},
        None,
        "'run' holds no unfinished fit. Give a folder in which `vaecluster fit` was cut off.",
    ),
    "'run/fit.json': removed": (
        None,
        b"state",
        "'run/fit.json' is missing or damaged. Fit again, with --overwrite.",
    ),
    "'run/fit.json': cut short": (
        '{"source": ',
        b"state",
        "'run/fit.json' is missing or damaged. Fit again, with --overwrite.",
    ),
    "'run/fit.json': a list": (
        "[]",
        b"state",
        "'run/fit.json' is missing or damaged. Fit again, with --overwrite.",
    ),
    "'run/fit.json': empty object": (
        "{}",
        b"state",
        "'run/fit.json' is missing or damaged. Fit again, with --overwrite.",
    ),
    "'run/fit.json': source no text": (
        {"source": 3},
        b"state",
        "'run/fit.json' is missing or damaged. Fit again, with --overwrite.",
    ),
    "gone.npy: source not there any more": (
        {"source": "gone.npy"},
        b"state",
        "gone.npy does not exist or is no file. Check the path.",
    ),
    "'run/fit.json': no threads": (
        {"threads": 0},
        b"state",
        "'run/fit.json' is missing or damaged. Fit again, with --overwrite.",
    ),
    "'run/fit.json': threads no number": (
        {"threads": "many"},
        b"state",
        "'run/fit.json' is missing or damaged. Fit again, with --overwrite.",
    ),
    "'run/fit.json': threads a fraction": (
        {"threads": 1.5},
        b"state",
        "'run/fit.json' is missing or damaged. Fit again, with --overwrite.",
    ),
    "'run/fit.json': threads without end": (
        {"threads": 10**12},
        b"state",
        "'run/fit.json' is missing or damaged. Fit again, with --overwrite.",
    ),
    "'run/fit.json': another entry": (
        {"other": 1},
        b"state",
        "'run/fit.json' is missing or damaged. Fit again, with --overwrite.",
    ),
    "'run/fit.json': unknown parameters": (
        {"parameters": {"nope": 1}},
        b"state",
        "'run/fit.json' holds unknown parameters or settings. Fit again, with --overwrite.",
    ),
    "'run/fit.json': wrong setting": (
        {"settings": {"epochs": "many"}},
        b"state",
        "'run/fit.json' holds unknown parameters or settings. Fit again, with --overwrite.",
    ),
    "'run/checkpoint/checkpoint.safetensors': damaged": (
        {},
        b"state",
        "'run/checkpoint/checkpoint.safetensors' is missing or damaged. Delete it and begin anew.",
    ),
    "'run/checkpoint/checkpoint.safetensors': empty": (
        {},
        b"",
        "'run/checkpoint/checkpoint.safetensors' is missing or damaged. Delete it and begin anew.",
    ),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_wrong_files(name, untouched, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    file, write, message = WRONG_FILES[name]
    write(Path(file))
    with untouched(tmp_path):
        assert run(["fit", file, "--output", "out", "--quiet"]) == 2
    assert capsys.readouterr() == ("", f"Error: {message}\n")


@pytest.mark.parametrize("name", WRONG_RUNS)
def test_wrong_runs(name, finished, untouched, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, "run")
    shutil.copy(finished.with_name("rows.npy"), "rows.npy")
    command, file, change, message = WRONG_RUNS[name]
    change(Path("run", file))
    with untouched(tmp_path):
        assert run(command.split()) == 2
    assert capsys.readouterr() == ("", f"Error: {message}\n")


@pytest.mark.parametrize("name", WRONG_STATES)
def test_wrong_states(name, finished, untouched, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, "run")
    shutil.copy(finished.with_name("rows.npy"), "rows.npy")
    order, state, message = WRONG_STATES[name]
    prepare_state(order, state)
    with untouched(tmp_path):
        assert run(["fit", "--resume", "run", "--quiet"]) == 2
    assert capsys.readouterr() == ("", f"Error: {message}\n")


def test_every_message_says_what_came_what_was_expected_and_what_to_do(tables, says_three_things):
    for table in tables.values():
        for name, entry in table.items():
            says_three_things(name, entry[-1])
