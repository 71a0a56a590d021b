import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from builders import quiet, vectors

WORDS = np.array(["wheat corn <script>alert(1)</script>", "oil barrel", "bank rate"])


@quiet
def test_clusters_of_embeddings_are_described_by_their_texts(tmp_path: Path, runs: Callable[..., str]) -> None:
    rows = vectors(60)
    kinds = np.arange(60) % 3
    table = pa.table({"text": WORDS[kinds].tolist(), "vector": pa.array(rows.tolist())})
    parquet.write_table(table, tmp_path / "rows.parquet")
    folder = tmp_path / "run"
    fit = ("fit", str(tmp_path / "rows.parquet"), "--text", "text", "--clusters", "3", "--quiet")
    runs(*fit, "--output", str(folder), "--set", "epochs=40", "--set", "components=6", "--set", "heads=2")
    described = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    found = {frozenset(one["word"] for one in some) for some in described["words"]}
    assert found == {
        frozenset(words) for words in ({"wheat", "corn", "script", "alert"}, {"oil", "barrel"}, {"bank", "rate"})
    }
    assert all(len({WORDS[one["row"] % 3] for one in some}) == 1 for some in described["typical_texts"])
    runs("report", str(folder))
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
