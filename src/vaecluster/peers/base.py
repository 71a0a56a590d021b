"""What a peer is: a method of another library, which sees rows as points and gives each of them a label."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
Labels = NDArray[np.intp]


@final
@dataclass(frozen=True, eq=False)
class Partition:
    """The cluster of each point of a fit, (rows,), -1 for none; a rule for new points, and facts about the fit.

    `predict` is from points (rows, entries) to labels (rows,), and None for peers that have no rule of their own.
    """

    labels: Labels
    predict: Callable[[Points], Labels] | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class Peer(ABC):
    """A way to find clusters among points; its fields are its settings. Labels take no part.

    `compare` takes peers by their names, or as objects with settings of your own.
    """

    # What a user calls it.
    name: ClassVar[str]
    # Whether it finds the number of clusters itself, whatever it is asked for.
    finds_number: ClassVar[bool] = False
    # The modules that it needs beside the package's own; the extra `peers` brings them.
    needs: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def fit(self, points: Points, clusters: int, seed: int) -> Partition:
        """Find so many clusters among points (rows, entries); the seed decides what is random."""

    @classmethod
    def missing(cls) -> str | None:
        """What to do about a module that is not installed; None if all are."""
        absent = [module for module in cls.needs if find_spec(module) is None]
        if not absent:
            return None
        return f"{' and '.join(absent)} not installed. Install: pip install 'vaecluster[peers]'"
