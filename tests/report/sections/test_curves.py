import numpy as np
import pytest

from vaecluster.look.encode import png_bytes, svg_text
from vaecluster.report.charts import DARK, LIGHT
from vaecluster.report.sections.curves import Curve, curves_figure


def test_each_curve_has_its_own_axes_with_its_name_last_value_and_epochs() -> None:
    figure = curves_figure([Curve("latent KL", (3.0, 2.0, 1.5), "nats"), Curve("learning rate", (0.1,), "")])
    first, second = figure.axes
    assert first.get_title(loc="left") == "latent KL"
    assert first.get_title(loc="right") == "1.5 nats"
    assert np.asarray(first.lines[0].get_xdata()).tolist() == [1, 2, 3]
    assert second.get_title(loc="right") == "0.1"
    assert 0 not in first.get_xticks()


@pytest.mark.parametrize(
    "values",
    [
        (),
        (1.0,),
        (np.nan,),
        (np.nan, np.inf, -np.inf),
        (1.0, np.nan, 2.0, np.inf),
        (5.0, 5.0),
        (1e300, -1e300),
    ],
)
def test_any_values_make_a_chart(values: tuple[float, ...]) -> None:
    figure = curves_figure([Curve("term", values, "nats")])
    assert svg_text(figure).startswith("<?xml")
    assert png_bytes(figure).startswith(b"\x89PNG")


def test_the_last_finite_value_is_the_one_written() -> None:
    (axes,) = curves_figure([Curve("term", (4.0, 2.5, np.nan), "nats")]).axes
    assert axes.get_title(loc="right") == "2.5 nats"


def test_no_curves_make_an_empty_chart() -> None:
    assert curves_figure([]).axes == []


def test_a_dollar_sign_in_a_name_starts_no_formula() -> None:
    assert "svg" in svg_text(curves_figure([Curve(r"$\nonsense", (1.0,), "$")]))


def test_the_same_chart_gives_the_same_text_and_bytes_and_another_palette_another() -> None:
    curve = Curve("term", (3.0, 1.0), "nats")
    assert svg_text(curves_figure([curve])) == svg_text(curves_figure([curve], LIGHT))
    assert png_bytes(curves_figure([curve])) == png_bytes(curves_figure([curve]))
    assert svg_text(curves_figure([curve])) != svg_text(curves_figure([curve], DARK))
