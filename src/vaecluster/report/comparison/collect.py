"""From a comparison to the content of its page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vaecluster.comparison import Comparison
from vaecluster.data.given import Given
from vaecluster.data.schema import Schema
from vaecluster.files.provenance import versions
from vaecluster.report.comparison.side_by_side import SideBySide
from vaecluster.report.comparison.tables import AgreementOfMethods, InWords, numbers_table, scores_table
from vaecluster.report.page import Report
from vaecluster.report.section import PageSection


def collect(
    comparison: Comparison,
    source: str,
    rows: Any,
    given: Given,
    schema: Schema,
    worded: Callable[[str], str] = str,
) -> Report:
    """The whole content of the page on a comparison of these rows; what fits warned of is `worded` for its reader."""
    sections: list[PageSection] = [InWords.of(comparison), numbers_table(comparison)]
    if len(comparison.methods) > 1:
        sections.append(AgreementOfMethods(comparison))
    if comparison.methods[0].scores:
        sections.append(scores_table(comparison))
    sections.append(SideBySide.of(comparison, rows, given, schema))
    return Report(
        title=f"{Path(source).name}: methods side by side",
        facts=_facts(comparison, schema),
        warnings=(
            *(f"{name} is left out: {why}" for name, why in comparison.left_out.items()),
            *map(worded, _warned(comparison)),
        ),
        sections=tuple(sections),
    )


def _facts(comparison: Comparison, schema: Schema) -> tuple[tuple[str, str, str], ...]:
    shape = "x".join(str(size) for size in schema.row_shape)
    asked = comparison.number_from is None
    number = f"{comparison.number}, {'as asked for' if asked else f'by {comparison.number_from}'}"
    return (
        ("Rows", f"{comparison.rows:,}", "rows that every method was fitted to"),
        ("Row", f"{shape} {schema.kind.entries}", "what one row is made of"),
        ("Methods", str(len(comparison.methods)), "methods that are compared"),
        ("Seeds", ", ".join(map(str, comparison.seeds)), "each method was fitted once with each of these"),
        ("Number of clusters", number, "what methods that cannot find the number were told"),
        ("Version", f"vaecluster {versions()['vaecluster']}", "of the package that made the fits"),
    )


def _warned(comparison: Comparison) -> list[str]:
    """What fits warned of, each once, with the methods that did."""
    said: dict[str, dict[str, None]] = {}
    for fit in comparison.fits:
        for _, text in fit.warnings:
            said.setdefault(text, {})[fit.method] = None
    return [f"{', '.join(methods)}: {text}" for text, methods in said.items()]
