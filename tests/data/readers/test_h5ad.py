import sys
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.sparse import csc_array, csr_array

from h5ad_files import cells, counts_of_groups, write_h5ad
from vaecluster.data.anndata import cells_of_fit
from vaecluster.data.cells import CellSource, Values
from vaecluster.data.files import read_dataset
from vaecluster.errors import DataError, FileError

COUNTS = counts_of_groups(20, 8)[0]
LOGS = np.log1p(COUNTS)
FORMS = {
    "dense": cells(COUNTS),
    "csr": cells(csr_array(COUNTS)),
    "csc": cells(csc_array(COUNTS)),
    "layers": cells(LOGS, layers={"counts": csr_array(COUNTS), "other": LOGS}),
    "raw": cells(csr_array(LOGS), raw=csr_array(COUNTS)),
}


@pytest.mark.parametrize("given", FORMS.values(), ids=FORMS)
def test_counts_and_names_come_back_however_they_are_stored(given: Any, tmp_path: Path) -> None:
    data = read_dataset(write_h5ad(tmp_path / "cells.h5ad", given))
    assert (len(data.x_train), data.x_train.shape, data.x_train.obs_names[3]) == (20, (20, 8), "cell3")
    found = cells_of_fit(data.x_train)
    assert isinstance(found, tuple)
    assert found[1] == given.var_names
    np.testing.assert_array_equal(found[0].read(slice(None)).toarray(), COUNTS)
    np.testing.assert_array_equal(data.x_train[np.array([5, 2])], COUNTS[[5, 2]])


def test_files_of_older_versions_of_anndata_are_read(tmp_path: Path) -> None:
    matrix = csr_array(COUNTS)
    with h5py.File(tmp_path / "old.h5ad", "w") as file:
        file["X"] = LOGS - 1
        file["obs"] = np.array([(f"c{row}".encode(), row) for row in range(20)], dtype=[("index", "S4"), ("n", "i8")])
        file["var"] = file["raw.var"] = np.array(
            [(f"g{gene}".encode(),) for gene in range(8)], dtype=[("index", "S4")]
        )
        group = file.create_group("raw.X")
        group.attrs["h5sparse_format"], group.attrs["h5sparse_shape"] = "csr", np.array(matrix.shape)
        for part in ("data", "indices", "indptr"):
            group[part] = getattr(matrix, part)
    data = read_dataset(tmp_path / "old.h5ad")
    assert data.x_train.obs_names[1] == "c1"
    np.testing.assert_array_equal(data.x_train[:], COUNTS)


def damaged(path: Path, change: Any) -> Path:
    with h5py.File(write_h5ad(path, FORMS["csr"]), "r+") as file:
        change(file)
    return path


def replace(name: str, values: Any) -> Any:
    def change(file: Any) -> None:
        del file[name]
        file[name] = values

    return change


def huge(file: Any) -> None:
    del file["X"]
    file.create_dataset("X", shape=(10**9, 10**5), dtype="f4", chunks=(1000, 1000))


DAMAGED = {
    "no X": lambda file: file.pop("X"),
    "no genes": lambda file: file.pop("var"),
    "another number of cells": lambda file: file["X"].attrs.modify("shape", np.array([19, 8])),
    "places outside": replace("X/indices", np.full(len(csr_array(COUNTS).data), 99)),
    "texts": replace("X", np.array([b"a"] * 20)),
    "an unknown form": lambda file: file["X"].attrs.modify("encoding-type", "coo_matrix"),
    "more than a file can hold": huge,
}


@pytest.mark.parametrize("change", DAMAGED.values(), ids=DAMAGED)
def test_a_wrong_file_is_refused_in_one_line(change: Any, tmp_path: Path) -> None:
    with pytest.raises((FileError, DataError)) as caught:
        read_dataset(damaged(tmp_path / "cells.h5ad", change))
    assert "cells.h5ad" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", [0, 0.02, 0.3, 0.7, 0.99])
def test_a_file_that_is_cut_short_is_refused(part: float, tmp_path: Path) -> None:
    path = write_h5ad(tmp_path / "cells.h5ad", FORMS["csr"])
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(FileError, match=r"cells\.h5ad is damaged.*write_h5ad"):
        read_dataset(path)


def test_changed_bytes_are_refused_or_read_without_a_crash(tmp_path: Path) -> None:
    path = write_h5ad(tmp_path / "cells.h5ad", FORMS["csr"])
    whole, draws = path.read_bytes(), np.random.default_rng(0)
    for _ in range(40):
        changed = bytearray(whole)
        for place in draws.integers(0, len(whole), 20):
            changed[place] = draws.integers(0, 256)
        path.write_bytes(changed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                Values.of(read_dataset(path).x_train.X, "X")
        except (FileError, DataError):
            pass


def test_without_h5py_a_line_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_h5ad(tmp_path / "cells.h5ad", FORMS["csr"])
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(FileError, match=r"h5py, which is not installed.*vaecluster\[singlecell\]"):
        read_dataset(path)


def test_a_source_of_no_cells_is_refused(tmp_path: Path) -> None:
    data = read_dataset(write_h5ad(tmp_path / "cells.h5ad", cells(COUNTS[:0])))
    with pytest.raises(DataError, match="no cells"):
        CellSource(data.x_train.X, logged=False)
