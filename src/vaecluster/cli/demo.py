"""`vaecluster demo`."""

from pathlib import Path
from typing import Any

from vaecluster.cli.fit import fit_into, set_threads
from vaecluster.cli.numbers import Whole
from vaecluster.data.named import load_named
from vaecluster.estimator import VAEClustering
from vaecluster.report.collect import collect
from vaecluster.report.write import write_html
from vaecluster.run_folder import RunFolder

SETTINGS: dict[str, Any] = {"views": "digits", "hidden": (256, 256), "epochs": 200, "precision": 100.0}


def demo(*, output: Path = Path("demo"), seed: Whole = 0, threads: Whole | None = None, quiet: bool = False) -> None:
    """Fit the handwritten digits that come with scikit-learn and write a report; seconds.

    There are few digits and they are small: smaller networks and 200 short passes serve, and a higher precision lets
    64 pixels weigh as much in the bound as the 784 of larger images do.

    Parameters
    ----------
    output
        Folder for the run and its report.html; what an earlier demo left there is replaced.
    seed
        Decides everything random.
    threads
        Processor threads; torch decides if not given.
    quiet
        Show nothing but errors.
    """
    set_threads(threads)
    data = load_named("digits")
    model = VAEClustering(10, **SETTINGS, random_state=seed, verbose=0 if quiet else 1)
    folder = RunFolder.create(output, overwrite=RunFolder(output).run_file.is_file())
    scores = fit_into(folder, model, data, "scikit-learn's handwritten digits")
    page = output / "report.html"
    write_html(collect(folder), page)
    if not quiet:
        print(f"Hungarian accuracy on the held-out digits: {scores['test']['hungarian_accuracy']:.3f}")
        print(f"Open {page} in a browser.")
