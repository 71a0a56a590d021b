from pathlib import Path

import numpy as np
import pytest

from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks import Numbers, Pixels
from vaecluster.data.blocks.reading import Reading
from vaecluster.errors import DataError

TABLE = np.random.default_rng(0).normal(size=(20, 3))
SHAPES = [(20, 3), (20, 3, 2), (20, 3, 2, 2)]
shapes = pytest.mark.parametrize("shape", SHAPES)


def test_an_array_is_a_source_of_its_rows_without_a_copy() -> None:
    source = ArraySource(TABLE)
    assert isinstance(source, ArraySource)
    assert source.array is TABLE
    assert len(source) == 20
    np.testing.assert_array_equal(source.read(np.array([3, 1, 1])), TABLE[[3, 1, 1]])
    assert np.shares_memory(source.read(slice(2, 5)), TABLE)


def test_a_fingerprint_says_of_which_rows_it_is_and_sees_every_change() -> None:
    found = ArraySource(TABLE).fingerprint()
    assert {name: found[name] for name in ("rows", "dtype", "shape")} == {"rows": 20, "dtype": "<f8", "shape": [20, 3]}
    assert ArraySource(TABLE.copy()).fingerprint() == found
    for other in (TABLE[::-1], TABLE + 1e-12, TABLE.astype(np.float32), TABLE.reshape(20, 3, 1)):
        assert ArraySource(other).fingerprint() != found


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scaling", ["columns", "common"])
def test_a_table_is_one_block_of_numbers_read_in_blocks_of_rows(
    weighted: bool, scaling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = np.linspace(0.5, 1.5, 20) if weighted else None
    (whole,) = ArraySource(TABLE).schema(Reading("gaussian", scaling, weights)).blocks
    monkeypatch.setattr("vaecluster.data.raw.BLOCK_ENTRIES", 9)
    (block,) = ArraySource(TABLE).schema(Reading("gaussian", scaling, weights)).blocks
    assert isinstance(block, Numbers)
    np.testing.assert_allclose(block.offset, np.average(TABLE, 0, weights))
    np.testing.assert_allclose(block.scale, whole.scale)
    assert (block.columns, block.dtype, block.missing) == ((), "<f8", False)


@shapes
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_three_or_four_axes_are_images(shape: tuple[int, ...], likelihood: str) -> None:
    array = np.random.default_rng(0).random(shape)
    schema = ArraySource(array).schema(Reading(likelihood, "columns"))
    assert isinstance(schema.blocks[0], Pixels) == (len(shape) > 2)
    assert schema.row_shape == shape[1:]
    assert schema.kind == ("images" if len(shape) > 2 else "vectors")


def test_columns_are_named_where_they_cannot_be_probabilities() -> None:
    with pytest.raises(DataError, match="column 'b'"):
        ArraySource(np.array([[0.0, 2.0], [1.0, 0.0]])).schema(Reading("bernoulli", "columns", names=["a", "b"]))


def test_a_memory_map_is_a_source_like_any_array(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", TABLE)
    source = ArraySource(np.load(tmp_path / "rows.npy", mmap_mode="r"))
    assert source.fingerprint() == ArraySource(TABLE).fingerprint()
    np.testing.assert_array_equal(source.read(np.array([5, 2])), TABLE[[5, 2]])
    (block,) = source.schema(Reading("gaussian", "columns")).blocks
    np.testing.assert_allclose(block.offset, TABLE.mean(0))
