"""An array in a file is read and written as one in memory."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaecluster.data.room import Bytes, FileArray, Room
from vaecluster.errors import FileError

VALUES = np.arange(60, dtype=np.int32).reshape(20, 3)


def test_small_arrays_are_in_memory_and_large_ones_in_files(tmp_path: Path) -> None:
    assert isinstance(Room().array((10**6, 3), np.int8), np.ndarray)
    room = Room(1600, tmp_path)
    assert isinstance(room.array((10, 10), np.uint8), np.ndarray)
    assert isinstance(room.array((101,), np.uint8), FileArray)
    # The file has no name, so nothing is left however the process ends.
    assert list(tmp_path.iterdir()) == []
    assert (Room().part(7, 100), room.part(7, 100), room.part(2, 100), room.part(7, 10**6)) == (7, 4, 2, 1)
    assert (Room().kept, room.kept, Room(10**12).kept) == (2**26, 100, 2**26)


@given(st.lists(st.integers(0, 19)), st.tuples(st.integers(0, 20), st.integers(0, 20)), st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_what_is_read_is_what_was_written(numbers: list[int], ends: tuple[int, int], step: int) -> None:
    scratch = FileArray.new(VALUES.shape, VALUES.dtype)
    for start in (14, 0, 7):
        scratch[start : start + 7] = VALUES[start : start + 7]
    chosen = np.array(numbers, dtype=np.intp)
    np.testing.assert_array_equal(scratch[chosen], VALUES[chosen])
    np.testing.assert_array_equal(scratch[slice(*ends)], VALUES[slice(*ends)])
    np.testing.assert_array_equal(scratch[slice(*ends, step)], VALUES[slice(*ends, step)])
    assert (len(scratch), scratch.shape, scratch.ndim, scratch.dtype) == (20, (20, 3), 2, np.int32)


def test_an_array_in_a_file_grows() -> None:
    scratch = FileArray.new((0, 3), np.int32)
    for start in (0, 7, 14):
        scratch.append(VALUES[start : start + 7])
    np.testing.assert_array_equal(scratch[:], VALUES)


@pytest.mark.parametrize(
    ("given", "bytes_"),
    [
        ("2GB", 2 * 10**9),
        ("500 MB", 5 * 10**8),
        ("1.5kB", 1500),
        ("1KiB", 1024),
        ("3MiB", 3 * 2**20),
        ("7B", 7),
        ("2gb", 2 * 10**9),
        (9, 9),
    ],
)
def test_sizes_are_read(given: object, bytes_: int) -> None:
    assert Bytes().accepts(given)
    assert Bytes().normal(given) == bytes_


@pytest.mark.parametrize("given", ["", "2", "GB", "-1GB", "0MB", "2G", "0.1B", 0, -5, 1.5, None, True])
def test_what_is_no_size_is_refused(given: object) -> None:
    assert not Bytes().accepts(given)


def test_rows_without_entries_are_read() -> None:
    assert FileArray.new((5, 0), np.int32)[np.array([1, 3])].shape == (2, 0)


def test_a_place_that_cannot_be_used_is_named() -> None:
    with pytest.raises(FileError, match=r"cannot be used: .* Make room"):
        FileArray.new((2, 2), np.int8, Path(__file__) / "absent")
    with pytest.raises(FileError, match="cut short"):
        FileArray.new((2, 2), np.int8)[:]
