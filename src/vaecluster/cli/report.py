"""`vaecluster report`."""

from typing import Literal

from vaecluster.cli.options import Place, Run
from vaecluster.cli.write import check_stays
from vaecluster.errors import FileError, VaeclusterError
from vaecluster.runs.examples import examples_file
from vaecluster.runs.folder import RunFolder


def report(
    run: Run, /, *, format: Literal["html", "png"] = "html", output: Place | None = None, names: bool = True
) -> None:
    """Show what a run found, in words and pictures: a map, each cluster beside generated rows, which clusters touch.

    Example: `vaecluster report run` writes run/report.html, one file that works offline.

    Parameters
    ----------
    format
        html for one page, png for a folder of pictures.
    output
        The page, or the folder for the pictures; report.html or pictures/ in the run folder if not given.
    names
        --no-names leaves out the name of the source, names of rows, such as file names and identifiers, and columns
        that nothing was learned from. Numbers of rows, pictures, columns that were learned from, labels given for
        scoring, and texts that clusters are described by stay: look at the page before you give it away.
    """
    folder = RunFolder.open(run)
    place = output or run / ("report.html" if format == "html" else "pictures")
    check_stays(place, run)
    from vaecluster.report.collect import collect
    from vaecluster.report.write import write_html, write_pictures

    try:
        content = collect(folder, names=names)
        if format == "html":
            write_html(content, place)
            print(f"Report written to {place}")
        else:
            pictures = write_pictures(content, place)
            print(f"{len(pictures)} pictures written to {place}")
    except VaeclusterError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as problem:
        # Files that are whole each may still say different things, or hold other values than a fit writes.
        raise FileError(
            f"'{run}' holds a run.json or {examples_file(run).name} that was changed or is of another fit: "
            f"{type(problem).__name__} {problem}. Fit again."
        ) from None
