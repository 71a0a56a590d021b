"""The report as one HTML file that needs nothing else: no network, no font, no script but those of the package."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import final

from markupsafe import Markup

from vaecluster.look.encode import coarser, length
from vaecluster.report.html import fill
from vaecluster.report.section import PageSection

# Bytes of a page: less than most mail programs take.
MOST_BYTES = 15_000_000


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


def render_html(report: Report, most_bytes: int = MOST_BYTES) -> str:
    """The report as the text of one HTML file that works without a network.

    Titles, facts, names and warnings are shown as they stand: markup in them is escaped. Where a page would have more
    than `most_bytes`, its pictures are made coarser, and it says so.
    """
    names = dict.fromkeys(["page.js", *(section.script for section in report.sections if section.script)])
    scripts = [Markup(_script(name)) for name in names]
    # The page runs no other script than these, whatever a row, a column or a cluster is called.
    allowed = " ".join(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts)
    parts = [section.html() for section in report.sections]

    def page(parts: list[Markup], kept: float) -> str:
        bodies = list(zip(report.sections, parts, strict=True))
        values = {"report": report, "bodies": bodies, "scripts": scripts, "allowed": allowed}
        return str(fill("page.html.j2", **values, kept=kept, most=f"{most_bytes / 1e6:.3g} MB"))

    # All but the sections, with the words that pictures are coarser.
    around = length(page([Markup()] * len(parts), 0.5))
    return page(*coarser(parts, most_bytes - around))


def _script(name: str) -> str:
    return files("vaecluster.report").joinpath("static", name).read_text(encoding="utf-8")
