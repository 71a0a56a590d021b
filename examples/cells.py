"""Kinds of cells from raw counts: fit, marker genes, and the same file with the clusters in it.

    python examples/cells.py cells.h5ad scored.h5ad

Needs `pip install "vaecluster[singlecell]"`. Of an AnnData object in memory: `fit(adata)`, then `annotate(adata)`.
"""

import sys
from pathlib import Path

from vaecluster import VAEClustering
from vaecluster.data.h5ad import annotate_h5ad

source, scored = sys.argv[1:3]
model = VAEClustering(random_state=0).fit(source)
for cluster, markers in enumerate(model.marker_genes(source, n_genes=3)):
    print(f"cluster {cluster}, {model.cluster_sizes_[cluster]:,} cells:", ", ".join(one.gene for one in markers))

# obs["vaecluster"], obs["vaecluster_confidence"] and obsm["X_vaecluster"]: sc.pl.umap(adata, color="vaecluster").
annotate_h5ad(Path(source), Path(scored), model.annotations(source))
