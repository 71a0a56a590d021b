"""The report as one HTML file that needs nothing else: no network, no font, no script but those of the package."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import final

from markupsafe import Markup

from vaecluster.report.html import fill
from vaecluster.report.section import PageSection


@final
@dataclass(frozen=True, eq=False)
class Report:
    """The whole content of a report.

    `facts` are names, values and what they mean, shown under the title in this order. `warnings` are sentences that a
    reader must not miss. `summary` says in sentences what was found, `advice` what to try next.
    """

    title: str
    facts: tuple[tuple[str, str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    sections: tuple[PageSection, ...] = ()
    summary: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def render_html(report: Report) -> str:
    """The report as the text of one HTML file that works without a network.

    Titles, facts, names and warnings are shown as they stand: markup in them is escaped.
    """
    names = dict.fromkeys(section.script for section in report.sections if section.script)
    scripts = [Markup(_script(name)) for name in names]
    # The page runs no other script than these, whatever a row, a column or a cluster is called.
    allowed = [f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts]
    return str(fill("page.html.j2", report=report, scripts=scripts, allowed=" ".join(allowed) or "'none'"))


def _script(name: str) -> str:
    return files("vaecluster.report").joinpath("static", name).read_text(encoding="utf-8")
