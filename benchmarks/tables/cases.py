"""The tables of `docs/results.md` on easy cases, known numbers of clusters and mixed tables."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.tables.records import numbers_found
from benchmarks.tables.table import Cells, Record, table

# A mean of an adjusted Rand index is clearly behind another if it is by more than this.
CLEARLY = 0.02


@table("known", "rows | fits | exact | within 1 | found otherwise", folder="known")
def known(records: list[Record]) -> Iterator[Cells]:
    """What `python -m benchmarks.number` found in rows whose number of clusters is known."""
    for record in records:
        groups: dict[str, list[dict[str, Any]]] = {}
        for key, fits in record["fits"].items():
            groups.setdefault(key.partition(":")[0], []).extend(fits.values())
        for group, fits in groups.items():
            off = [abs(fit["found"] - fit["true"]) for fit in fits]
            exact, near = (sum(error <= most for error in off) for most in (0, 1))
            wrong = Counter(f"{fit['found']} of {fit['true']}" for fit, error in zip(fits, off, strict=True) if error)
            listed = ", ".join(f"{what} in {times}" for what, times in wrong.most_common())
            yield [group, len(fits), exact, near, listed]


def easily_lost(records: list[Record]) -> Iterator[str]:
    """In how many of the easy cases another method is better by the mean, and in which the number found is wrong."""
    for record in records:
        cases = dict(_cases([record]))
        behind = {
            key: _best_other(runs)[1] - _rounded_mean([run["told"] for run in runs]) for key, runs in cases.items()
        }
        clearly = [key for key, by in behind.items() if by > CLEARLY]
        better = sum(by > 0 for by in behind.values())
        yield (
            f"Told the number: no other method is better in {len(cases) - better} of {len(cases)} cases, and by at "
            f"most {CLEARLY} in {better - len(clearly)} more. By more in: {', '.join(clearly) or 'none'}."
        )
        wrong = [key for key, runs in cases.items() if any(run["found"] != run["true"] for run in runs)]
        yield (
            f"Not told: the right number in every seed in {len(cases) - len(wrong)} of {len(cases)} cases. Not in: "
            f"{', '.join(wrong) or 'none'}."
        )


@table(
    "easy",
    "case | rows x entries | clusters | seeds | ARI, told | ARI, not told | number found | best of the others | "
    "its ARI",
    folder="easy",
    notes=easily_lost,
)
def easy(records: list[Record]) -> Iterator[Cells]:
    """What `python -m benchmarks.easy` found; an arrow marks what is better than ours, told the number."""
    for key, runs in _cases(records):
        shape = " x ".join(f"{size:,}" for size in runs[0]["shape"])
        told, found = ([run[how] for run in runs] for how in ("told", "auto"))
        other, score = _best_other(runs)
        best = f"{score:.3f}" + (" ↑" if score > _rounded_mean(told) else "")
        own = [_mean_and_worst(told), _mean_and_worst(found), numbers_found(runs)]
        yield [key, shape, runs[0]["true"], len(runs), *own, other, best]


def _best_other(runs: list[dict[str, Any]]) -> tuple[str, float]:
    means = {name: _rounded_mean([run["others"][name] for run in runs]) for name in runs[0]["others"]}
    best = max(means, key=lambda name: means[name])
    return best, means[best]


def _mean_and_worst(scores: list[float]) -> str:
    return f"{_rounded_mean(scores):.3f}" + (f" (worst {min(scores):.3f})" if len(scores) > 1 else "")


CLUSTERERS = ("two-views", "k-prototypes", "k-means", "umap-mixture")


def mixed_in_all(records: list[Record]) -> Iterator[str]:
    """The means over all tables."""
    tables = [_means([run["nmi"] for run in runs]) for _, runs in _cases(records)]
    if tables:
        means = {name: sum(table.get(name, table["k-means"]) for table in tables) / len(tables) for name in CLUSTERERS}
        yield f"Mean NMI of {len(tables)} tables: {', '.join(f'{name} {mean:.3f}' for name, mean in means.items())}."


@table(
    "mixed",
    f"table | rows | classes | seeds | NMI, {' | NMI, '.join(CLUSTERERS)} | ARI, {' | ARI, '.join(CLUSTERERS)}",
    folder="mixed",
    notes=mixed_in_all,
)
def mixed(records: list[Record]) -> Iterator[Cells]:
    """NMI and ARI on public tables, as `python -m benchmarks.mixed` found them; an arrow marks what beats ours."""
    for key, runs in _cases(records):
        cells = [key, f"{runs[0]['rows']:,}", runs[0]["classes"], len(runs)]
        for score in ("nmi", "ari"):
            means = _means([run[score] for run in runs])
            # Without categories k-prototypes is k-means.
            shown = [means.get(name, means["k-means"]) for name in CLUSTERERS]
            cells += [f"{mean:.3f}" + (" ↑" if mean > shown[0] else "") for mean in shown]
        yield cells


@table("imputed", "table | error of | two-views | median, mode | IterativeImputer", folder="mixed")
def imputed(records: list[Record]) -> Iterator[Cells]:
    """Errors in values that were removed: of standardised numbers, and of categories."""
    for key, runs in _cases(records):
        for what in runs[0]["imputed"]["usual"]:
            means = _means([{name: errors[what] for name, errors in run["imputed"].items()} for run in runs])
            shown = [means[name] for name in ("two-views", "usual", "iterative")]
            yield [key, what, *(f"{mean:.3f}" + (" ↑" if mean < shown[0] else "") for mean in shown)]


def _rounded_mean(scores: list[float]) -> float:
    """As it is shown: what the table does not tell apart is not better."""
    return round(sum(scores) / len(scores), 3)


def _cases(records: list[Record]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(key, list(fits.values())) for record in records for key, fits in record["fits"].items()]


def _means(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: _rounded_mean([run[name] for run in runs]) for name in runs[0]}
