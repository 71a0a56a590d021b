"""The report as one HTML file that needs nothing else: no network, no script, no font."""

from dataclasses import dataclass
from typing import final

from vaecluster.report.html import fill
from vaecluster.report.section import PageSection


@final
@dataclass(frozen=True, eq=False)
class Report:
    """The whole content of a report.

    `facts` are pairs of a name and a value, shown under the title in this order. `warnings` are sentences that a
    reader must not miss.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    sections: tuple[PageSection, ...] = ()


def render_html(report: Report) -> str:
    """The report as the text of one HTML file that works without a network.

    Titles, facts, names and warnings are shown as they stand: markup in them is escaped.
    """
    return str(fill("page.html.j2", report=report))
