"""Cells of several donors, days or machines: clusters that are kinds of cells and not batches.

    python examples/batches.py cells.h5ad donor

Needs `pip install "vaecluster[singlecell]"`. On the command line: `vaecluster fit cells.h5ad --batch donor`.
"""

import sys

from vaecluster import TwoViews, VAEClustering

source, batch = sys.argv[1:3]
# Of many cells fewer epochs are enough: left out, the number is chosen by them.
model = VAEClustering(3, batch=batch, method=TwoViews(epochs=40), random_state=0).fit(source)
for name, cluster in zip(model.row_names_, model.labels_, strict=True):
    print(f"{name}: cluster {cluster}")
# New cells come with the same column; those of a batch that the fit has not seen count as between the known ones.
print("the same again:", bool((model.predict(source) == model.labels_).all()))
