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
    SplitClustersWarning,
    UnnamedClustersWarning,
)
from vaecluster.inference.naming import Naming
from vaecluster.training.listeners.history import History

Advice = tuple[str, type[Warning]]
# If clusters were merged again so often in one fit, merging did not help.
OFTEN = 3
# What is so if no head finds a boundary; a third is APART, rounded up.
NO_BOUNDARY = "nowhere between rows is it less than a third as dense as on both sides"


def part_of(density: float) -> str:
    """How dense a level of density is, as a part of the density inside; `APART` is a third, rounded up.

    >>> part_of(0.3), part_of(0.35), part_of(0.5)
    ('a third', '0.35 times', 'half')
    """
    return {0.3: "a third", 0.5: "half"}.get(density, f"{density:g} times")


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
    if number is not None and sizes is not None and len(sizes) != number.clusters:
        yield _on_bound(number, len(sizes)), FewCluesWarning
    elif number is not None and number.strength != "clear":
        yield _on_number(number), FewCluesWarning
    if len(history.merged_again) >= OFTEN:
        message = (
            "At every check some clusters were empty or duplicates of others, so their components were merged again. "
            "Ask for fewer clusters, or give other views."
        )
        yield message, EmptyClustersWarning
    if sizes is None:
        return
    yield from _without_rows(sizes, "Ask for fewer clusters, train for more epochs, or try another random_state.")


def naming_warnings(naming: Naming) -> Iterator[Advice]:
    """A warning about known labels by which no cluster is named."""
    labels, names = naming.labels, naming.names
    nameless = [label for label in np.unique(labels).tolist() if label not in names.values()]
    if not nameless:
        return
    first = nameless[0]
    cluster = int(np.bincount(naming.assigned[labels == first]).argmax())
    others = {1: "", 2: ", nor has one other"}.get(len(nameless), f", nor have {len(nameless) - 1} others")
    owner = f"that of {names[cluster]!r}" if cluster in names else "which has no name"
    message = (
        f"The known label {first!r} has no cluster of its own{others}: most of its rows are in cluster {cluster}, "
        f"{owner}. Ask for more clusters, or look at whether these rows differ from the rest in what the views keep."
    )
    yield message, UnnamedClustersWarning


def cut_warnings(
    before: NDArray[np.intp], after: NDArray[np.intp], sizes: NDArray[np.intp] | None = None
) -> Iterator[Advice]:
    """Warnings if a cut splits clusters, and if some of the parts hold no row.

    `before` and `after` say the cluster of each component; `sizes` (clusters,) counts rows after, if they are known.
    """
    split = [int(one) for one in np.unique(before) if len(np.unique(after[before == one])) > 1]
    if not split:
        return
    names = ", ".join(map(str, split[:5])) + ", ..." * (len(split) > 5)
    which = f"Cluster {names} is" if len(split) == 1 else f"Clusters {names} are"
    message = f"{which} split. A fit told n_clusters={after.max() + 1} learns parts to be apart, and is often better."
    yield message, SplitClustersWarning
    if sizes is not None:
        yield from _without_rows(sizes, "Cut at a smaller number.")


def _without_rows(sizes: NDArray[np.intp], what_to_do: str) -> Iterator[Advice]:
    populated = int((sizes > 0).sum())
    if populated < len(sizes):
        yield f"Only {populated} of {len(sizes)} clusters hold any row. {what_to_do}", EmptyClustersWarning


def heads_find(number: Evidence) -> str:
    """What the heads find, as a part of a sentence for readers who know of no heads.

    >>> heads_find(Evidence(np.array([8, 8, 8]), np.zeros(9), np.ones(9)))
    'all three parts of the model that learned apart find 8'
    >>> heads_find(Evidence(np.array([14, 13, 13, 12, 13]), np.zeros(19), np.ones(19)))
    'of five parts of the model that learned apart, three find 13, the others find 12 and 14'
    """
    heads, same = len(number.found), int((number.found == number.clusters).sum())
    if heads == 1:
        return "the model learned in one part only, so nothing shows whether another would find as many"
    what = "no boundary" if number.clusters == 1 else str(number.clusters)
    if same == heads:
        return f"{'both' if heads == 2 else f'all {_word(heads)}'} parts of the model that learned apart find {what}"
    others = np.unique(number.found[number.found != number.clusters]).tolist()
    numbers = f"between {others[0]} and {others[-1]}" if len(others) > 2 else " and ".join(map(str, others))
    most = f"{_word(same)} {'finds' if same == 1 else 'find'} {what}"
    rest = f"the {'other finds' if heads - same == 1 else 'others find'} {numbers}"
    clusters = " clusters" if number.clusters == 1 else ""
    return f"of {_word(heads)} parts of the model that learned apart, {most}, {rest}{clusters}"


def none_apart(evidence: Evidence) -> str:
    """Why the number is 1 or another, as a part of a sentence."""
    return NO_BOUNDARY if (evidence.found == 1).all() else heads_find(evidence)


def _on_bound(evidence: Evidence, used: int) -> str:
    """A range, or known labels that each have a cluster, kept the number from being the one that was found."""
    found = f"{evidence.clusters} clusters were" if evidence.clusters > 1 else "No boundary between clusters was"
    bound = "the most that the range allows" if used < evidence.clusters else "the fewest that range or labels allow"
    return (
        f"{found} found: {none_apart(evidence)}. The model has {used}, {bound}. `cut(n)` gives other numbers "
        "without a new fit."
    )


def _on_number(evidence: Evidence) -> str:
    if evidence.strength == "none":
        return (
            f"No clusters were found: {none_apart(evidence)}. Give a number of clusters if "
            "you want some all the same; `cut(n)` makes any number of these without a new fit."
        )
    found = f"{evidence.clusters} clusters were found. {heads_find(evidence).capitalize()}"
    if len(evidence.found) == 1:
        return f"{found}: more heads would. `cut(n)` gives any other number without a new fit."
    if (evidence.found == evidence.clusters).all():
        return (
            f"{found}. Some lie close together: between them rows are up to {part_of(evidence.apart)} as dense as "
            "inside. `cut(n)` gives fewer of them without a new fit."
        )
    return f"{found}. Look at those numbers as well: `cut(n)` gives each of them without a new fit."


def _word(number: int) -> str:
    return _WORDS[number] if number < len(_WORDS) else str(number)


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
