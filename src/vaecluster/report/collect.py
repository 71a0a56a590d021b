"""From a run folder to the report's content."""

from collections.abc import Iterator
from pathlib import PurePath

from vaecluster.report.page import Report
from vaecluster.report.run import FinishedRun
from vaecluster.report.sections import SECTIONS
from vaecluster.report.summary import advice, summary
from vaecluster.runs.folder import RunFolder


def collect(folder: RunFolder, *, names: bool = True, in_python: bool = False) -> Report:
    """The whole content of the report on this run; rows are generated here, from the estimator's own seed.

    Without `names` it holds none of rows and of the source (`FinishedRun.without_names`). What to try next is
    `in_python`, or on the command line.
    """
    run = FinishedRun.open(folder, names=names)
    return Report(
        title=title_of(run),
        summary=tuple(summary(run)),
        warnings=tuple(_warnings(run)),
        advice=tuple(advice(run, in_python=in_python)),
        sections=tuple(section for kind in SECTIONS if (section := kind.of(run)) is not None),
    )


def title_of(run: FinishedRun) -> str:
    """What pages call the run: whoever is sent one learns nothing of the sender's folders."""
    source: str = run.description["source"]
    return PurePath(source).name or source


def _warnings(run: FinishedRun) -> Iterator[str]:
    empty = [cluster for cluster in run.clusters if not cluster.size]
    if empty:
        yield (
            f"{len(empty)} of {len(run.clusters)} clusters hold no row. Ask for fewer clusters, train for more "
            "epochs, or try another seed."
        )
    if run.description["ending"] == "interrupted":
        yield "The fit was interrupted; the model is what was learned until then."
