import numpy as np
import pandas as pd
import pytest

from vaecluster.data.arrays import ArraySource
from vaecluster.data.frames import FrameSource
from vaecluster.data.source import Source, slices

FRAME = pd.DataFrame({"size": [1.0, 2.0, np.nan, 4.0], "colour": ["red", "blue", "red", None]})
SOURCES: dict[str, Source] = {
    "table": ArraySource(np.arange(12.0).reshape(4, 3)),
    "images": ArraySource(np.arange(24.0).reshape(4, 3, 2)),
    "frame": FrameSource(FRAME),
}
sources = pytest.mark.parametrize("name", SOURCES)


def values_of(raw) -> list[list]:
    """The values of each column, or each row of an array, as a list."""
    if isinstance(raw, np.ndarray):
        return raw.tolist()
    return [np.asarray(getattr(column, "codes", column)).tolist() for column in raw.values()]


def test_the_source_is_chosen_by_type() -> None:
    assert isinstance(SOURCES["table"], ArraySource)
    assert isinstance(SOURCES["frame"], FrameSource)


@sources
def test_blocks_cover_all_rows_in_order_and_hold_a_bounded_number_of_entries(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SOURCES[name]
    monkeypatch.setattr("vaecluster.data.raw.BLOCK_ENTRIES", 3 * source.row_entries)
    blocks = list(slices(source))
    assert [block.stop - block.start for block in blocks] == [3, 1]
    assert [number for block in blocks for number in range(4)[block]] == list(range(len(source)))


@sources
def test_rows_come_by_number_or_by_slice(name: str) -> None:
    source = SOURCES[name]
    by_slice, by_number = source.read(slice(1, 3)), source.read(np.array([1, 2]))
    np.testing.assert_equal(values_of(by_slice), values_of(by_number))


@sources
def test_a_fingerprint_says_how_many_rows_of_which_shape_and_what_is_in_them(name: str) -> None:
    found = SOURCES[name].fingerprint()
    assert found["rows"] == found["shape"][0] == 4
    assert isinstance(found["dtype"], str)
    assert len(found["sha256"]) == 64
    assert SOURCES[name].fingerprint() == found
