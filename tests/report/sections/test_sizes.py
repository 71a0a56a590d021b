import numpy as np
import pytest
from matplotlib.patches import Rectangle

from vaecluster.look.encode import svg_text
from vaecluster.look.walls import Wall
from vaecluster.report.run import ShownCluster
from vaecluster.report.sections.sizes import sizes_figure

NONE = Wall(np.zeros((0, 4, 4)))


def shown(number: int, size: int) -> ShownCluster:
    return ShownCluster(number, size, 0.1, 0.9, NONE, NONE)


def test_the_bars_stand_in_the_order_of_the_clusters() -> None:
    (axes,) = sizes_figure([shown(2, 7), shown(0, 5), shown(1, 0)]).axes
    assert [bar.get_bbox().height for bar in axes.patches if isinstance(bar, Rectangle)] == [5, 0, 7]


@pytest.mark.parametrize("count", [1, 10, 200])
def test_any_number_of_clusters_makes_a_chart(count: int) -> None:
    assert "svg" in svg_text(sizes_figure([shown(cluster, 0) for cluster in range(count)]))
