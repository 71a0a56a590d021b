"""Warnings after a fit, which say what to try."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.number import Evidence
from vaecluster.errors import (
    EmptyClustersWarning,
    FewCluesWarning,
    InterruptedFitWarning,
    RolledBackWarning,
    UnnamedClustersWarning,
)
from vaecluster.inference.naming import Naming
from vaecluster.training.listeners.history import History

Advice = tuple[str, type[Warning]]
# If clusters were merged again so often in one fit, merging did not help.
OFTEN = 3


def fit_warnings(history: History, sizes: NDArray[np.intp] | None, number: Evidence | None) -> Iterator[Advice]:
    """Messages and their classes; `sizes` (clusters,) counts rows, `number` is the evidence if a number was found.

    Without `sizes` empty clusters give no warning.
    """
    if history.ending == "interrupted":
        done = len(history.epochs)
        message = f"The fit was interrupted in epoch {done}; the model is what was learned until then."
        yield message, InterruptedFitWarning
    if history.rolled_back:
        last = history.rolled_back[-1]
        message = (
            f"The loss stopped being a finite number in epoch {last.epoch}; the fit went on from epoch {last.back_to} "
            f"with {last.rate_factor:g} of the learning rate. Look for values in the data that are very far from the "
            "rest, or give a smaller learning_rate."
        )
        yield message, RolledBackWarning
    if number is not None and number.strength != "clear":
        yield _on_number(number), FewCluesWarning
    if len(history.merged_again) >= OFTEN:
        message = (
            "At every check some clusters were empty or duplicates of others, so their components were merged again. "
            "Ask for fewer clusters, or give other views."
        )
        yield message, EmptyClustersWarning
    if sizes is None:
        return
    populated = int((sizes > 0).sum())
    if populated < len(sizes):
        message = (
            f"Only {populated} of {len(sizes)} clusters hold any row. Ask for fewer clusters, train for more epochs, "
            "or try another random_state."
        )
        yield message, EmptyClustersWarning


def naming_warnings(naming: Naming) -> Iterator[Advice]:
    """A warning about known labels by which no cluster is named."""
    labels, names = naming.labels, naming.names
    nameless = [label for label in np.unique(labels).tolist() if label not in names.values()]
    if not nameless:
        return
    first = nameless[0]
    cluster = int(np.bincount(naming.assigned[labels == first]).argmax())
    others = f", nor have {len(nameless) - 1} others" if len(nameless) > 1 else ""
    owner = f"that of {names[cluster]!r}" if cluster in names else "which has no name"
    message = (
        f"The known label {first!r} has no cluster of its own{others}: most of its rows are in cluster {cluster}, "
        f"{owner}. Ask for more clusters, or look at whether these rows differ from the rest in what the views keep."
    )
    yield message, UnnamedClustersWarning


def _on_number(evidence: Evidence) -> str:
    if evidence.strength == "none":
        return (
            "No clusters were found: no number of them stands out. Give a number of clusters if you want some all the "
            "same."
        )
    return (
        f"{evidence.clusters} clusters were found, but little speaks for that number. Look at what speaks for the "
        "others, which can be cut without a new fit; or give other views, or the number that you want."
    )
