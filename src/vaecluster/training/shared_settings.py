"""Every choice of the default method, in one record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, final, get_args

from vaecluster.data.preprocessing import Scaling
from vaecluster.errors import SettingError
from vaecluster.training.settings import (
    Likelihood,
    Plan,
    check_among,
    check_cluster_weights,
    check_hidden,
    check_not_negative,
    check_positive,
    check_share,
    check_whole,
    is_number,
)

# A head has as many components as the larger of these. With 50 none of the heads found all of 20 blobs.
LEAST_COMPONENTS, COMPONENTS_PER_CLUSTER = 80, 3
# Tiny data are passed over more often than `most_epochs`, until they had this many steps.
LEAST_STEPS = 800
# However short the fit, components have so many of its epochs, or half: merged before they have settled, they make
# clusters that refining does not mend (MNIST, 8 epochs, one seed: 0.929 with 2 of them, 0.976 with 4).
LEAST_COMPONENT_EPOCHS = 4


Arithmetic = Literal["auto", "float32", "bfloat16"]
TargetShares = Literal["merged", "uniform"] | Sequence[float]


@final
@dataclass(frozen=True)
class SharedSettings:
    """Settings of the default method.

    Dense networks with `hidden` widths and batch normalisation, `latent` entries of a code, a `likelihood` and its
    `precision` as in `Settings`. `heads` of `components` each (80, or 3 per cluster if that is more) learn for
    `component_share` of the `epochs`, but for at least 4 or half of them; the rest refines clusters. Without `epochs`
    there are as many as make `steps` steps, but at most `most_epochs`, and at least 800 steps. `apartness` is how much
    it counts in merging that two are well apart, whatever their sizes (0 to 1). `information_weight` and
    `agreement_weight` are the weights of (2) and of the agreement term, against the bound in nats; `balance_weight` is
    how much the sizes of clusters count in (2), and `cluster_weights` says which they should be: as large as merging
    found them, equal ("uniform"), or a share for each. `decoded_share` of each batch goes through the decoder. `views`
    is a name or a list of views. `scaling` is how vectors are scaled, each column for itself or all alike ("common").
    `arithmetic` "auto" multiplies in bfloat16 while training where the device gains by it.
    """

    # What the parts of a model are built by; heads are left out of it, and components merged, when it is fitted.
    BUILT: ClassVar[tuple[str, ...]] = ("latent", "hidden", "likelihood", "precision", "scaling")

    views: Any = "auto"
    epochs: int | None = None
    steps: int = 4000
    most_epochs: int = 200
    batch_size: int = 256
    learning_rate: float = 2e-3
    hidden: tuple[int, ...] = (512, 512)
    latent: int = 20
    likelihood: Likelihood = "gaussian"
    precision: float = 2.5
    heads: int = 5
    components: int | None = None
    component_share: float = 0.3
    apartness: float = 0.0
    information_weight: float = 20.0
    agreement_weight: float = 1.0
    balance_weight: float = 1.0
    cluster_weights: TargetShares = "merged"
    decoded_share: float = 0.25
    scaling: Scaling = "columns"
    arithmetic: Arithmetic = "auto"

    def stages(self, rows: int) -> tuple[Plan, Plan]:
        """What the loop reads, for components and for clusters, on so many rows."""
        steps_an_epoch = -(-rows // self.batch_size)
        enough = max(min(LEAST_STEPS, self.steps), min(self.steps, self.most_epochs * steps_an_epoch))
        epochs = self.epochs or max(2, round(enough / steps_an_epoch))
        least = min(LEAST_COMPONENT_EPOCHS, epochs // 2)
        first = max(1, min(epochs - 1, max(least, round(self.component_share * epochs))))
        plans = [Plan(n, self.batch_size, self.learning_rate, "one-cycle") for n in (first, max(1, epochs - first))]
        return plans[0], plans[1]

    def in_one(self, rows: int) -> Plan:
        """One stage as long as the two, for what is compared with the method."""
        first, second = self.stages(rows)
        return replace(first, epochs=first.epochs + second.epochs)

    def resolve(self, clusters: int | None) -> "SharedSettings":
        """The same with the number of components filled in; raises `SettingError` for the first wrong value."""
        self._check()
        most = LEAST_COMPONENTS if clusters is None else max(LEAST_COMPONENTS, COMPONENTS_PER_CLUSTER * clusters)
        components = self.components or most
        if clusters is not None and components < clusters:
            raise SettingError(
                f"components is {components}, fewer than n_clusters={clusters}. Give several for each cluster."
            )
        if not (isinstance(self.cluster_weights, str) and self.cluster_weights == "merged"):
            check_cluster_weights(self.cluster_weights, clusters, ("merged", "uniform"))
        return replace(self, components=components)

    def _check(self) -> None:
        check_among("likelihood", self.likelihood, get_args(Likelihood))
        check_among("scaling", self.scaling, get_args(Scaling))
        check_among("arithmetic", self.arithmetic, get_args(Arithmetic))
        for name in ("steps", "most_epochs", "batch_size", "latent", "heads"):
            check_whole(name, getattr(self, name))
        for name in ("epochs", "components"):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name))
        check_hidden(self.hidden)
        for name in ("precision", "learning_rate", "information_weight"):
            check_positive(name, getattr(self, name))
        for name in ("agreement_weight", "balance_weight"):
            check_not_negative(name, getattr(self, name))
        for name in ("component_share", "decoded_share"):
            check_share(name, getattr(self, name))
        if not is_number(self.apartness) or not 0 <= self.apartness <= 1:
            raise SettingError(f"apartness is {self.apartness!r}; expected a number from 0 to 1.")
