"""What a run found, in a few sentences for someone who knows no statistics, and what to try next."""

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np

from vaecluster.clusters.agreement import VALID_FROM, Stability
from vaecluster.errors import counted
from vaecluster.inference.touching import SURE
from vaecluster.report.html import sure
from vaecluster.report.run import FinishedRun
from vaecluster.report.sections.number import Number, verdict

# What a reader may take the confidence for.
NOT_NAMES = "It cannot know whether these are the clusters that you would name"
NOT_STABILITY = ", nor whether other seeds would find them"
# What to type next, where RUN stands for the folder of the run: whoever reads the page need not have it.
COMMANDS = {
    "stability": "vaecluster stability RUN: fit again with other seeds, and see which clusters come back.",
    "cut": "vaecluster cut RUN {}: more or fewer clusters without a new fit.",
    "name": "vaecluster name RUN 0=NAME: give clusters names, which then stand here, on the map and in labels.csv.",
    "explore": "vaecluster explore RUN: see every row in the browser; rename, merge and split clusters by hand.",
}
# What the explorer is served with, and how to get that where it is not installed.
SERVERS, INSTALL = ("fastapi", "uvicorn"), "pip install 'vaecluster[explore]', then "
IN_PYTHON = {
    "stability": "model.stability(X): fit again with other seeds, and see which clusters come back.",
    "cut": "model.cut({}, X): more or fewer clusters without a new fit.",
    "name": "model.name_clusters({0: 'NAME'}): give clusters names, which then stand here and on the map.",
}
# Such a share of rows in doubt is worth a look.
MANY = 0.05


def summary(run: FinishedRun) -> Iterator[str]:
    """How many rows and clusters there are, how sure that is, and what speaks for the number."""
    rows = run.description["rows"]
    sizes = [cluster.size for cluster in run.clusters if cluster.size]
    alone = rows - sum(sizes)
    if len(sizes) > 1:
        yield (
            f"{counted(rows - alone, 'row')} in {counted(len(sizes), 'cluster')}: the largest holds {max(sizes):,}, "
            f"the smallest {min(sizes):,}."
        )
    else:
        yield f"{counted(rows - alone, 'row')} in one cluster."
    if alone:
        yield f"{counted(alone, 'row')} in no cluster: too unlike the others, or the model is not sure enough of them."
    yield from _how_sure(run)
    if run.stability is not None:
        yield _how_stable(run.stability)
    number = Number.of(run)
    if number is not None:
        yield verdict(number)


def _how_sure(run: FinishedRun) -> Iterator[str]:
    held = [cluster for cluster in run.clusters if cluster.size]
    if len(held) < 2:
        return
    mean = float(np.average([one.mean_confidence for one in held], weights=[one.size for one in held]))
    least = min(held, key=lambda one: one.mean_confidence)
    lowest = sure(least.mean_confidence)
    worst = "" if lowest == sure(mean) else f"; it is least sure of cluster {least.number} ({lowest})"
    yield (
        f"By its own estimate the model puts {sure(mean)} of the rows into the right one of these clusters{worst}."
        f" Of {counted_share(_doubtful(run))} rows it is less than {sure(SURE)} sure. The estimate counts how far "
        "clusters overlap and how far parts of the model agree. "
        f"{NOT_NAMES}{'' if run.stability else NOT_STABILITY}."
    )


def _how_stable(stability: Stability) -> str:
    """How many clusters other seeds find again.

    >>> from vaecluster.clusters.agreement import stability_of
    >>> _how_stable(stability_of([[0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 1, 2]]))
    'Made 2 more times with other seeds, the fit found 2 of its 2 clusters again.'
    """
    others, clusters = len(stability.jaccard), len(stability.clusters)
    again = int((stability.mean_jaccard >= VALID_FROM).sum())
    return (
        f"Made {counted(others, 'more time')} with other seeds, the fit found {again} of its "
        f"{counted(clusters, 'cluster')} again."
    )


def advice(run: FinishedRun, *, in_python: bool = False) -> Iterator[str]:
    """What to try next, as sentences with what to type: commands on a run, or for a model in Python its methods."""
    typed = IN_PYTHON if in_python else COMMANDS
    if len(run.clusters) > 1:
        if _doubtful(run) > MANY:
            yield "Colour the map by confidence: rows in doubt often lie between two clusters, or apart from all."
        if run.stability is None:
            yield typed["stability"]
    tree, number = run.model.hierarchy_, len(run.clusters)
    if tree is not None and tree.components > 1:
        yield typed["cut"].format(number + 1 if number < tree.components else number - 1)
    if len(run.clusters) > 1:
        if not run.model.cluster_names_:
            yield typed["name"]
        if "explore" in typed:
            yield ("" if all(map(find_spec, SERVERS)) else INSTALL) + typed["explore"]


def counted_share(share: float) -> str:
    """A share of rows, in words where it is very small.

    >>> counted_share(0.123), counted_share(0.0), counted_share(0.0004)
    ('12 % of the', 'none of the', 'less than 1 % of the')
    """
    if not share:
        return "none of the"
    return f"{round(100 * share)} % of the" if share >= 0.01 else "less than 1 % of the"


def _doubtful(run: FinishedRun) -> float:
    """The share of rows in doubt."""
    return float((run.map.table.column("confidence").to_numpy() < SURE).mean())
