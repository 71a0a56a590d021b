"""How one stage of a fit is trained."""

from dataclasses import dataclass
from typing import Literal, final

Schedule = Literal["constant", "one-cycle", "cosine"]


@final
@dataclass(frozen=True)
class Plan:
    """Passes over the rows, rows per step, Adam's learning rate (its peak) and how it changes."""

    epochs: int
    batch_size: int
    learning_rate: float
    schedule: Schedule = "constant"
