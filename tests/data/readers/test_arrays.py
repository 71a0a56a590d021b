import io
import os
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from vaecluster.data.dataset import DataSet
from vaecluster.data.files import read_arrays, read_dataset
from vaecluster.errors import DataError, FileError, VaeclusterError

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)
LABELS = np.array([0, 1, 1, 0])


def write_npz(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)
    return path


def header(shape: str, descr: str = "'<f8'") -> bytes:
    """A numpy header that claims whatever is asked for, with no data after it."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@given(
    rows=hnp.arrays(
        dtype=st.sampled_from([np.uint8, np.int32, np.float32, np.float64, np.dtype(">f4"), np.bool_]),
        shape=hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=4),
    )
)
@settings(max_examples=40, deadline=None)
def test_rows_come_back_as_they_were_saved(tmp_path_factory: pytest.TempPathFactory, rows: np.ndarray) -> None:
    folder = tmp_path_factory.mktemp("rows")
    np.save(folder / "rows.npy", rows)
    np.savez_compressed(folder / "rows.npz", rows)
    for path in (folder / "rows.npy", folder / "rows.npz"):
        read = read_dataset(path).x_train
        np.testing.assert_array_equal(read, rows)
        assert read.dtype == rows.dtype.newbyteorder("=")
        assert read.dtype.isnative


def test_the_layout_with_a_held_out_part_is_read_whole(tmp_path: Path) -> None:
    path = write_npz(
        tmp_path / "d.npz",
        x_train=ROWS,
        y_train=LABELS,
        x_test=ROWS[:2],
        y_test=LABELS[:2],
        classes=["a", "b"],
    )
    data = read_dataset(path)
    assert data.name == "d"
    np.testing.assert_array_equal(data.x_train, ROWS)
    np.testing.assert_array_equal(data.y_train, LABELS)
    np.testing.assert_array_equal(data.x_test, ROWS[:2])
    np.testing.assert_array_equal(data.y_test, LABELS[:2])


SPARSE = {"csr": True, "csc": True, "bsr": True, "coo": True, "dia": False}


@pytest.mark.parametrize("kind", SPARSE)
def test_rows_of_sparse_matrices_stay_sparse(kind: str, tmp_path: Path) -> None:
    matrix = getattr(sparse, f"{kind}_array")(np.eye(4, 3))
    sparse.save_npz(tmp_path / "d.npz", matrix, compressed=SPARSE[kind])
    rows = read_dataset(tmp_path / "d.npz").x_train
    assert rows.format == "csr"
    np.testing.assert_array_equal(rows.toarray(), np.eye(4, 3))


@pytest.mark.parametrize(
    "change",
    [
        {"indices": [0, 9, 2]},
        {"indptr": [0, 1, 2, 3]},
        {"indptr": [0, 1, 9, 3, 3]},
        {"indices": [0.0, 1.0, 2.0]},
        {"shape": [10**12, 3]},
    ],
)
def test_places_outside_of_a_sparse_matrix_are_refused(change: dict[str, object], tmp_path: Path) -> None:
    good = {"indices": [0, 1, 2], "indptr": [0, 1, 2, 3, 3], "data": [1.0] * 3, "shape": [4, 3], "format": b"csr"}
    write_npz(tmp_path / "d.npz", **good)
    assert read_dataset(tmp_path / "d.npz").x_train.shape == (4, 3)
    with pytest.raises(FileError, match="damaged"):
        read_dataset(write_npz(tmp_path / "d.npz", **good | change))


def test_a_test_of_length_zero_counts_as_none(tmp_path: Path) -> None:
    data = read_dataset(
        write_npz(tmp_path / "d.npz", x_train=ROWS, y_train=LABELS, x_test=ROWS[:0], y_test=LABELS[:0])
    )
    assert data.x_test is None
    assert data.y_test is None


@pytest.mark.parametrize("row_name", ["X", "x", "data", "images", "rows"])
@pytest.mark.parametrize("label_name", ["y", "labels", "target"])
def test_rows_and_labels_are_known_by_their_usual_names(tmp_path: Path, row_name: str, label_name: str) -> None:
    data = read_dataset(write_npz(tmp_path / "d.npz", **{row_name: ROWS, label_name: LABELS}))
    np.testing.assert_array_equal(data.x_train, ROWS)
    np.testing.assert_array_equal(data.y_train, LABELS)


@pytest.mark.parametrize("name", ["anything", "y", "x_test"])
def test_a_single_array_may_have_any_name(tmp_path: Path, name: str) -> None:
    data = read_dataset(write_npz(tmp_path / "d.npz", **{name: ROWS}))
    np.testing.assert_array_equal(data.x_train, ROWS)
    assert data.y_train is None
    assert data.x_test is None


def test_rows_to_predict_are_the_training_rows_and_not_the_held_out_ones(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "d.npz", x_train=ROWS, x_test=ROWS[:1])
    np.testing.assert_array_equal(read_dataset(path).x_train, ROWS)


def test_string_labels_stay_and_whole_floats_become_integers(tmp_path: Path) -> None:
    names = np.array(["cat", "dog", "dog", "cat"])
    assert read_dataset(write_npz(tmp_path / "a.npz", X=ROWS, y=names)).y_train.tolist() == names.tolist()
    floats = read_dataset(write_npz(tmp_path / "b.npz", X=ROWS, y=LABELS[:, None].astype(float))).y_train
    assert floats.tolist() == LABELS.tolist()
    assert floats.dtype == np.int64


def test_the_suffix_may_be_in_capitals(tmp_path: Path) -> None:
    path = tmp_path / "ROWS.NPY"
    with path.open("wb") as stream:
        np.save(stream, ROWS)
    np.testing.assert_array_equal(read_dataset(path).x_train, ROWS)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"first": ROWS, "second": ROWS}, r"first, second.*x_train, X, x, data"),
        ({"data": ROWS, "images": ROWS}, "data and images"),
        ({"data": ROWS, "format": "lil", "shape": [4, 4]}, "sparse matrix of the format 'lil'"),
        ({"row": [0], "col": [0], "data": [1.0], "format": "coo", "shape": [0, 4]}, r"shape \(0, 4\)"),
        ({"X": ROWS, "y": LABELS, "target": LABELS}, "y and target"),
        ({"X": ROWS, "y": LABELS[:3]}, r"shape \(3,\) for 4 rows"),
        ({"X": ROWS, "y": np.eye(4)}, r"shape \(4, 4\) for 4 rows"),
        ({"X": ROWS, "y": LABELS + 0.5}, "not all integers or all strings"),
        ({"X": ROWS, "y": np.array([0, 1, np.nan, np.inf])}, "not all integers or all strings"),
        ({"X": np.array([["a"], ["b"]])}, "numbers are expected"),
        ({"X": ROWS.astype(complex)}, "numbers are expected"),
        ({"X": np.array(3.0)}, r"shape \(\)"),
        ({"X": np.arange(3)}, r"reshape\(-1, 1\)"),
        ({"X": ROWS[:0]}, r"shape \(0, 3\), which holds nothing"),
        ({"X": np.zeros((10**15, 0))}, r"shape \(1000000000000000, 0\), which holds nothing"),
        ({"X": np.array([["a", 1]], dtype=object)}, "pickled Python objects, which are never read"),
        ({"X": np.zeros(3, dtype=[("a", "i4"), ("名", "f8")])}, "named fields"),
        ({"x_train": ROWS, "x_test": ROWS[:, :2]}, r"shape \(2,\), but x_train has \(3,\)"),
        ({"x_train": ROWS, "y_test": LABELS}, "for 0 rows"),
        ({}, "no array"),
    ],
)
def test_arrays_that_cannot_be_used_are_named_in_one_line(
    tmp_path: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy warns that it needs a newer version for field names like 名
        path = write_npz(tmp_path / "d.npz", **arrays)
    with pytest.raises(DataError, match=message) as problem:
        read_dataset(path)
    assert str(problem.value).startswith(str(path))
    assert "\n" not in str(problem.value)


def test_pickled_data_is_refused_without_being_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    np.save(tmp_path / "trap.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="pickled"):
        read_dataset(tmp_path / "trap.npy")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY", b"hello, this is text\n" * 9, header("(2, 2)")])
def test_a_file_that_is_not_what_its_suffix_says_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"rows{suffix}"
    path.write_bytes(content)
    with pytest.raises(FileError, match="damaged, cut short, or no"):
        read_dataset(path)


@pytest.mark.parametrize("shape", ["(1000000000000000, 8)", "(-1, -1000000000000)", "(99999999999999999999, 1)"])
def test_a_header_that_claims_too_much_is_refused_before_anything_is_allocated(tmp_path: Path, shape: str) -> None:
    (tmp_path / "rows.npy").write_bytes(header(shape))
    with zipfile.ZipFile(tmp_path / "rows.npz", "w") as archive:
        archive.writestr("X.npy", header(shape))
    for path in (tmp_path / "rows.npy", tmp_path / "rows.npz"):
        with pytest.raises(FileError, match="more than the file holds"):
            read_dataset(path)


def test_an_archive_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    content = header("(1000000000, 4)", "'|u1'")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("X.npy", content)
    honest, claimed = (size.to_bytes(4, "little") for size in (len(content), 4_000_000_200))
    # The compressed size stays; the size after unpacking, which follows it, is made absurd.
    (tmp_path / "rows.npz").write_bytes(buffer.getvalue().replace(honest + honest, honest + claimed))
    with pytest.raises(FileError, match="claims to unpack to 4000000200 bytes"):
        read_dataset(tmp_path / "rows.npz")


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_is_read_or_refused_and_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    suffix = data.draw(st.sampled_from([".npy", ".npz"]))
    buffer = io.BytesIO()
    if suffix == ".npy":
        np.save(buffer, ROWS)
    else:
        np.savez_compressed(buffer, x_train=ROWS, y_train=LABELS)
    content = bytearray(buffer.getvalue())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=3)):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / f"rows{suffix}"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's own, about headers that an old Python wrote
        try:
            result = read_dataset(path)
        except VaeclusterError:
            return
    assert isinstance(result, DataSet)


def test_all_arrays_of_an_archive_come_back_by_their_names(tmp_path: Path) -> None:
    read = read_arrays(write_npz(tmp_path / "d.npz", first=ROWS, second=LABELS, names=["a", "b"]))
    assert {name: array.tolist() for name, array in read.items()} == {
        "first": ROWS.tolist(),
        "second": LABELS.tolist(),
        "names": ["a", "b"],
    }


def test_arrays_that_are_damaged_or_claim_too_much_are_refused(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "d.npz", first=ROWS)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FileError, match="damaged, cut short, or no"):
        read_arrays(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("first.npy", header("(1000000000000000, 8)"))
    with pytest.raises(FileError, match="more than the file holds"):
        read_arrays(path)
    with pytest.raises(FileError, match="cannot be opened: No such file"):
        read_arrays(tmp_path / "absent.npz")
