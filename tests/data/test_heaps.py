"""Heaps of texts in HDF5 files, of which damaged ones would be read for ever."""

import struct
from pathlib import Path

import numpy as np
import pytest

from h5ad_files import cells, write_h5ad
from vaecluster.data.files import read_dataset
from vaecluster.data.heaps import check_heaps
from vaecluster.errors import FileError


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    return write_h5ad(tmp_path / "cells.h5ad", cells(np.ones((300, 4)))).read_bytes()


def places(content: bytes) -> list[tuple[int, int]]:
    """Where the objects of the first heap are, and their numbers."""
    start = content.find(b"GCOL")
    end, place, found = start + int.from_bytes(content[start + 8 : start + 16], "little"), start + 16, []
    while place + 16 <= end:
        number, _, _, size = struct.unpack_from("<HHIQ", content, place)
        found.append((place, number))
        place += size if number == 0 else 16 + -(-size // 8) * 8
    return found


def test_files_as_they_are_written_are_sound(whole: bytes, tmp_path: Path) -> None:
    check_heaps(tmp_path / "cells.h5ad")
    assert whole.count(b"GCOL") > 1
    (tmp_path / "empty.h5ad").write_bytes(b"")
    check_heaps(tmp_path / "empty.h5ad")


@pytest.mark.parametrize("size", [0, 8, 2**64 - 16, 2**63, 2**20], ids=str)
def test_an_object_that_leads_nowhere_is_damage_and_not_an_endless_loop(
    size: int, whole: bytes, tmp_path: Path
) -> None:
    place, _ = places(whole)[2]
    damaged = bytearray(whole)
    # Number 0: what is free, whose size is all the way to the next object.
    struct.pack_into("<HHIQ", damaged, place, 0, 0, 0, size)
    (tmp_path / "damaged.h5ad").write_bytes(damaged)
    with pytest.raises(FileError, match="heap of texts"):
        read_dataset(tmp_path / "damaged.h5ad")
