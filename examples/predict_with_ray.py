"""New rows in Parquet files, answered for by Ray Data block by block: each worker opens the model once.

`vaecluster predict run new --engine ray --output scored` does this without a program, with an actor on each GPU.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import ray
from pyarrow import parquet

from vaecluster import TwoViews, VAEClustering, predict_function


def customers(number: int, seed: int) -> pa.Table:
    """Three kinds of customers, each with a key."""
    random, kind = np.random.default_rng(seed), np.arange(number) % 3
    age, city = 25 + 20 * kind + random.normal(0, 3, number), np.array(["Ulm", "Kiel", "Bonn"])[kind]
    return pa.table({"key": [f"K{row:05}" for row in range(number)], "age": age, "city": city})


model = VAEClustering(3, columns={"key": "identifier"}, method=TwoViews(epochs=40), random_state=0)
model.fit(customers(300, seed=0))
function = predict_function(model, ("cluster", "confidence"))

ray.init(num_cpus=2, include_dashboard=False, ignore_reinit_error=True)
with TemporaryDirectory() as name:
    for month in (1, 2):
        parquet.write_table(customers(1500, seed=month), Path(name) / f"{month}.parquet")
    rows = ray.data.read_parquet(name, include_paths=True)
    scored = rows.map_batches(function, batch_format="pyarrow").to_pandas()

print("columns", list(scored.columns))
labels = np.concatenate([model.predict(customers(1500, seed=month)) for month in (1, 2)])
print("the same labels", bool((scored.sort_values(["path", "key"])["cluster"] == labels).all()))
