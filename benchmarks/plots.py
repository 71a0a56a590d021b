"""`python -m benchmarks.plots` draws `docs/results.png` from the files of results: quality against cost.

A panel for each data set and a mark for each method that was measured on it: the mean of normalised mutual information
(NMI) over seeds, from the worst to the best one, against the seconds of processor time of a fit.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.tables.records import COMPARED, ORDER, SETS, is_whole, plain_name, scores_of
from benchmarks.tables.table import RESULTS, ROOT, Record, records_of
from vaecluster.files.atomic import write_atomically
from vaecluster.look.encode import png_bytes
from vaecluster.report.charts import LIGHT, dress, mark_of

PICTURE, COLUMNS, WIDE, HIGH = ROOT / "docs" / "results.png", 3, 4.3, 3.1
# The default method, told the number of clusters and not: the same mark, the second one hollow.
OURS = (ORDER[0], f"{ORDER[0]} auto")
# Fits that are done at once all stand here.
LEAST_SECONDS = 0.2


def figure(records: list[Record]) -> Figure:
    """All data sets; the default method, also with fewer epochs, is larger than the others."""
    known = (*OURS[1:], *COMPARED)
    whole = [record for record in records if plain_name(record) in known or is_whole(record)]
    whole = [record for record in whole if record["data"]["name"] in SETS]
    order = (*OURS, *ORDER[1:])
    names = sorted({_name(record) for record in whole}, key=lambda name: (order.index(name.partition(",")[0]), name))
    lines = -(-len(SETS) // COLUMNS)
    drawn = Figure(figsize=(COLUMNS * WIDE, lines * HIGH + 0.9), layout="constrained", facecolor=LIGHT.paper)
    shown: dict[str, Any] = {}
    for panel, data in zip(drawn.subplots(lines, COLUMNS).flat, SETS, strict=True):
        for record in (one for one in whole if one["data"]["name"] == data):
            others = [name for name in names if name not in OURS]
            number = 0 if _name(record) in OURS else 1 + others.index(_name(record))
            shown[_name(record)] = _mark(panel, record, number)
        dress(panel, LIGHT)
        panel.set_title(data, fontsize=10, color=LIGHT.ink, loc="left")
        panel.set_xscale("log")
        panel.set_xlabel("CPU seconds of a fit", fontsize=8)
        panel.set_ylabel("NMI", fontsize=8)
        panel.xaxis.set_major_formatter("{x:g}")
        panel.grid(color=LIGHT.faint, linewidth=0.6)
    marks = [shown[name] for name in names]
    drawn.legend(marks, names, loc="outside lower center", ncols=6, fontsize=8, frameon=False, labelcolor=LIGHT.ink)
    return drawn


def _name(record: Record) -> str:
    return ORDER[0] if plain_name(record) == ORDER[0] else str(record["method"])


def _mark(panel: Axes, record: Record, number: int) -> Any:
    part, summary = scores_of(record)
    mean, each = summary["nmi"]["mean"], [run[part]["nmi"] for run in record["runs"]]
    seconds = max(LEAST_SECONDS, float(np.mean([run["cpu_seconds"] for run in record["runs"]])))
    colour, marker = mark_of(number)
    size, spread = 6 if number else 11, [[mean - min(each)], [max(each) - mean]]
    look = {"color": colour, "marker": marker, "markersize": size, "linewidth": 1, "zorder": 3}
    look |= {"markerfacecolor": LIGHT.paper} if _name(record) == OURS[1] else {}
    return panel.errorbar(seconds, mean, spread, linestyle="none", **look)


if __name__ == "__main__":
    write_atomically(PICTURE, png_bytes(figure(records_of(RESULTS))))
