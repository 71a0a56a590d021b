"""The page around the map; everything that rows, columns or clusters say is filled in by its script, as text."""

from vaecluster.errors import counted
from vaecluster.explore.explored import Explored
from vaecluster.report.html import templates
from vaecluster.report.run import FinishedRun

_TEMPLATES = templates("explore")
# What there is to do, by the names of the panels (web/src/explore.ts).
TABS = {"clusters": "Clusters", "members": "Rows", "generate": "Generate", "bring": "New row", "history": "Edits"}


def page_of(explored: Explored) -> str:
    """The page of a run."""
    other = None if explored.other is None else _made_by(explored.other.run)
    return _TEMPLATES.get_template("explore.html.j2").render(
        title=explored.title,
        rows=explored.number_of_rows,
        shown=explored.shown_rows,
        pictured=explored.pictured,
        pictures=explored.taking.takes_pictures,
        this=_made_by(explored.run),
        other=other,
        tabs=[*TABS.items(), *([("compare", "Compare")] if other else [])],
        # Without WebGL there is no map, and so no picture in its place.
        light=None,
        dark=None,
    )


def _made_by(run: FinishedRun) -> str:
    """What tells two runs of the same rows apart; where they lie is nobody's business."""
    model = run.model
    return f"{model.method_.name}, seed {model.random_state}, {counted(model.n_clusters_, 'cluster')}"


def style() -> str:
    """The style of the page: that of the report, of the map, and its own."""
    names = ("page.css", "sections/map.css", "explore.css")
    return "\n".join(_TEMPLATES.get_template(name).render() for name in names)
