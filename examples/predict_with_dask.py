"""New rows in a frame of Dask, answered for part by part: each process of the cluster opens the model once."""

import dask.dataframe as dd
import numpy as np
import pandas as pd

from vaecluster import TwoViews, VAEClustering, predict_function


def customers(number: int, seed: int) -> pd.DataFrame:
    """Three kinds of customers, each with a key."""
    random, kind = np.random.default_rng(seed), np.arange(number) % 3
    age, city = 25 + 20 * kind + random.normal(0, 3, number), np.array(["Ulm", "Kiel", "Bonn"])[kind]
    return pd.DataFrame({"key": [f"K{row:05}" for row in range(number)], "age": age, "city": city})


model = VAEClustering(3, columns={"key": "identifier"}, method=TwoViews(epochs=40), random_state=0)
model.fit(customers(300, seed=0))

# The model travels with the function. Give the path of its file where it is large and all machines see it.
function = predict_function(model, ("cluster", "confidence"))
new = dd.from_pandas(customers(3000, seed=1), npartitions=4)
# Of a frame without rows it makes one, which tells Dask the columns.
scored = new.map_partitions(function, meta=function(new._meta))

print("columns", list(scored.columns))
found = scored.compute()
print("the same labels", bool((found["cluster"] == model.predict(customers(3000, seed=1))).all()))
print("rows in each cluster", scored.groupby("cluster").size().compute().sort_index().tolist())
