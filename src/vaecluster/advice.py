"""What a user should hear about a fit that ended, as warnings that say what to try."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vaecluster.errors import EmptyClustersWarning, FewCluesWarning, InterruptedFitWarning
from vaecluster.training.history import History
from vaecluster.training.number import Evidence
from vaecluster.training.regrouping import LOOKS

Advice = tuple[str, type[Warning]]


def fit_warnings(history: History, sizes: NDArray[np.intp], number: Evidence | None) -> Iterator[Advice]:
    """Messages and their classes; `sizes` (clusters,) are rows, `number` what a number was found by, if it was."""
    if history.ending == "interrupted":
        done = len(history.epochs)
        message = f"The fit was interrupted in epoch {done}; the model is what was learned until then."
        yield message, InterruptedFitWarning
    if number is not None and number.strength != "clear":
        yield _on_number(number), FewCluesWarning
    if len(history.merged_again) == len(LOOKS):
        message = (
            "Each time that was looked, clusters were empty or twice the same, and their components were merged "
            "again (history_.merged_again). Ask for fewer clusters, or give other views."
        )
        yield message, EmptyClustersWarning
    populated = int((sizes > 0).sum())
    if populated < len(sizes):
        message = (
            f"Only {populated} of {len(sizes)} clusters hold any row. Ask for fewer clusters, train for more epochs, "
            "or try another random_state."
        )
        yield message, EmptyClustersWarning


def _on_number(evidence: Evidence) -> str:
    if evidence.strength == "none":
        return (
            "No clusters were seen: no number of them stands out, or different heads find different ones. Give "
            "n_clusters to get some all the same."
        )
    return (
        f"{evidence.clusters} clusters were found, but little speaks for that number. Look at evidence_, give other "
        "views, or choose n_clusters yourself; cut(n) gives another number without a new fit."
    )
