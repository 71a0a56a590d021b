"""Why there are that many clusters, in a sentence or two that need no statistics."""

from vaecluster.clusters.number import CLEAR
from vaecluster.report.content import NumberPage

# Above it two partitions are called the same: with five equal clusters, one row in twelve may then lie elsewhere.
SAME = 0.8


def verdict(page: NumberPage) -> str:
    """How many clusters there are, whether the number was found or given, and how much speaks for it.

    >>> import numpy as np
    >>> nothing = np.zeros(9)
    >>> verdict(NumberPage(nothing, None, nothing[1:], 1, 1, "none", True, np.zeros((0, 4))))
    'No clusters were found: merging loses no more at one number than at others. So all rows are in one.'
    """
    return _of_found(page) if page.found else _of_given(page)


def _of_found(page: NumberPage) -> str:
    if page.strength == "none":
        return "No clusters were found: merging loses no more at one number than at others. So all rows are in one."
    if page.strength == "weak":
        return (
            f"{page.used} clusters were found, but little speaks for that number. "
            "Look at their rows before you rely on it."
        )
    return f"{page.used} clusters were found. {_reason(page)}"


def _of_given(page: NumberPage) -> str:
    asked = f"{page.used} clusters were asked for" if page.used > 1 else "One cluster was asked for"
    if page.strength == "none":
        return (
            f"{asked}, and little speaks for {'any other number' if page.used == 1 else 'that or any other number'}."
        )
    if page.used == page.best:
        if page.strength == "weak":
            return f"{asked}. No number is better supported, but little speaks for this one either."
        return f"{asked}, and that number is the best supported one. {_reason(page)}"
    weakly = "" if page.strength == "clear" else ", though weakly"
    own = page.support_of(page.used)
    if own is None:
        return f"{asked}; best supported is {page.best}{weakly}."
    if own >= CLEAR:
        return f"{asked}, and much speaks for that number; {page.best} is supported even better."
    return f"{asked}, but little speaks for that number; best supported is {page.best}{weakly}."


def _reason(page: NumberPage) -> str:
    """Of a number that stands out; its support is then so high that its loss exceeds the one before."""
    loss = f"Merging on from {page.used} to {page.used - 1} loses clearly more than the merge before"
    if page.agreement is None:
        return f"{loss}."
    agreement = float(page.agreement[page.used - 2])
    if agreement >= SAME:
        return f"{loss}, and parts of the model that learned apart find the same clusters."
    return f"{loss}, though parts of the model that learned apart agree only in part."
