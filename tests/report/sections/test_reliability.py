from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from vaecluster.clusters.reliability import reliability
from vaecluster.files import record
from vaecluster.report.charts import LIGHT
from vaecluster.report.run import FinishedRun
from vaecluster.report.sections.reliability import Reliabilities, reliability_figure

TABLE = np.random.default_rng(0).dirichlet(np.ones(3), 60)
FOUND = {by: reliability(TABLE**power, np.arange(60) % 3) for by, power in (("confidence", 1), ("bayes", 2))}


def run_of(**description: Any) -> FinishedRun:
    return cast(FinishedRun, SimpleNamespace(description=description))


def test_without_labels_there_is_no_section() -> None:
    assert Reliabilities.of(run_of()) is None


def test_the_section_says_what_was_written_down() -> None:
    plain = {by: record.plain(one) for by, one in FOUND.items()}
    section = Reliabilities.of(run_of(reliability=plain))
    assert section is not None
    page = str(section.html())
    for by, one in FOUND.items():
        assert f"{one.expected_calibration_error:.3f}" in page
        assert np.array_equal(section.found[by].accuracy, one.accuracy, equal_nan=True)
    assert "60 rows" in page
    assert [name for name, _ in section.pictures()] == ["reliability.png"]


def test_there_is_a_diagram_for_each_with_a_bar_for_each_bin_that_holds_rows() -> None:
    figure = reliability_figure(FOUND, LIGHT)
    assert len(figure.axes) == len(FOUND)
    for axes, one in zip(figure.axes, FOUND.values(), strict=True):
        assert len(axes.patches) == (one.count > 0).sum()
