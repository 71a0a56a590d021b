import runpy
import sys
from pathlib import Path

import h5py
import pytest
from scipy.sparse import csr_array

from h5ad_files import cells, counts_of_groups, write_h5ad

EXAMPLE = Path(__file__).parents[2] / "examples" / "cells.py"


def test_kinds_of_cells_are_found_and_written_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts, kinds = counts_of_groups(240, 80)
    source, scored = write_h5ad(tmp_path / "cells.h5ad", cells(csr_array(counts))), tmp_path / "scored.h5ad"
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), str(source), str(scored)])
    runpy.run_path(str(EXAMPLE))
    assert capsys.readouterr().out.count("80 cells: gene") == 3
    with h5py.File(scored) as file:
        codes = file["obs/vaecluster/codes"][:]
    assert len(set(zip(codes.tolist(), kinds.tolist(), strict=True))) == 3
    assert len(EXAMPLE.read_text().splitlines()) < 40
