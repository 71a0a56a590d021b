"""Rows in blocks are the rows of the whole, of whatever kind and in blocks of whatever size."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet
from scipy import sparse

from builders import tiny
from vaecluster import VAEClustering
from vaecluster.data import stored as stored_module
from vaecluster.data.files import open_dataset, read_dataset
from vaecluster.data.stored import StoredTable, block_rows, blocks_of, in_turn
from vaecluster.errors import DataError, FileError

ROWS = 25


def table() -> pa.Table:
    random = np.random.default_rng(0)
    return pa.table(
        {
            "number": random.normal(size=ROWS),
            "code": [f"{n:03}" for n in range(ROWS)],
            # Types that only the last rows show.
            "late": [None] * (ROWS - 2) + [1.5, 2.5],
            "text": ["1"] * (ROWS - 1) + ["x"],
        }
    )


def write_parts(path: Path) -> None:
    for number in range(3):
        folder = path / f"year={2020 + number}"
        folder.mkdir(parents=True)
        parquet.write_table(table().slice(9 * number, 9), folder / "part.parquet", row_group_size=4)


WRITERS = {
    "t.csv": lambda path: csv.write_csv(table(), path),
    "t.csv.gz": lambda path: csv.write_csv(table(), pa.CompressedOutputStream(str(path), "gzip")),
    "t.parquet": lambda path: parquet.write_table(table(), path, row_group_size=7),
    "parts": write_parts,
    "t.feather": lambda path: feather.write_feather(table(), path, chunksize=7),
    "t.npy": lambda path: np.save(path, np.arange(3 * ROWS).reshape(ROWS, 3)),
    "vectors.parquet": lambda path: parquet.write_table(pa.table({"v": np.eye(ROWS).tolist()}), path),
    "t.npz": lambda path: sparse.save_npz(path, sparse.csr_array(np.eye(ROWS))),
}


def joined(blocks: list[object]) -> list[object]:
    """As lists, whatever the kind."""
    if isinstance(blocks[0], pa.Table):
        return pa.concat_tables(blocks).to_pylist()
    return np.concatenate([one.toarray() if sparse.issparse(one) else one for one in blocks]).tolist()


@pytest.mark.parametrize("size", [1, 4, 7, 1000])
@pytest.mark.parametrize("name", WRITERS)
def test_blocks_are_the_rows_in_their_order(name: str, size: int, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    whole, stored = read_dataset(tmp_path / name).x_train, open_dataset(tmp_path / name).x_train
    blocks = list(blocks_of(stored, size))
    assert joined([block for block, _ in blocks]) == joined([whole])
    assert [block.shape[0] for block, _ in blocks[:-1]] == [size] * (len(blocks) - 1)
    shares = [share for _, share in blocks]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    if isinstance(stored, StoredTable):
        assert next(stored.blocks(1))[0].shape == next(stored.blocks(1))[0].shape
        if isinstance(whole, pa.Table):
            assert blocks[0][0].schema.types == whole.schema.types


def test_what_is_wrong_further_down_is_said_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n" + "1,2\n" * 99 + "3\n")
    with pytest.raises(DataError, match="line 101 has 1 value"):
        open_dataset(tmp_path / "t.csv")
    stored = open_dataset(tmp_path / "t.csv", {"a": "double", "b": "double"}).x_train
    with pytest.raises(DataError, match=r"t\.csv: line 101 has 1 value"):
        list(stored.blocks(10))
    parquet.write_table(table(), tmp_path / "t.parquet")
    content = (tmp_path / "t.parquet").read_bytes()
    stored = open_dataset(tmp_path / "t.parquet").x_train
    (tmp_path / "t.parquet").write_bytes(content[:100])
    with pytest.raises(FileError, match=r"t\.parquet"):
        list(stored.blocks(10))


@pytest.mark.parametrize("name", ["t.parquet", "t.feather"])
def test_a_table_without_rows_is_refused_at_once(name: str, tmp_path: Path) -> None:
    write = feather.write_feather if name == "t.feather" else parquet.write_table
    write(table().slice(0, 0), tmp_path / name)
    with pytest.raises(DataError, match="no rows"):
        open_dataset(tmp_path / name)


def test_blocks_are_of_whole_batches_of_answers() -> None:
    assert all(block_rows((entries,)) % 128 == 0 for entries in (1, 3, 50, 10**9))


def test_a_warning_of_every_block_comes_once_and_one_of_some_blocks_not_at_all() -> None:
    def answer(block: int) -> int:
        warnings.warn(f"a column is new, such as {block}", UserWarning, stacklevel=1)
        if block:
            warnings.warn("an odd block", UserWarning, stacklevel=1)
        return -block

    with pytest.warns(UserWarning, match="such as 0") as caught:
        assert list(in_turn(range(3), answer)) == [0, -1, -2]
    assert [str(one.message) for one in caught] == ["a column is new, such as 0"]


def test_a_path_is_answered_for_block_by_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table().select(["number", "late"]).to_pandas().assign(kind=["a", "b", "c", "d", "e"] * 5)
    big = pd.concat([rows] * 12, ignore_index=True)
    big.to_parquet(tmp_path / "t.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = VAEClustering(3, method=tiny("two-views"), random_state=0).fit(big)
    asked = (model.predict, model.predict_proba, model.transform, model.score_samples, model.outlier_score)
    whole = [answer(big) for answer in asked]
    monkeypatch.setattr(stored_module, "ENTRIES", 1)
    for answer, expected in zip(asked, whole, strict=True):
        np.testing.assert_array_equal(answer(tmp_path / "t.parquet"), expected)
