"""Long work in parts, and who is told how far it is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

Part = TypeVar("Part")

# From what is done and its parts to these parts, one by one.
Telling = Callable[[str, Sequence[Any]], Iterable[Any]]


def in_silence(what: str, parts: Sequence[Any]) -> Iterable[Any]:
    """The parts, and nobody is told."""
    return parts


def by_share(telling: Telling, what: str, parts: Iterable[tuple[Part, float]]) -> Iterator[Part]:
    """Parts that come with the share of all that is done, one by one; hundredths of it are told."""
    hundredths = iter(telling(what, range(100)))
    told = -1
    for part, share in parts:
        while told < min(99, int(100 * share)):
            told = next(hundredths)
        yield part
