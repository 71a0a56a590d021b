"""An array in a file is read and written as one in memory."""

import mmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaecluster.data.room import Room, Scratch, let_go
from vaecluster.errors import FileError

VALUES = np.arange(60, dtype=np.int32).reshape(20, 3)


def test_small_arrays_are_in_memory_and_large_ones_in_files(tmp_path: Path) -> None:
    assert isinstance(Room().array((10**6, 3), np.int8), np.ndarray)
    room = Room(1600, tmp_path)
    assert isinstance(room.array((10, 10), np.uint8), np.ndarray)
    assert isinstance(room.array((101,), np.uint8), Scratch)
    # The file has no name, so nothing is left however the process ends.
    assert list(tmp_path.iterdir()) == []
    assert (Room().part(7, 100), room.part(7, 100), room.part(2, 100), room.part(7, 10**6)) == (7, 4, 2, 1)


@given(st.lists(st.integers(0, 19)), st.tuples(st.integers(0, 20), st.integers(0, 20)), st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_what_is_read_is_what_was_written(numbers: list[int], ends: tuple[int, int], step: int) -> None:
    scratch = Scratch(VALUES.shape, VALUES.dtype)
    for start in (14, 0, 7):
        scratch[start : start + 7] = VALUES[start : start + 7]
    chosen = np.array(numbers, dtype=np.intp)
    np.testing.assert_array_equal(scratch[chosen], VALUES[chosen])
    np.testing.assert_array_equal(scratch[slice(*ends)], VALUES[slice(*ends)])
    np.testing.assert_array_equal(scratch[slice(*ends, step)], VALUES[slice(*ends, step)])
    assert (len(scratch), scratch.shape, scratch.ndim, scratch.dtype) == (20, (20, 3), 2, np.int32)


def test_rows_without_entries_are_read(tmp_path: Path) -> None:
    assert Scratch((5, 0), np.int32)[np.array([1, 3])].shape == (2, 0)


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"temporary file of 0\.0 GB cannot be used: No such file"):
        Scratch((2, 2), np.int8, tmp_path / "absent")
    with pytest.raises(FileError, match="cut short"):
        Scratch((2, 2), np.int8)[:]


def resident(path: Path) -> int:
    """Bytes of the file that count as memory of this process."""
    with open("/proc/self/smaps") as file:
        found = False
        for line in file:
            found = str(path) in line if "-" in line.split()[0] else found
            if found and line.startswith("Rss"):
                return 1024 * int(line.split()[1])
    return 0


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="memory is read as Linux shows it")
def test_pages_of_a_map_are_let_go_and_changes_stay(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.ones((1000, 1000)))
    for mode in ("r", "r+"):
        rows = np.load(path, mmap_mode=mode)
        if mode == "r+":
            rows[0] = 2
        assert rows.sum() > 0
        assert resident(path) > 4 * 10**6
        let_go(np.asarray(rows)[10:].T)
        assert resident(path) == 0
        assert rows[0, 0] == (2 if mode == "r+" else 1)
    # What is changed in memory alone would be lost.
    rows = np.load(path, mmap_mode="c")
    rows[0] = 3
    let_go(rows[5:])
    assert rows[0, 0] == 3
    let_go([1, 2])
    assert mmap.PAGESIZE
