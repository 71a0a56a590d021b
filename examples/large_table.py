"""A table in Parquet files that is fitted within a stated memory, and scored a block after the other."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from vaecluster import TwoViews, VAEClustering


def write_sales(folder: Path, rows: int, files: int) -> None:
    """Three kinds of sales, some without a price, in a file for each month."""
    random = np.random.default_rng(0)
    for month in range(files):
        place, kind = folder / f"month={month}", random.integers(0, 3, rows)
        price = np.where(random.random(rows) < 0.05, np.nan, 10.0 + 40 * kind + random.normal(size=rows))
        columns = {f"amount {number}": 5.0 * kind + random.normal(size=rows) for number in range(20)}
        place.mkdir()
        parquet.write_table(
            pa.table({**columns, "price": price, "shop": np.array(["a", "b", "c"])[kind]}), place / "sales.parquet"
        )


with TemporaryDirectory() as name:
    folder = Path(name)
    write_sales(folder, rows=300, files=4)
    # Real tables are larger, and so is what there is for them: "2GB".
    model = VAEClustering(
        3, memory="100kB", columns={"month": "leave-out"}, method=TwoViews(epochs=10), random_state=0
    )
    model.fit(folder)
    print("rows in each cluster", model.cluster_sizes_.tolist())
    print("the same labels", bool((model.predict(folder) == model.labels_).all()))
