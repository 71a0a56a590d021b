import h5py
from scipy.sparse import csr_array

from h5ad_files import cells, counts_of_groups, write_h5ad


def test_kinds_of_cells_are_found_and_written_back(tmp_path, printed):
    counts, kinds = counts_of_groups(120, 60)
    source, scored = write_h5ad(tmp_path / "cells.h5ad", cells(csr_array(counts))), tmp_path / "scored.h5ad"
    assert "\n".join(printed("cells", source, scored)).count("40 cells: gene") == 3
    with h5py.File(scored) as file:
        codes = file["obs/vaecluster/codes"][:]
    assert len(set(zip(codes.tolist(), kinds.tolist(), strict=True))) == 3
