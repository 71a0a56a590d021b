"""`vaecluster score`."""

from vaecluster.cli.options import Device, NewFeatures, NewRows, Place, Run
from vaecluster.cli.passing import Block, Passage
from vaecluster.cli.write import check_output
from vaecluster.errors import counted


def score(
    run: Run,
    source: NewRows,
    /,
    *,
    features: NewFeatures | None = None,
    output: Place | None = None,
    device: Device = "auto",
) -> None:
    """Say how well the model of a run explains rows: the bound on log p(x), in nats per row; more is better.

    Example: `vaecluster score run new.npz`. It is no guide to the number of clusters. Killed, it goes on when it is
    called again, if there is an output.

    Parameters
    ----------
    output
        An .npy for the bound of each row.
    """
    if output is not None:
        check_output(output, ".npy", run=run, reads=(source, features))
    import numpy as np
    import pyarrow as pa

    passage = Passage.of(run, source, device, features)

    def answer(block: Block) -> pa.Table:
        return pa.table({"bound": passage.model.score_samples(block.rows)})

    if output is None:
        bounds = np.concatenate([table.column("bound").to_numpy() for table in passage.answers(answer)])
    else:
        passage.into(output, answer, {"command": "score"}, "bound")
        bounds = np.load(output, mmap_mode="r")
    print(f"{bounds.mean():.3f} nats per row, of {counted(len(bounds), 'row')}")
