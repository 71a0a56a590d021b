"""`vaecluster score`."""

from vaecluster.cli.options import Place
from vaecluster.cli.source import check_source, load_rows
from vaecluster.cli.write import check_output, write_array
from vaecluster.errors import counted
from vaecluster.runs.folder import RunFolder


def score(
    run: Place,
    source: str,
    /,
    *,
    features: Place | None = None,
    output: Place | None = None,
    device: str = "auto",
) -> None:
    """Say how well the model of a run explains rows: the bound on log p(x), in nats per row; more is better.

    Example: `vaecluster score run new.npz`. It is no guide to the number of clusters.

    Parameters
    ----------
    run
        The folder that `vaecluster fit` wrote.
    source
        A file or a named data set, as for `vaecluster fit`; of an .npz with x_train and x_test the x_train rows count.
    features
        Features of the pictures in the source, as for `vaecluster predict`.
    output
        An .npy for the bound of each row.
    device
        cpu, cuda, or auto for a GPU where there is one.
    """
    if output is not None:
        check_output(output, ".npy")
    folder = RunFolder.open(run)
    check_source(source)
    model = folder.model(device)
    bounds = model.score_samples(load_rows(source, folder, model, features).x_train)
    if output is not None:
        write_array(output, bounds)
    print(f"{bounds.mean():.3f} nats per row, of {counted(len(bounds), 'row')}")
