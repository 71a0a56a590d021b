"""`vaecluster transform`."""

from pathlib import Path

from vaecluster.cli.options import Place
from vaecluster.cli.source import check_source, load_rows
from vaecluster.cli.write import check_output, write_array
from vaecluster.errors import counted
from vaecluster.runs.folder import RunFolder


def transform(
    run: Place,
    source: str,
    /,
    *,
    features: Place | None = None,
    output: Place = Path("codes.npy"),
    device: str = "auto",
) -> None:
    """Write the code of each row, the mean of q(z|x).

    Example: `vaecluster transform run new.npz --output codes.npy`.

    Parameters
    ----------
    run
        The folder that `vaecluster fit` wrote.
    source
        A file or a named data set, as for `vaecluster fit`; of an .npz with x_train and x_test the x_train rows count.
    features
        Features of the pictures in the source, as for `vaecluster predict`.
    output
        An .npy for the codes, as many entries a row as the run has latent ones.
    device
        cpu, cuda, or auto for a GPU where there is one.
    """
    check_output(output, ".npy")
    folder = RunFolder.open(run)
    check_source(source)
    model = folder.model(device)
    codes = model.transform(load_rows(source, folder, model, features).x_train)
    write_array(output, codes)
    print(f"{counted(len(codes), 'code')} of {codes.shape[1]} entries written to {output}")
