"""What a comparison says, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import final

import numpy as np

from vaecluster.comparison import Compared, Comparison
from vaecluster.errors import counted
from vaecluster.methods import METHODS
from vaecluster.peers import PEERS

# From this adjusted Rand index on, clusters are nearly the same: "good recovery" of Steinley (2004), "Properties of
# the Hubert-Arabie adjusted Rand index", Psychological Methods 9.
GOOD = 0.8
# Separations that differ by less are one as good as the other.
TIE = 0.02
# Methods with fewer parts first; what is not here comes last.
SIMPLEST = (*PEERS, "su2018", "vade", "two-views")


def reading(comparison: Comparison) -> list[str]:
    """What the comparison says, a sentence or two each: the number, who agrees, who repeats, and what to take."""
    return [
        _of_number(comparison),
        *_of_agreement(comparison),
        *_of_seeds(comparison),
        *([_of_taking(comparison)] if len(comparison.methods) > 1 else []),
    ]


def groups(comparison: Comparison) -> list[list[str]]:
    """Methods that find nearly the same clusters, each pair of a group with an index of `GOOD` or more.

    The largest group comes first; of two of one size the one with the method that was named first.
    """
    names, table = [method.name for method in comparison.methods], comparison.between("ari")
    left, found = list(range(len(names))), []
    while left:
        grown = [_grown(start, left, table) for start in left]
        largest = max(grown, key=len)
        found.append([names[place] for place in sorted(largest)])
        left = [place for place in left if place not in largest]
    return found


@final
@dataclass(frozen=True)
class Choice:
    """The method to take if one is to be taken, which others are as good, and `among` which methods it was chosen."""

    method: Compared
    as_good: tuple[str, ...]
    among: str


def taken(comparison: Comparison) -> Choice | None:
    """The method to take, if one is to be taken; None if none found clusters in each fit.

    Of methods whose seeds agree, those of the largest group of methods that agree, if there is one. Of these the one
    whose clusters lie farthest apart, or the simplest of those that are as good. No label takes part.
    """
    own = dict(zip((one.name for one in comparison.methods), np.diag(comparison.between("ari")).tolist(), strict=True))
    candidates, among = [one for one in comparison.methods if one.separation is not None], "all methods"
    # What is not known, since there is one seed, excludes nothing.
    repeating = [one for one in candidates if not own[one.name] < GOOD]
    if repeating and len(repeating) < len(candidates):
        candidates, among = repeating, "the methods that find the same with another seed"
    for group in groups(comparison):
        agreeing = [one for one in candidates if one.name in group]
        if len(group) > 1 and agreeing:
            candidates, among = agreeing, "the methods that agree"
            break
    if not candidates:
        return None
    best = max(candidates, key=_separation)
    as_good = [one for one in candidates if _separation(one) >= _separation(best) - TIE]
    chosen = min(as_good, key=_complexity)
    return Choice(chosen, tuple(one.name for one in as_good if one is not chosen), among)


def _grown(start: int, places: Sequence[int], table: np.ndarray) -> list[int]:
    group = [start]
    for place in sorted(places, key=lambda place: -table[start, place] if place != start else 0):
        if place != start and all(table[place, one] >= GOOD for one in group):
            group.append(place)
    return group


def _of_number(comparison: Comparison) -> str:
    own = [method.name for method in comparison.methods if method.finds_number]
    others = [method.name for method in comparison.methods if not method.finds_number]
    clusters = counted(comparison.number, "cluster")
    if comparison.number_from is None:
        return f"{clusters} were asked for." if comparison.number != 1 else "1 cluster was asked for."
    numbers = comparison[comparison.number_from].numbers
    verb = "was" if len(others) == 1 else "were"
    if min(numbers) == max(numbers):
        found = f"{comparison.number_from} found {clusters}"
        told = f", and {listed(others)} {verb} given that number" if others else ""
    else:
        found = f"{comparison.number_from} found {min(numbers)} to {max(numbers)} clusters"
        most = f"{comparison.number}, which it found most often (of equals the smallest)"
        told = f", and {listed(others)} {verb} given {most}" if others else ""
    rest = [name for name in own if name != comparison.number_from]
    by_itself = f" {listed(rest)} found {'its' if len(rest) == 1 else 'their'} own." if rest else ""
    if comparison.number == 1:
        by_itself += " With one cluster there is little to compare: ask for a number by --clusters."
    return f"{found}{told}.{by_itself}"


def _of_agreement(comparison: Comparison) -> list[str]:
    names, table = [method.name for method in comparison.methods], comparison.between("ari")
    if len(names) < 2:
        return []
    found, sentences = groups(comparison), []
    in_one = [method.name for method in comparison.methods if max(method.numbers) == 1]
    pairs = {(one, other): float(table[one, other]) for one, other in combinations(range(len(names)), 2)}
    if len(in_one) == len(names):
        return ["All methods put all rows into one cluster."]
    if len(found[0]) == len(names):
        least = min(pairs.values())
        sentences.append(
            f"All methods find nearly the same clusters (adjusted Rand index {_at_least(least)}). What they find "
            "does not hang on one of them."
        )
    elif len(found[0]) == 1:
        (one, other), most = max(pairs.items(), key=lambda pair: pair[1])
        sentences.append(
            f"No two methods find nearly the same clusters; nearest to each other are {names[one]} and "
            f"{names[other]} (adjusted Rand index {most:.2f}). Each divides the rows in a way of its own: take none "
            "for the truth before you have looked at the clusters below."
        )
    else:
        for group in (group for group in found if len(group) > 1):
            places = [names.index(name) for name in group]
            least = min(table[one, other] for one, other in combinations(places, 2))
            sentences.append(
                f"{listed(group)} find nearly the same clusters (adjusted Rand index {_at_least(least)})."
            )
        alone = [group[0] for group in found if len(group) == 1 and group[0] not in in_one]
        if alone:
            most = max(
                float(table[names.index(name), place])
                for name in alone
                for place in range(len(names))
                if names[place] != name
            )
            verb = "finds" if len(alone) == 1 else "find"
            sentences.append(f"{listed(alone)} {verb} other clusters (at most {most:.2f} with any method).")
        sentences.append("What several methods find does not hang on one of them.")
    if in_one and comparison.number > 1:
        sentences.append(f"{listed(in_one)} {'puts' if len(in_one) == 1 else 'put'} all rows into one cluster.")
    return [" ".join(sentences)]


def _of_seeds(comparison: Comparison) -> list[str]:
    if len(comparison.seeds) < 2:
        return ["With one seed there is no telling whether a method finds the same again: give more seeds."]
    own = zip(comparison.methods, np.diag(comparison.between("ari")).tolist(), strict=True)
    unsure = [f"{method.name} ({value:.2f})" for method, value in own if value < GOOD]
    if not unsure:
        return []
    verb, them = ("finds", "it") if len(unsure) == 1 else ("find", "one of them")
    return [f"With another seed {listed(unsure)} {verb} other clusters: do not rely on a single fit of {them}."]


def _of_taking(comparison: Comparison) -> str:
    found = taken(comparison)
    if found is None:
        return "No method found more than one cluster in each fit, so there is none to take."
    chosen, others = found.method, found.as_good
    if others:
        why = (
            f"{listed(others)} {'is' if len(others) == 1 else 'are'} as good, and of methods that are as good the "
            "simplest is the one to take."
        )
    else:
        why = f"Of {found.among}, its clusters lie farthest apart ({_separation(chosen):.2f})."
    models = [name for name in others if name in METHODS]
    if models and chosen.name not in METHODS:
        why += f" For probabilities, codes, new rows or outliers take {models[0]}: {chosen.name} has none of them."
    return f"If one is to be taken: {chosen.name}. {why}"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _at_least(index: float) -> str:
    """In words; nothing is more than 1."""
    return "1.00" if index >= 0.995 else f"{index:.2f} or more"


def _separation(method: Compared) -> float:
    return -1.0 if method.separation is None else method.separation


def _complexity(method: Compared) -> int:
    return SIMPLEST.index(method.name) if method.name in SIMPLEST else len(SIMPLEST)
