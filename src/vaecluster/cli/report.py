"""`vaecluster report`."""

from pathlib import Path
from typing import Literal

from vaecluster.report.collect import collect
from vaecluster.report.write import write_html, write_pictures
from vaecluster.run_folder import RunFolder


def report(run: Path, /, *, format: Literal["html", "png"] = "html", output: Path | None = None) -> None:
    """Show what a run found: walls of rows and of generated rows per cluster, sizes, curves, scores.

    Example: `vaecluster report run` writes run/report.html, one file that works offline.

    Parameters
    ----------
    run
        The folder that `vaecluster fit` wrote.
    format
        html for one page, png for a folder of pictures.
    output
        The page, or the folder for the pictures; report.html or pictures/ in the run folder if not given.
    """
    content = collect(RunFolder.open(run))
    if format == "html":
        page = output or run / "report.html"
        write_html(content, page)
        print(f"Report written to {page}")
    else:
        folder = output or run / "pictures"
        pictures = write_pictures(content, folder)
        print(f"{len(pictures)} pictures written to {folder}")
