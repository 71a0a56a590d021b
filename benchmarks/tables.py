"""Write the README's table of results from the files in benchmarks/results. Run by `make tables`."""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"

# Test accuracy by majority, as the article states it (Su 2018).
ARTICLE = {("mnist", "su2018"): "0.83", ("fashion-mnist", "su2018"): "0.585"}

HEADER = (
    "| data | method | seeds | majority accuracy | the article's | Hungarian accuracy | NMI | ARI | minutes a fit |",
    "|---|---|---|---|---|---|---|---|---|",
)


def main() -> None:
    """Replace what stands between the marks in the README; with --check only say whether it is up to date."""
    readme = ROOT / "README.md"
    text = readme.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    records = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    updated = f"{before}{BEGIN}\n{table(records)}\n{END}{after}"
    if "--check" not in sys.argv:
        readme.write_text(updated)
    elif updated != text:
        sys.exit("README.md does not show what benchmarks/results holds. Run: make tables")


def table(records: list[dict[str, Any]]) -> str:
    """A line per file: mean over the seeds, and with several the deviation and the worst."""
    return "\n".join([*HEADER, *(_line(record) for record in records)])


def _line(record: dict[str, Any]) -> str:
    name, method, runs = record["data"]["name"], record["method"], record["runs"]
    scores = record["summary"].get("test", record["summary"]["train"])
    minutes = sum(run["seconds"] for run in runs) / len(runs) / 60
    threads = record["machine"]["threads"]
    cells = [
        name,
        method,
        str(len(runs)),
        _spread(scores["majority_accuracy"], len(runs)),
        ARTICLE.get((name, method), ""),
        *(_spread(scores[measure], len(runs)) for measure in ("hungarian_accuracy", "nmi", "ari")),
        f"{minutes:.0f} ({threads} thread{'s' * (threads > 1)})",
    ]
    return f"| {' | '.join(cells)} |"


def _spread(value: dict[str, float], seeds: int) -> str:
    if seeds == 1:
        return f"{value['mean']:.3f}"
    return f"{value['mean']:.3f} ± {value['deviation']:.3f} (worst {value['worst']:.3f})"


if __name__ == "__main__":
    main()
