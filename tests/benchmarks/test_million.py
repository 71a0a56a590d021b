import numpy as np
from pyarrow import parquet

from benchmarks.million import BLOBS, COLUMNS, make_table


def test_rows_of_a_blob_lie_around_one_centre_and_the_same_seed_makes_the_same_table(tmp_path):
    blobs = [make_table(tmp_path / f"{name}.parquet", 3000, np.random.default_rng(0)) for name in "ab"]
    one, other = (parquet.read_table(tmp_path / f"{name}.parquet").to_pandas().to_numpy() for name in "ab")
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(*blobs)
    assert one.shape == (3000, COLUMNS)
    assert len(np.unique(blobs[0])) == BLOBS
    for blob in range(BLOBS):
        np.testing.assert_allclose(one[blobs[0] == blob].std(0).mean(), 1, atol=0.15)
