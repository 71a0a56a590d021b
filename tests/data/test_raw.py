import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaecluster.data.raw import BLOCK_ENTRIES, digest_of, let_go, row_slices

quick = settings(max_examples=25, deadline=None)


@given(rows=st.integers(0, 50), entries=st.integers(0, 3 * BLOCK_ENTRIES))
@quick
def test_blocks_cover_all_rows_in_order_and_hold_a_bounded_number_of_entries(rows: int, entries: int) -> None:
    blocks = list(row_slices(rows, entries))
    assert [number for block in blocks for number in range(rows)[block]] == list(range(rows))
    assert all(0 < block.stop - block.start <= max(1, BLOCK_ENTRIES // max(1, entries)) for block in blocks)


ROWS = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    "other",
    [[ROWS[::-1]], [ROWS.reshape(3, 4)], [ROWS + 1e-12], [ROWS[:2], ROWS[2:]], [ROWS, ROWS], [ROWS.T], []],
)
def test_a_digest_sees_every_change_of_values_order_and_shape(other: list[np.ndarray]) -> None:
    assert digest_of(other) != digest_of([ROWS])


@pytest.mark.parametrize("same", [ROWS.copy(), np.asfortranarray(ROWS), np.repeat(ROWS, 2, 1)[:, ::2]])
def test_a_digest_does_not_depend_on_how_rows_lie_in_memory(same: np.ndarray) -> None:
    assert digest_of([same]) == digest_of([ROWS])


def test_a_digest_is_read_in_blocks_and_is_that_of_shape_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = hashlib.sha256(b"(4, 3)" + ROWS.tobytes()).hexdigest()
    assert digest_of([ROWS]) == whole
    monkeypatch.setattr("vaecluster.data.raw.BLOCK_ENTRIES", 4)
    assert digest_of([ROWS]) == whole
    assert digest_of([np.array(3.0)]) != digest_of([np.array(4.0)])


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
