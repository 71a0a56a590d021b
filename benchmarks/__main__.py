"""`python -m benchmarks --data NAMES --methods NAMES` measures methods on named data sets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import App, Parameter

from benchmarks.ablations import choose_ablations
from benchmarks.baselines import BASELINES
from benchmarks.kinds import KindOfData, kind_of
from benchmarks.measures import HeldOutBound, measure_generation
from benchmarks.methods import EstimatorMethod, as_seen, choose_finding, choose_method, prepares
from benchmarks.peers import PEERS
from benchmarks.rare import make_rare
from benchmarks.runs import Measure, Method, file_of, run_benchmark
from vaecluster.cli import main
from vaecluster.cli.options import THREADS, Whole, Words, check, names_of, set_threads
from vaecluster.data.dataset import DataSet
from vaecluster.data.named import load_named
from vaecluster.errors import SettingError, VaeclusterError
from vaecluster.methods import METHODS
from vaecluster.settings import Either, Flag, Number, read
from vaecluster.settings import Whole as WholeKind

EVERY = "all"
WHICH_METHODS = (
    f"Names with commas between them: {', '.join(METHODS)}, or some to compare with: {', '.join(BASELINES)}; "
    f"after `make peers` also {', '.join(PEERS)}; or {EVERY} that suit the kind of data."
)


def benchmark(
    *,
    data: str,
    methods: Annotated[str, Parameter(help=WHICH_METHODS)] = "two-views",
    settings: Words = (),
    kind: str | None = None,
    clusters: Whole | None = None,
    auto: bool = False,
    without: str | None = None,
    rare: str | None = None,
    generation: bool = False,
    seeds: Whole = 1,
    first_seed: Whole = 0,
    device: str | None = None,
    threads: Whole | None = None,
    output: Path = Path("benchmarks/results"),
    quiet: bool = False,
) -> None:
    """Fit named data sets with several methods and seeds, and write every score, setting, version and time as JSON.

    Fitted on the training rows, scored on train and held-out test; labels take no part in the fit. Raw rows of a kind
    that needs it are prepared first: counts become principal components of their logarithms, text becomes latent
    semantic components. two-views, scanpy and scvi, which bring a preparation of their own, see raw rows. Seeds that a
    result file holds already are kept, so an interrupted benchmark goes on where it stopped. A method that fails does
    not keep the others from being measured; what failed is said at the end.

    Parameters
    ----------
    data
        Names with commas between them: digits, mnist, fashion-mnist, pendigits, or others in $VAECLUSTER_DATA.
    settings
        A setting of the method, if there is one method, as in `--set epochs=8`; fits with other settings are filed
        under a name of their own.
    kind
        The kind of data: images, digits, clothes, vectors, embeddings, text or counts; that of the named data set, or
        else images or vectors, if not given.
    clusters
        Number of clusters; the number of classes if not given.
    auto
        Do not give the number of clusters; write down which was found and what spoke for it. Only for methods that can
        find it.
    without
        Leave out a part of two-views: neighbours, changes, fine-components, heads, refinement, agreement, or views
        (the bound of su2018 on networks of the same widths); all for each in turn.
    rare
        Keep one in fifty training rows of the class with this label, and see how well held-out rows of it are found.
    generation
        Score the samples of images as well, by a judge that learned from the labels, after the fit; of methods that
        generate.
    seeds
        How many seeds; all are kept.
    first_seed
        The first of them.
    device
        cpu, cuda, or auto for a GPU where there is one, which is taken if not given.
    threads
        Processor threads; torch decides if not given.
    output
        Folder for the results, NAME-METHOD.json, with what is special about a method in its name.
    quiet
        Show nothing but errors.
    """
    check("--threads", threads, THREADS)
    set_threads(threads)
    for option, value, least in (("--seeds", seeds, 1), ("--clusters", clusters, 1), ("--first-seed", first_seed, 0)):
        check(option, value, WholeKind(least))
    if auto and (clusters is not None or without is not None):
        raise SettingError("--auto goes neither with --clusters nor with --without. Leave one of them out.")
    asked = names_of("--methods", methods)
    if settings and (len(asked) > 1 or asked == [EVERY]):
        raise SettingError(f"--set is for one method, but --methods is {methods!r}. Measure them one by one.")
    wanted, failed = range(first_seed, first_seed + seeds), []
    for name in names_of("--data", data):
        whole = load_named(name)
        kind_of_data = kind_of(whole, kind)
        rows, measures = _thinned(whole, rare)
        number = clusters or (1 if rows.y_train is None else len(np.unique(rows.y_train)))
        for method in suiting(kind_of_data) if asked == [EVERY] else asked:
            given = given_settings(method, settings)
            try:
                chosen = choose_method(method, kind_of_data, given, device=device, verbose=0 if quiet else 1)
                each_way = _methods(chosen, rows, number, auto=auto, without=without)
                scored = [*measures, HeldOutBound()]
                if generation and isinstance(chosen, EstimatorMethod):
                    scored = [*scored, measure_generation(whole, each_way[0], device=device or "auto")]
                for each in each_way:
                    path = file_of(output, rows.name, each.name)
                    record = run_benchmark(rows, as_seen(each, kind_of_data), each, number, wanted, path, scored)
                    _print_summary(record, auto=auto)
                    print(f"Written to {path}")
            except VaeclusterError as error:
                failed.append(f"{name}, {method}: {error}")
    if failed:
        raise SettingError("\n".join(failed))


def suiting(kind: KindOfData) -> list[str]:
    """Every method that a kind of data can be given to."""
    return [name for name in (*METHODS, *BASELINES, *PEERS) if prepares(name) in (None, kind.name)]


def given_settings(method: str, words: Sequence[str]) -> dict[str, Any]:
    """Settings from words such as "epochs=8"; those of baselines are whole numbers, numbers, or true and false."""
    if method in METHODS:
        return read(METHODS[method], words)
    values = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise SettingError(f"--set is {word!r}; expected NAME=VALUE, such as restarts=3.")
        values[name] = Either(WholeKind(0), Number(), Flag()).read(text)
    return values


def _thinned(data: DataSet, rare: str | None) -> tuple[DataSet, list[Measure]]:
    if rare is None:
        return data, []
    thinned, measure = make_rare(data, rare)
    return thinned, [measure]


def _methods(chosen: Method, data: DataSet, clusters: int, *, auto: bool, without: str | None) -> Sequence[Method]:
    if without is not None:
        return choose_ablations(chosen, without, data.x_train, clusters)
    return [choose_finding(chosen) if auto else chosen]


def _print_summary(record: dict[str, Any], *, auto: bool) -> None:
    for run in record["runs"] if auto else []:
        print(f"seed {run['seed']}: {run['found']} clusters found, the evidence is {run['strength']}")
    for part, scores in record["summary"].items():
        for score, value in scores.items():
            print(
                f"{part:10}  {score:18}  mean {value['mean']:.4f}  deviation {value['deviation']:.4f}  "
                f"worst {value['worst']:.4f}"
            )


app = App(name="python -m benchmarks", default_command=benchmark, version_flags=())

if __name__ == "__main__":
    main(program=app)
