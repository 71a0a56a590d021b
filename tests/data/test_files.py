from pathlib import Path

import pytest

from vaecluster.data.files import read_dataset
from vaecluster.data.readers import READERS
from vaecluster.errors import FileError


def test_a_path_that_is_no_readable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"absent\.npz does not exist"):
        read_dataset(tmp_path / "absent.npz")
    with pytest.raises(FileError, match=r"is a folder without.*\.parquet.*\.csv"):
        read_dataset(tmp_path)
    (tmp_path / "rows.xyz").touch()
    with pytest.raises(FileError, match=r"of kind '\.xyz'.*\.npz, \.npy.*\.csv"):
        read_dataset(tmp_path / "rows.xyz")
    (tmp_path / "rows").touch()
    with pytest.raises(FileError, match="without a suffix"):
        read_dataset(str(tmp_path / "rows"))


def test_no_two_kinds_of_files_end_alike() -> None:
    endings = [ending for reader in READERS for ending in reader.endings]
    assert len(set(endings)) == len(endings)
