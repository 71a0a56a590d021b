"""What a fit leaves."""

from dataclasses import dataclass
from typing import final

from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.history import Ending
from vaecluster.training.merging import Hierarchy
from vaecluster.training.number import Evidence


@final
@dataclass(frozen=True)
class Fitted:
    """The model and how the fit ended; where the method merges components, their tree and the evidence in it.

    `hierarchy` is of the components as they are in the model, `evidence` of those from which clusters were made.
    """

    model: ClusteringVAE
    ending: Ending
    hierarchy: Hierarchy | None = None
    evidence: Evidence | None = None
