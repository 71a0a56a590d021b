import numpy as np
import pytest
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from vaecluster.report.charts import DARK, LIGHT, Palette, luminance
from vaecluster.report.matrix import clearest, draw_matrix


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_every_number_of_a_matrix_can_be_read(palette: Palette) -> None:
    scale = LinearSegmentedColormap.from_list("agreement", [palette.paper, palette.mark])
    for value in np.linspace(0, 1, 101):
        dark, light = sorted(luminance(colour) for colour in (scale(value), clearest(scale(value))))
        # WCAG 2, success criterion 1.4.3.
        assert (light + 0.05) / (dark + 0.05) >= 4.5
    axes = Figure().add_subplot()
    draw_matrix(axes, np.array([[1.0, 0.66], [0.66, np.nan]]), ["a", "b"], palette, most_numbered=9)
    assert [text.get_text() for text in axes.texts] == ["1.00", "0.66", "0.66"]
    assert {text.get_color() for text in axes.texts} <= {"black", "white"}
