"""`vaecluster demo`."""

from pathlib import Path

from vaecluster.cli.fit import fit_into
from vaecluster.cli.options import SEED, THREADS, Place, Quiet, Threads, Whole, check, set_threads
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.order import done


def demo(
    *,
    output: Place = Path("demo"),
    overwrite: bool = False,
    seed: Whole = 0,
    threads: Threads | None = None,
    quiet: Quiet = False,
) -> None:
    """Fit the handwritten digits that come with scikit-learn and write a report. It takes seconds.

    Parameters
    ----------
    output
        Folder for the run and its report.html; what an earlier demo left there is replaced.
    overwrite
        Write into the output folder whatever is there.
    seed
        Decides everything random.
    """
    check("--threads", threads, THREADS)
    check("--seed", seed, SEED)
    folder = RunFolder(output)
    if overwrite or not _is_demo(folder):
        folder = RunFolder.create(output, overwrite=overwrite)
    set_threads(threads)
    from vaecluster.data.named import load_named
    from vaecluster.estimator import VAEClustering
    from vaecluster.methods import TwoViews
    from vaecluster.report.collect import collect
    from vaecluster.report.write import write_html

    method = TwoViews(views="digits", hidden=(256, 256), epochs=200, precision=100.0)
    model = VAEClustering(10, method=method, random_state=seed, verbose=0 if quiet else 1)
    scores = fit_into(folder, model, load_named("digits"), "digits", demo=True)
    # What an unfinished fit left that was there would be gone on with.
    done(output)
    page = output / "report.html"
    write_html(collect(folder), page)
    if not quiet:
        accuracy = scores["test"]["hungarian_accuracy"]
        print(f"{accuracy:.0%} of the held-out digits lie in the cluster of their own digit.")
        print(f"That is this fit, with seed {seed}; other seeds differ, and so do other machines with the same seed.")
        print(f"Open {page} in a browser.")


def _is_demo(folder: RunFolder) -> bool:
    """Whether the folder holds what a demo wrote, which may be replaced; a fit of the digits may not."""
    return folder.run_file.is_file() and folder.description().get("demo") is True
