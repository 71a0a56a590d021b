"""`vaecluster predict`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vaecluster.cli.options import WORKERS, Device, NewFeatures, NewRows, Place, Run, Whole, check
from vaecluster.cli.passing import Block, Passage
from vaecluster.cli.write import check_output
from vaecluster.data.tables import as_csv
from vaecluster.errors import SettingError, counted
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.labels import CLUSTER, Labels, with_digits

if TYPE_CHECKING:
    import pyarrow as pa


def predict(
    run: Run,
    source: NewRows,
    /,
    *,
    features: NewFeatures | None = None,
    output: Place | None = None,
    min_confidence: float | None = None,
    outlier_fraction: float | None = None,
    outlier_scores: bool = False,
    device: Device = "auto",
    engine: Literal["ray"] | None = None,
    workers: Whole | None = None,
    address: str | None = None,
) -> None:
    """Put new rows into the clusters of a run.

    Example: `vaecluster predict run new.csv --output scored.csv`. Tables and .npy files are read in blocks and may be
    larger than memory. Killed, it goes on when it is called again with the same output.

    Parameters
    ----------
    output
        Where to write: a .csv or .parquet with row, identifier or name of the row if there is one, cluster, confidence
        and name, or an .npy with the clusters alone. Of an .h5ad, also an .h5ad: a copy with obs["vaecluster"],
        obs["vaecluster_confidence"] and obsm["X_vaecluster"]. Standard output, as CSV, if not given.
    min_confidence
        Rows whose confidence is below this get the cluster -1; that of the fit if not given.
    outlier_fraction
        This fraction of the least likely rows gets the cluster -1, too; that of the fit if not given.
    outlier_scores
        Add a column: how unlikely each row is, from 0 to 1.
    engine
        What spreads the rows over processes and machines: ray. Rows are then those of Parquet files or pictures, and
        the output is a folder of Parquet files, which say the file and the number of each row, or its path. The order
        of rows in it is that of the source.
    workers
        With an engine, so many processes; one for each GPU, or for each processor core, if not given.
    address
        With an engine, the cluster that does it; that of RAY_ADDRESS, or else this machine, if not given.
    """
    doubt = {"min_confidence": min_confidence, "outlier_fraction": outlier_fraction}
    if engine is not None:
        # It loads torch.
        from vaecluster.engines.ray import predict_on_ray

        check("--workers", workers, WORKERS)
        if output is None or output.suffix.lower() in (".csv", ".npy", ".h5ad"):
            raise SettingError("--engine writes Parquet files into a folder. Give a new one as --output.")
        number = predict_on_ray(
            RunFolder.open(run),
            source,
            output,
            **doubt,
            outlier_scores=outlier_scores,
            features=features,
            device=device,
            workers=workers,
            address=address,
        )
        print(f"{counted(number, 'row')} written to {output}")
        return
    if (workers, address) != (None, None):
        raise SettingError("--workers and --address are for an engine. Add --engine ray.")
    ending = ".csv"
    if output is not None:
        # An .h5ad is copied with more in it, which may replace it.
        annotated = output.suffix.lower() == ".h5ad" and os.path.realpath(output) == os.path.realpath(source)
        stay = (None, ()) if annotated else (run, (source, features))
        ending = check_output(output, ".csv", ".parquet", ".npy", ".h5ad", run=stay[0], reads=stay[1])
    if outlier_scores and ending not in (".csv", ".parquet"):
        raise SettingError(
            f"--outlier-scores needs a .csv or .parquet; an {ending} holds no scores. Give another --output."
        )
    if ending == ".h5ad" and not source.lower().endswith(".h5ad"):
        raise SettingError(f"--output is '{output}', but {source} is no .h5ad to copy. Give a .csv, .parquet or .npy.")
    passage = Passage.of(run, source, device, features)
    model = passage.model
    if output is not None and ending == ".h5ad":
        from vaecluster.data.h5ad import annotate_h5ad

        annotate_h5ad(Path(source), output, model.annotations(passage.rows, **doubt))
        print(f"{counted(len(passage.rows), 'row')} written to {output}")
        return

    def answer(block: Block) -> "pa.Table":
        assigned = model.assigned(block.rows, **doubt, outlier_scores=outlier_scores)
        table = Labels.of(assigned, model.cluster_names_, first=block.first).table()
        return with_digits(table) if ending == ".csv" else table

    if output is None:
        for number, table in enumerate(passage.answers(answer)):
            sys.stdout.write(as_csv(table, header=not number).decode())
        return
    options = {"command": "predict", "outlier_scores": outlier_scores, **doubt}
    number = passage.into(output, answer, options, CLUSTER if ending == ".npy" else None)
    print(f"{counted(number, 'row')} written to {output}")
