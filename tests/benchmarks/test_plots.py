import json

from benchmarks.plots import figure
from benchmarks.tables.records import ORDER, SETS
from benchmarks.tables.table import RESULTS, records_of


def test_each_data_set_has_a_panel_and_each_method_a_mark():
    """Of the results that are in the repository."""
    drawn = figure(records_of(RESULTS))
    assert [panel.get_title(loc="left") for panel in drawn.axes] == list(SETS)
    names = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert names[0] == ORDER[0]
    assert len(names) == len(set(names)) > 10


def test_a_mark_is_at_the_mean_cost_and_the_mean_quality():
    runs = [{"cpu_seconds": seconds, "test": {"nmi": nmi}} for seconds, nmi in ((10, 0.5), (30, 0.7))]
    record = json.loads((RESULTS / "mnist-two-views.json").read_text())
    record |= {"runs": runs, "summary": {"test": {"nmi": {"mean": 0.6}}}}
    (mark,) = figure([record]).axes[SETS.index("mnist")].containers
    assert mark.lines[0].get_xydata().tolist() == [[20, 0.6]]
