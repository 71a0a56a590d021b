"""What a fit left, as the attributes of an estimator."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.hierarchy import Hierarchy
from vaecluster.clusters.number import Evidence
from vaecluster.clusters.scores import Label
from vaecluster.inference.answers import Assigned
from vaecluster.inference.doubt import Calibration
from vaecluster.methods import Fitted, Method
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.listeners.history import History


class FittedAttributes:
    """Parts of `fitted_`, and of `assigned_`, which is there after a fit and not in a file."""

    fitted_: Fitted
    assigned_: Assigned

    @property
    def labels_(self) -> NDArray[np.intp]:
        """Cluster of each row of the fit: (n_samples,)."""
        return self._of_fit("labels_").labels

    @property
    def confidence_(self) -> NDArray[np.float64]:
        """How likely that cluster is the right one: (n_samples,)."""
        return self._of_fit("confidence_").confidence

    @property
    def row_names_(self) -> NDArray[Any] | None:
        """Names of the rows of the fit: (n_samples,)."""
        names = self._of_fit("row_names_").row_names
        return None if names is None else np.array(names.names)

    def _of_fit(self, name: str) -> Assigned:
        """What the fit said of its own rows; raises `AttributeError` for a model from a file, or cut without rows."""
        if "assigned_" not in vars(self):
            raise AttributeError(
                f"'{type(self).__name__}' has no attribute '{name}': it was not fitted here, or was cut without rows. "
                "Call predict with the rows."
            )
        return self.assigned_

    @property
    def n_clusters_(self) -> int:
        """Number of clusters."""
        return self.fitted_.clusters

    @property
    def model_(self) -> ClusteringVAE:
        """The parts."""
        return self.fitted_.model

    @property
    def method_(self) -> Method:
        """The method with every setting filled in."""
        return self.fitted_.method

    @property
    def history_(self) -> History:
        """Every term of every epoch."""
        return self.fitted_.history

    @property
    def hierarchy_(self) -> Hierarchy | None:
        """The tree over the components."""
        return self.fitted_.hierarchy

    @property
    def evidence_(self) -> Evidence | None:
        """What speaks for each number of clusters."""
        return self.fitted_.evidence

    @property
    def calibration_(self) -> Calibration | None:
        """What `outlier_score` compares new rows with."""
        return self.fitted_.calibration

    @property
    def cluster_names_(self) -> dict[int, Label]:
        """Names of clusters, by their numbers."""
        return dict(self.fitted_.names or {})

    @property
    def cluster_sizes_(self) -> NDArray[np.intp]:
        """Rows of the fit in each cluster: (clusters,)."""
        if self.fitted_.sizes is None:
            raise AttributeError(
                "cluster_sizes_ is missing, because this cut was made without rows. Call cut(n_clusters, X) with the "
                "rows of the fit."
            )
        return self.fitted_.sizes

    def _take(self, fitted: Fitted, assigned: Assigned) -> None:
        self._set(fitted)
        self.assigned_ = assigned

    def _set(self, fitted: Fitted) -> None:
        self.fitted_ = fitted
        self.n_features_in_ = int(np.prod(fitted.schema.row_shape))
        if fitted.feature_names:
            self.feature_names_in_ = np.array(fitted.feature_names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    @property
    def _n_features_out(self) -> int:
        return self.model_.encoder.latent
