"""`vaecluster compare`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaecluster.cli.messages import in_options
from vaecluster.cli.options import (
    CLUSTERS,
    SEED,
    THREADS,
    Batch,
    Clusters,
    Columns,
    Device,
    Features,
    Overwrite,
    Place,
    Quiet,
    RowsKind,
    Size,
    Source,
    Threads,
    Whole,
    Words,
    check,
    check_jobs,
    columns_of,
    method_of,
    names_of,
    set_threads,
)
from vaecluster.data.pictures.folder import SIZE
from vaecluster.data.pictures.options import PictureOptions
from vaecluster.errors import SettingError, counted
from vaecluster.hearing import unheard
from vaecluster.runs.answered import stamps
from vaecluster.runs.comparing import NUMBERS, PAGE, check_folder, comparing, write_labels, write_numbers
from vaecluster.runs.source import absolute, load_source, with_options, with_rows
from vaecluster.settings import Whole as WholeKind

if TYPE_CHECKING:
    from vaecluster.comparison import Comparison
    from vaecluster.methods import Method
    from vaecluster.peers import Peer


def compare(
    source: Source,
    /,
    *,
    methods: str = "two-views,vade,su2018,kmeans,gaussian-mixture",
    clusters: Clusters = "auto",
    seeds: Whole = 3,
    output: Place = Path("comparison"),
    overwrite: Overwrite = False,
    settings: Words = (),
    rows: RowsKind = "auto",
    column: Columns = (),
    batch: Batch | None = None,
    size: Size | None = None,
    features: Features | None = None,
    seed: Whole = 0,
    jobs: Whole = 1,
    device: Device = "auto",
    threads: Threads | None = None,
    quiet: Quiet = False,
) -> None:
    """Fit several methods to the same rows, and show side by side what each finds; no labels are needed.

    Example: `vaecluster compare customers.csv --methods two-views,kmeans,umap-mixture --seeds 3 --output comparison`.
    The folder then holds compare.html, to be looked at, compare.json with all numbers, and labels.csv with a column
    for each method, in which the same cluster has the same number. Labels in the source are used only to score at the
    end. Each finished fit is kept until then: after Ctrl-C or a crash the same command goes on. Methods that cannot
    find the number of clusters get the one that two-views finds.

    Parameters
    ----------
    methods
        Names with commas between them: those that `vaecluster methods` lists; kmeans, gaussian-mixture; and leiden,
        umap-mixture, umap-hdbscan, which need `pip install 'vaecluster[peers]'`.
    seeds
        How many fits of each method.
    output
        Folder for the page, the numbers and the labels.
    settings
        METHOD.NAME=VALUE, a setting of one of the methods; once for each, as in `--set two-views.heads=7`. `vaecluster
        methods` lists them all.
    seed
        The seed of the first fit of each method; the next one has the next seed.
    jobs
        How many fits to make at the same time, as for `vaecluster stability`.
    """
    check("--seeds", seeds, WholeKind(1))
    check_jobs(jobs)
    check("--clusters", clusters, CLUSTERS)
    check("--threads", threads, THREADS)
    check("--seed", seed, SEED)
    check("--size", size, SIZE)
    check_folder(output, overwrite=overwrite)
    data = with_options(load_source(source), PictureOptions(size, None if features is None else str(features)))
    pictures = PictureOptions.of(data.x_train).given
    chosen = _methods(methods, settings)
    set_threads(threads)
    import torch

    from vaecluster.comparison import compare as compare_methods
    from vaecluster.comparison import rows_of
    from vaecluster.estimator import VAEClustering
    from vaecluster.files.provenance import machine, versions
    from vaecluster.report.comparison.collect import collect
    from vaecluster.report.write import write_html

    of_rows: dict[str, Any] = {"rows": rows, "columns": columns_of(column), "batch": batch, "device": device}
    about = {
        "source": absolute(source),
        "files": stamps(Path(source), features),
        "methods": list(chosen),
        "settings": list(settings),
        "seeds": seeds,
        "seed": seed,
        "clusters": clusters,
        **of_rows,
        "pictures": pictures,
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }
    with comparing(output, about, overwrite=overwrite) as kept:
        x = with_rows(data, keep=output, quiet=quiet).x_train
        number: Any = clusters
        parameters = {**of_rows, "random_state": seed, "verbose": 0 if quiet else 1}
        try:
            found = compare_methods(
                x, list(chosen.values()), seeds, data.y_train, n_clusters=number, n_jobs=jobs, kept=kept, **parameters
            )
        except KeyboardInterrupt:
            if kept.number:
                print(f"{counted(kept.number, 'fit')} kept in {output}; the same command goes on.", file=sys.stderr)
            raise
        # Each fit has said the same.
        with unheard():
            given, seen = rows_of(VAEClustering(**of_rows), x)
        write_labels(output, found, seen.names)
        write_html(collect(found, source, x, given, seen.schema, in_options), output / PAGE)
        write_numbers(output, found, {"source": source, "versions": versions(), "machine": machine()})
    if not quiet:
        _print(found)
        print(f"Written to {output}. Open {output / PAGE} in a browser; all numbers are in {output / NUMBERS}.")


def _methods(names: str, settings: Sequence[str]) -> "dict[str, Method | Peer]":
    """The methods by name, with settings such as "vade.epochs=9"."""
    from vaecluster.methods import METHODS
    from vaecluster.peers import PEERS

    asked = names_of("--methods", names)
    for name in asked:
        if name not in METHODS and name not in PEERS:
            raise SettingError(f"--methods names {name!r}; expected some of {', '.join((*METHODS, *PEERS))}.")
    own: dict[str, list[str]] = {name: [] for name in asked}
    for word in settings:
        name, dot, rest = word.partition(".")
        if not dot or name not in own or name not in METHODS:
            some = ", ".join(name for name in asked if name in METHODS) or "two-views"
            raise SettingError(f"--set is {word!r}; expected METHOD.NAME=VALUE with a method such as {some}.")
        own[name].append(rest)
    return {name: method_of(name, own[name])[0] if name in METHODS else PEERS[name]() for name in asked}


def _print(found: "Comparison") -> None:
    from vaecluster.report.comparison.reading import reading
    from vaecluster.report.comparison.tables import numbers_table, scores_table

    for table in (numbers_table(found), *([scores_table(found)] if found.methods[0].scores else [])):
        lines = [
            ("Method", *(heading for heading, _ in table.headings)),
            *((name, *cells) for name, cells in table.lines),
        ]
        widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
        print(table.heading)
        for name, *cells in lines:
            print("  ".join([name.ljust(widths[0]), *map(str.rjust, cells, widths[1:])]))
    for sentence in reading(found):
        print(sentence)
    for name, reason in found.left_out.items():
        print(f"{name} is left out: {reason}")
