"""Embeddings that a network has made: an .npy of vectors, or a Parquet file with a list in each row.

On the command line: `vaecluster fit embeddings.parquet --text title`.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from vaecluster import TwoViews, VAEClustering

random = np.random.default_rng(0)
kinds = np.arange(300) % 3
vectors = (random.normal(size=(3, 24))[kinds] + 0.4 * random.normal(size=(300, 24))).astype(np.float32)
# Rows of one length keep their proportions, and near ones are then those by cosine.
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

with TemporaryDirectory() as name:
    array, table = Path(name) / "vectors.npy", Path(name) / "embeddings.parquet"
    np.save(array, vectors)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 24)
    parquet.write_table(pa.table({"id": np.arange(300), "embedding": lists}), table)

    model = VAEClustering(3, method=TwoViews(epochs=30), random_state=0).fit(table)
    print("one scale for all columns:", len(set(model.fitted_.schema.blocks[0].scale.tolist())) == 1)
    print("sizes", model.cluster_sizes_.tolist())
    # One file is as good as the other.
    print("the same of both files:", bool((model.predict(array) == model.labels_).all()))
    for cluster, rows in enumerate(model.typical_rows(table, n_rows=3)):
        print("most typical of", cluster, rows.tolist())
