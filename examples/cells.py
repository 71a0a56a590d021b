"""Kinds of cells from raw counts: fit, look at marker genes, and write the clusters where scanpy looks for them.

    python examples/cells.py cells.h5ad

Needs `pip install 'vaecluster[singlecell]' anndata`. Without a file it makes cells of four kinds.
"""

import sys

import numpy as np
from anndata import AnnData, read_h5ad

from vaecluster import VAEClustering


def made_up(cells: int = 400, genes: int = 300, kinds: int = 4) -> AnnData:
    """Raw counts of cells of some kinds, each of which has more of some genes."""
    draws = np.random.default_rng(0)
    usual = draws.gamma(0.5, size=genes)
    rates = usual * np.where(draws.random((kinds, genes)) < 0.1, 6, 1)[np.arange(cells) % kinds]
    depth = draws.uniform(300, 3000, (cells, 1))
    return AnnData(draws.poisson(depth * rates / rates.sum(1, keepdims=True)).astype(np.float32))


adata = read_h5ad(sys.argv[1]) if len(sys.argv) > 1 else made_up()
model = VAEClustering(random_state=0).fit(adata)
for cluster, markers in enumerate(model.marker_genes(adata, n_genes=3)):
    print(f"cluster {cluster}, {model.cluster_sizes_[cluster]:,} cells:", ", ".join(one.gene for one in markers))

# obs["vaecluster"], obs["vaecluster_confidence"] and obsm["X_vaecluster"]: sc.pl.umap(adata, color="vaecluster").
model.annotate(adata)
print(adata.obs[["vaecluster", "vaecluster_confidence"]].head(3))
