"""`vaecluster sample`."""

from pathlib import Path

import numpy as np

from vaecluster.cli.options import SEED, Place, Run, Whole, check
from vaecluster.cli.write import check_output
from vaecluster.errors import FileError, counted
from vaecluster.files.atomic import write_array, write_atomically
from vaecluster.look import WALL_ROWS
from vaecluster.runs.folder import RunFolder
from vaecluster.settings import Whole as WholeKind

TABLES = (".csv", ".parquet")
ENDINGS = (".npy", ".png", *TABLES)


def sample(
    run: Run,
    /,
    *,
    cluster: Whole | None = None,
    number: Whole = WALL_ROWS,
    output: Place | None = None,
    seed: Whole | None = None,
) -> None:
    """Generate new rows, of one cluster or of all.

    Example: `vaecluster sample run --cluster 3 --number 64 --output samples.png`.

    Parameters
    ----------
    cluster
        The cluster to draw from; if not given, rows of all clusters in their proportions.
    number
        How many rows.
    output
        A .csv or .parquet for a table, an .npy for an array, in the units of the data, or a .png with up to 64 rows as
        a picture; samples.csv for a fit of a table and samples.npy else, if not given.
    seed
        Another seed gives other rows; the run's own if not given.
    """
    ending = None if output is None else check_output(output, *ENDINGS, run=run)
    if ending == ".png" and number > WALL_ROWS:
        raise FileError(f"A picture shows at most {WALL_ROWS} rows, not {number}. Ask for fewer, or for an .npy.")
    check("--number", number, WholeKind(1))
    check("--seed", seed, SEED)
    folder = RunFolder.open(run)
    model = folder.model()
    is_table = model.fitted_.schema.frame is not None
    if output is None:
        output = Path("samples.csv" if is_table else "samples.npy")
        ending = check_output(output, *ENDINGS, run=run)
    if is_table and ending not in TABLES:
        raise FileError(f"--output is '{output}', but the fit was on a table. Choose a .csv or .parquet.")
    check("--cluster", cluster, WholeKind(0, model.n_clusters_ - 1))
    rows = model.sample(number, cluster=cluster, random_state=seed)
    if ending == ".png":
        from vaecluster.look.encode import png_bytes
        from vaecluster.report.run import FinishedRun

        image = FinishedRun.open(folder).shown(rows).image()
        if image is None:
            raise FileError(f"--output is '{output}', but texts make no picture. Choose a .csv, .parquet or .npy.")
        write_atomically(output, png_bytes(image))
    elif ending in TABLES:
        from vaecluster.data.tables import as_csv, as_parquet, as_table

        write_atomically(
            output, (as_csv if ending == ".csv" else as_parquet)(as_table(rows, model.fitted_.feature_names))
        )
    else:
        # Tables are none, as was checked above.
        assert isinstance(rows, np.ndarray)
        write_array(output, rows)
    print(f"{counted(number, 'row')} written to {output}")
