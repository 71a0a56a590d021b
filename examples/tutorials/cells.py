"""
Single cells
============

You have raw counts of genes in cells and want kinds of cells and their marker genes. The counts here are simulated:
five kinds, the rarest with one cell in twenty, and cells of very different depth. Of your own data, give the AnnData
object or the path of its ``.h5ad``.

AnnData is needed for this page, and h5py for files: ``pip install anndata 'vaecluster[singlecell]'``.
"""

import anndata
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

random = np.random.default_rng(0)
cells, genes = 600, 300
kinds = random.choice(5, cells, p=[0.35, 0.25, 0.2, 0.15, 0.05])
rates = np.tile(random.gamma(0.5, 1.0, genes), (5, 1))
for kind in range(5):
    # Genes 0 to 19 are more active in kind 0, genes 20 to 39 in kind 1, and so on.
    rates[kind, 20 * kind : 20 * kind + 20] *= random.uniform(4, 10, 20)
expected = rates[kinds] / rates[kinds].sum(1, keepdims=True) * random.lognormal(np.log(800), 0.4, (cells, 1))
adata = anndata.AnnData(
    random.poisson(random.gamma(2.0, expected / 2.0)).astype(np.float32),
    obs=pd.DataFrame(index=[f"cell{number}" for number in range(cells)]),
    var=pd.DataFrame(index=[f"gene{number}" for number in range(genes)]),
)
print("counts of a cell: between", int(adata.X.sum(1).min()), "and", int(adata.X.sum(1).max()))

# %%
# Fit
# ---
#
# Give raw counts. Do not normalise them, take logarithms or select genes: that is part of the model.

from vaecluster import VAEClustering, plot

model = VAEClustering(random_state=0).fit(adata)
print(model.n_clusters_, "clusters of", model.cluster_sizes_.tolist(), "cells, evidence:", model.evidence_.strength)

# %%
# The simulated kinds took no part in the fit. Here each line is a kind and each column a cluster.

pd.crosstab(pd.Series(kinds, name="kind"), pd.Series(model.labels_, name="cluster"))

# %%
# Marker genes
# ------------
#
# Genes that set a cluster apart, the clearest first.

for cluster, markers in enumerate(model.marker_genes(adata, n_genes=4)):
    print(f"cluster {cluster}:", ", ".join(one.gene for one in markers))

# %%
# Map
# ---

fig, ax = plt.subplots(figsize=(6, 5), layout="constrained")
plot.map(model, adata, ax=ax)

# %%
# Go on in scanpy
# ---------------
#
# ``annotate`` writes clusters, confidence and codes into the object, where scanpy finds them:
# ``sc.pl.umap(adata, color="vaecluster")`` or ``sc.pp.neighbors(adata, use_rep="X_vaecluster")``.

print(model.annotate(adata))

# %%
# Cells of several donors or days
# -------------------------------
#
# Name the column of ``obs`` that says which, so that clusters are kinds of cells and not batches:
# ``VAEClustering(batch="donor")``. See :doc:`/guide/cells`.
#
# On the command line
# -------------------
#
# .. code-block:: text
#
#    vaecluster fit cells.h5ad --output run
#    vaecluster predict run cells.h5ad --output scored.h5ad
