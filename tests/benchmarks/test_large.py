from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from benchmarks import large


def test_blobs_lie_around_the_centre_of_their_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "BLOCK", 700)
    group = large.write_blobs(tmp_path / "t.parquet", 2000, 4)
    table = parquet.read_table(tmp_path / "t.parquet")
    rows = np.column_stack([column.to_numpy() for column in table.columns])
    assert (table.num_rows, len(np.unique(group))) == (2000, large.GROUPS)
    within = np.concatenate([rows[group == one] - rows[group == one].mean(0) for one in range(large.GROUPS)])
    assert within.std() == pytest.approx(large.SPREAD, rel=0.05)
    assert rows.std() > 1.5 * large.SPREAD
