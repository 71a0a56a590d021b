"""`vaecluster transform`."""

from pathlib import Path

from vaecluster.cli.options import Device, NewFeatures, NewRows, Place, Run
from vaecluster.cli.passing import Block, Passage
from vaecluster.cli.write import check_output
from vaecluster.errors import counted


def transform(
    run: Run,
    source: NewRows,
    /,
    *,
    features: NewFeatures | None = None,
    output: Place = Path("codes.npy"),
    device: Device = "auto",
) -> None:
    """Write the code of each row, the mean of q(z|x).

    Example: `vaecluster transform run new.npz --output codes.npy`. Killed, it goes on when it is called again.

    Parameters
    ----------
    output
        An .npy for the codes, as many entries a row as the run has latent ones; or a .csv or .parquet with a column
        for each entry.
    """
    check_output(output, ".npy", ".csv", ".parquet", run=run, reads=(source, features))
    import pyarrow as pa

    passage = Passage.of(run, source, device, features)

    def answer(block: Block) -> pa.Table:
        return pa.table(
            {f"code_{entry}": column for entry, column in enumerate(passage.model.transform(block.rows).T)}
        )

    number = passage.into(output, answer, {"command": "transform"})
    print(f"{counted(number, 'code')} of {passage.model.model_.encoder.latent} entries written to {output}")
