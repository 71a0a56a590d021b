"""Pieces of the page: templates filled in, charts as markup that holds them, numbers as words."""

import math
import re
from collections.abc import Callable
from dataclasses import astuple

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from vaecluster.look import TURNING
from vaecluster.look.encode import data_uri, svg_text
from vaecluster.report.charts import DARK, LIGHT, Palette

UNKNOWN = "\N{EN DASH}"
_DARK_OF = dict(zip(astuple(LIGHT), astuple(DARK), strict=True))
_LIGHT_COLOUR = re.compile("|".join(_DARK_OF))


def fill(template: str, **values: object) -> Markup:
    """The template, a path in this folder, with these values; markup in a value that is plain text is escaped."""
    return Markup(_TEMPLATES.get_template(template).render(values))


def chart(draw: Callable[[Palette], Figure], alt: str, *, blends: bool = False) -> Markup:
    """A chart inside the page, for light and for dark paper; `alt` says what it shows, to whoever points at it too.

    It is drawn once and coloured anew, which takes next to nothing, unless it has colours between those of the palette
    (`blends`).
    """
    drawn = svg_text(draw(LIGHT))
    others = svg_text(draw(DARK)) if blends else darkened(drawn)
    light, dark = (data_uri(text.encode(), "image/svg+xml") for text in (drawn, others))
    image = Markup('<img src="{}" alt="{}" title="{}">').format(light, alt, alt)
    # Paper is light.
    dark_one = Markup('<source srcset="{}" media="screen and (prefers-color-scheme: dark)">').format(dark)
    return Markup("<picture>{}{}</picture>").format(dark_one, image)


def darkened(svg: str) -> str:
    """A chart in the colours of the light palette in those of the dark one."""
    return _LIGHT_COLOUR.sub(lambda found: _DARK_OF[found[0]], svg)


def count(value: float) -> str:
    """A whole number.

    >>> count(60000)
    '60,000'
    """
    return f"{value:,.0f}"


def percent(value: float) -> str:
    """A share of 1.

    >>> percent(0.25)
    '25.0 %'
    """
    return f"{100 * value:.1f} %" if math.isfinite(value) else UNKNOWN


def decimal(value: float) -> str:
    """A number with three digits behind the point.

    >>> decimal(0.5)
    '0.500'
    """
    return f"{value:.3f}" if math.isfinite(value) else UNKNOWN


def sure(probability: float) -> str:
    """How likely something is; nothing is certain.

    >>> sure(0.9996), sure(0.876), sure(0.004)
    ('over 99 %', '87 %', 'under 1 %')
    """
    if not math.isfinite(probability):
        return UNKNOWN
    if probability < 0.01:
        return "under 1 %"
    return "over 99 %" if probability >= 0.99 else f"{math.floor(100 * probability)} %"


def templates(*rooms: str) -> Environment:
    """The templates in these rooms of the package and in this one, all filled in alike."""
    found = Environment(
        loader=ChoiceLoader([PackageLoader(f"vaecluster.{room}", ".") for room in (*rooms, "report")]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_inert,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"count": count, "percent": percent, "decimal": decimal, "sure": sure}
    return found


def _inert(value: object) -> object:
    return value.translate(TURNING) if isinstance(value, str) else value


_TEMPLATES = templates()
