"""`vaecluster explore`."""

import os
import sys
from typing import Annotated

from cyclopts import Parameter

from vaecluster.cli.options import Place, RowsOfFit, Run, Whole, check
from vaecluster.errors import SettingError
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.source import rows_of_run
from vaecluster.settings import Whole as WholeKind


def explore(
    run: Run,
    /,
    *,
    other: Annotated[Place | None, Parameter(name="--with")] = None,
    source: RowsOfFit | None = None,
    port: Whole = 0,
    browser: bool = True,
    names: bool = True,
) -> None:
    """Look at a run in the browser: its map, all rows of each cluster, new rows; edit clusters, and save versions.

    Example: `vaecluster explore run` prints an address on this machine and opens it; Ctrl-C ends it. Nobody else can
    open it, and nothing leaves the machine. Edits are kept in the run folder as they are made.

    Parameters
    ----------
    other
        A second run of the same rows, shown beside the first.
    port
        Of the address; 0 takes a free one.
    browser
        Open the address in the browser.
    names
        --no-names leaves out, of the page and of the report that it opens, what `vaecluster report --no-names` does.
    """
    check("--port", port, WholeKind(0, 65535))
    folder = RunFolder.open(run)
    second = None if other is None else RunFolder.open(other)
    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError:
        raise SettingError(
            "vaecluster explore needs FastAPI and uvicorn, which are not installed. Run: pip install "
            "'vaecluster[explore]'"
        ) from None
    from vaecluster.editing import Edited
    from vaecluster.explore.explored import Explored
    from vaecluster.explore.serve import Server
    from vaecluster.report.collect import collect
    from vaecluster.report.page import render_html

    with Edited.open(folder) as edited:
        data, place = rows_of_run(folder, source, edited.model)
        explored = Explored(edited, data, place, second, names=names)
        server = Server(explored, lambda: render_html(collect(folder, names=names)), port)
        # To the page's owner alone: whoever has the address may edit.
        print(f"Open {server.address}", flush=True)
        print("Ctrl-C ends it.", file=sys.stderr)
        server.serve_until_stopped(browser=browser)
    print("Stopped. Edits are kept in the run folder.")
    doing = explored.worker.doing
    if doing is not None and doing.running:
        print(f"{doing.what} was under way, and is not done.", flush=True)
        # A thread that is in torch while the interpreter ends aborts the process.
        sys.stderr.flush()
        os._exit(0)
