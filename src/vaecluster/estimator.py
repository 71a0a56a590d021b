"""`VAEClustering`: the method as a scikit-learn estimator."""

import warnings
from copy import copy
from math import prod
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from vaecluster.advice import fit_warnings
from vaecluster.data import checks
from vaecluster.data.preprocessing import Array, choose_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.errors import DataError, SettingError
from vaecluster.evaluation import inference
from vaecluster.model.grouping import Grouping
from vaecluster.saving import read_fit, write_fit
from vaecluster.training.device import choose_device, forked_random_state
from vaecluster.training.fitted import Fitted
from vaecluster.training.fitting import MethodSettings, fit_model
from vaecluster.training.history import History
from vaecluster.training.presets import Kind, preset_settings
from vaecluster.training.progress import progress_display
from vaecluster.training.settings import is_whole

Random = int | np.random.RandomState | None


class VAEClustering(TransformerMixin, ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Clusters, codes and a generator per cluster from unlabelled rows, learned in one fit.

    A variational autoencoder whose latent variable is (z, y), z a continuous code and y the cluster. The equations are
    in `docs/model.md`.

    Parameters
    ----------
    n_clusters : int or "auto"
        Number of clusters K. ``"auto"`` finds it (shared only), as `evidence_` shows.
    preset : str
        The method. ``"shared"``: clusters are what two views of the same row share. ``"su2018"``: the method of Su's
        article, trained by the bound alone. A setting below that is None is the preset's for this kind of data
        (images or vectors); one that the preset does not have is refused.
    views : str, view, or list of views, optional
        shared: what counts as two views of the same row. ``"auto"`` (near neighbours, and small shifts of images) is
        safe for anything; ``"digits"``, ``"clothes"``, ``"photos"``, ``"vectors"``, ``"counts"``; or objects from
        `vaecluster.views` and functions on a batch.
    epochs, batch_size, learning_rate : optional
        Passes over the rows (shared: as many as make 8,000 steps for images and 4,000 for vectors, but at most 200
        and 50, and at least 800 steps; two epochs are the least); rows per step; Adam's rate.
    hidden, latent : optional
        Widths of dense networks, multiples of 16; entries of a code.
    likelihood, precision : optional
        ``"gaussian"`` with a fixed precision (1 / variance, of scaled rows), ``"gaussian-learned"``, or
        ``"bernoulli"`` for rows in [0, 1].
    scaling : optional
        Vectors: ``"columns"``, each column by its own spread; ``"common"``, all by one, for columns in one unit, such
        as embeddings or principal components.
    heads, components : int, optional
        shared: how many heads learn how many fine components each, before each head's are merged into clusters.
    component_share : float, optional
        shared: the part of the epochs before that merging.
    information_weight, agreement_weight, balance_weight : float, optional
        shared: weights of equation (2) and of the agreement of codes and clusters, against the bound in nats; and how
        much the sizes of clusters count in (2).
    arithmetic : optional
        shared: ``"float32"``, ``"bfloat16"``, or ``"auto"``, which trains in bfloat16 where the device gains by it.
    network : optional
        su2018: ``"conv"`` (images) or ``"dense"``.
    schedule : optional
        su2018: ``"constant"``, ``"one-cycle"`` or ``"cosine"``.
    early_stopping, patience : optional
        su2018: hold out a tenth of the rows, stop after `patience` epochs without a better bound on them and keep
        the best weights.
    component_scale : float or "learned", optional
        su2018: standard deviation of p(z|y).
    cluster_weights, weights_temperature : optional
        p(y): ``"uniform"`` or one share per cluster; su2018: ``"learned"`` as logits over a temperature; shared:
        ``"merged"``, as large as merging found them, and shares go to the clusters by their size.
    cluster_posterior : optional
        su2018: ``"code"``, a network on the sampled code; ``"features"``, a network on the encoder's features;
        ``"bayes"``, exact by Bayes' rule.
    cluster_kl_weight : float, optional
        su2018: weight of the bound's third term in the loss; 0 leaves it out.
    device : str
        ``"auto"`` takes a GPU where there is one; or a torch device.
    random_state : int, RandomState or None
        Decides everything that is random; the global random state is left alone.
    verbose : int
        0 is silent; 1 shows progress on standard error.

    Attributes
    ----------
    n_clusters_ : int
        Number of clusters; 1 if ``"auto"`` saw none.
    labels_ : ndarray (n_samples,)
        Cluster of each row of the fit; equal to ``predict(X)``.
    confidence_ : ndarray (n_samples,)
        The probability of that cluster.
    cluster_sizes_ : ndarray (n_clusters_,)
        Rows of the fit in each cluster.
    model_ : ClusteringVAE
        The parts.
    history_ : History
        Every term of every epoch.
    hierarchy_ : Hierarchy or None
        shared: the tree over the components, through the clusters; `cut` makes other clusters of it.
    evidence_ : Evidence or None
        shared: what speaks for each number of clusters.
    settings_ : Settings or SharedSettings
        Every setting, those of the preset included.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    References
    ----------
    Su Jianlin (2018), "Variational autoencoders (4): a one-step clustering scheme", kexue.fm/archives/5887.

    Examples
    --------
    >>> from sklearn.datasets import make_blobs
    >>> X, _ = make_blobs(200, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, epochs=150, random_state=0).fit(X)
    >>> model.predict(X[:7]).shape, model.transform(X).shape, model.sample(4, cluster=1).shape
    ((7,), (200, 8), (4, 5))
    """

    def __init__(
        self,
        n_clusters: int | Literal["auto"] = "auto",
        *,
        preset: str = "shared",
        views: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        schedule: str | None = None,
        early_stopping: bool | None = None,
        patience: int | None = None,
        network: str | None = None,
        hidden: tuple[int, ...] | None = None,
        latent: int | None = None,
        likelihood: str | None = None,
        precision: float | None = None,
        component_scale: float | str | None = None,
        cluster_weights: Any = None,
        weights_temperature: float | None = None,
        cluster_posterior: str | None = None,
        cluster_kl_weight: float | None = None,
        heads: int | None = None,
        components: int | None = None,
        information_weight: float | None = None,
        component_share: float | None = None,
        agreement_weight: float | None = None,
        balance_weight: float | None = None,
        scaling: str | None = None,
        arithmetic: str | None = None,
        device: str = "auto",
        random_state: Random = None,
        verbose: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.preset = preset
        self.views = views
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.early_stopping = early_stopping
        self.patience = patience
        self.network = network
        self.hidden = hidden
        self.latent = latent
        self.likelihood = likelihood
        self.precision = precision
        self.component_scale = component_scale
        self.cluster_weights = cluster_weights
        self.weights_temperature = weights_temperature
        self.cluster_posterior = cluster_posterior
        self.cluster_kl_weight = cluster_kl_weight
        self.heads = heads
        self.components = components
        self.information_weight = information_weight
        self.component_share = component_share
        self.agreement_weight = agreement_weight
        self.balance_weight = balance_weight
        self.scaling = scaling
        self.arithmetic = arithmetic
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from `X`, vectors (n, columns) or images (n, H, W) or (n, H, W, C); `y` is ignored.

        Ctrl-C ends the fit after the step under way, keeps what was learned and warns. Raises `DataError` or
        `SettingError` (both are ValueErrors) before anything is learned, `TrainingError` if the loss diverges.
        """
        array = self._check_rows(X, reset=True)
        self.settings_ = settings = self._settings("images" if array.ndim > 2 else "vectors")
        checks.check_enough(array, 1 if self.n_clusters == "auto" else self.n_clusters)
        if settings.likelihood == "bernoulli" and array.ndim == 2:
            checks.check_unit_range(array, getattr(self, "feature_names_in_", None))
        self.preprocessing_ = choose_preprocessing(array, settings.likelihood, settings.scaling)
        self.history_ = History()
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        with forked_random_state(self._device(), seed):
            fitted = self._fit(array)
        self.model_, self.hierarchy_, self.evidence_ = fitted.model, fitted.hierarchy, fitted.evidence
        self.history_.ending = fitted.ending
        self._component_logits = inference.component_logits(self.model_, self._rows(array))
        self._label_rows()
        found_by = self.evidence_ if self.n_clusters == "auto" else None
        for message, category in fit_warnings(self.history_, self.cluster_sizes_, found_by):
            warnings.warn(message, category, stacklevel=2)
        return self

    def cut(self, n_clusters: int) -> Self:
        """The same model with other clusters, without new training: those of `hierarchy_` cut at that number.

        Fewer clusters are merged ones, more are split ones; codes, prior and decoder stay. Raises `SettingError` if
        the number is not one from 1 to the number of components, or if the method has no tree.

        >>> from sklearn.datasets import make_blobs
        >>> X, _ = make_blobs(200, n_features=5, centers=4, random_state=0)
        >>> model = VAEClustering(4, epochs=150, random_state=0).fit(X)
        >>> model.cut(2).cluster_sizes_.shape, model.cut(4).labels_.tolist() == model.labels_.tolist()
        ((2,), True)
        """
        check_is_fitted(self)
        if self.hierarchy_ is None:
            raise SettingError(f"preset {self.preset!r} has no tree to cut. Fit with preset='shared', or fit again.")
        if not is_whole(n_clusters, 1, self.hierarchy_.components):
            raise SettingError(
                f"n_clusters is {n_clusters!r}; expected a whole number from 1 to {self.hierarchy_.components}, the "
                "number of components."
            )
        number = int(n_clusters)
        other: Self = copy(self).set_params(n_clusters=number)
        grouping = Grouping(torch.from_numpy(self.hierarchy_.cut(number)), number)
        other.model_ = self.model_.regrouped(grouping.to(self._device()))
        other._label_rows()
        return other

    def fit_predict(self, X: Any, y: Any = None) -> NDArray[np.intp]:
        """Fit and return `labels_`."""
        labels: NDArray[np.intp] = self.fit(X).labels_
        return labels

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """q(y|x), at the mean code where it depends on the code: (n, n_clusters_), rows sum to 1."""
        return self._assignments(self._check_rows(X))

    def predict(self, X: Any) -> NDArray[np.intp]:
        """The likeliest cluster of each row, whatever rows come with it: (n,)."""
        labels: NDArray[np.intp] = self.predict_proba(X).argmax(1)
        return labels

    def transform(self, X: Any) -> NDArray[np.floating[Any]]:
        """The code of each row, the mean of q(z|x): (n, latent), float64 for float64 rows and float32 otherwise."""
        array = self._check_rows(X)
        codes = inference.codes(self.model_, self._rows(array))
        return codes.astype(np.float64 if array.dtype == np.float64 else np.float32)

    def inverse_transform(self, codes: Any) -> Array:
        """The row that each code (n, latent) stands for, the mean of p(x|z), in the units of the fit."""
        check_is_fitted(self)
        tensor = torch.as_tensor(np.asarray(codes, dtype=np.float32))
        latent = self.model_.encoder.mean.out_features
        if tensor.ndim != 2 or tensor.shape[1] != latent:
            raise DataError(f"codes has shape {tuple(tensor.shape)}; expected (n, {latent}), as transform returns.")
        return self.preprocessing_.restore(inference.decode(self.model_, tensor.to(self._device())))

    def sample(self, n_samples: int = 1, *, cluster: int | None = None, random_state: Random = None) -> Array:
        """New rows in the units and type of the fit: codes from the prior, decoded to the mean of p(x|z).

        With `cluster`, all from p(z|y) of that one; without, y is drawn from p(y) first. `random_state` defaults
        to the estimator's, so the same call gives the same rows.
        """
        check_is_fitted(self)
        if not is_whole(n_samples, 1):
            raise SettingError(f"n_samples is {n_samples!r}; expected a whole number of 1 or more.")
        if cluster is not None and not is_whole(cluster, 0, self.n_clusters_ - 1):
            raise SettingError(
                f"cluster is {cluster!r}; expected one of 0 to {self.n_clusters_ - 1}, or None for all."
            )
        random = self.random_state if random_state is None else random_state
        seed = int(check_random_state(random).randint(2**31 - 1))
        with forked_random_state(self._device(), seed):
            codes = inference.draw_codes(self.model_, int(n_samples), cluster)
        return self.preprocessing_.restore(inference.decode(self.model_, codes))

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """The bound (1) on log p(x) of each row as the model sees it (scaled), in nats: (n,)."""
        return inference.bounds(self.model_, self._rows(self._check_rows(X)))

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`, in nats per row; `y` is ignored."""
        return float(self.score_samples(X).mean())

    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file: safetensors weights, JSON for the rest, no rows of the fit."""
        check_is_fitted(self)
        write_fit(self, Path(path))

    @classmethod
    def load(cls, path: str | Path, *, device: str = "auto") -> Self:
        """Open a file that `save` wrote; `labels_` is not in it, `predict` gives the same again.

        Raises `FileError` if it is no such file, or damaged, or from a newer version.
        """
        estimator = cls()
        read_fit(estimator, Path(path), device)
        return estimator

    def _fit(self, array: Array) -> Fitted:
        display = progress_display(self.verbose)
        try:
            return fit_model(self.settings_, self._rows(array), self._given_number(), (self.history_, display))
        finally:
            display.close()

    def _settings(self, kind: Kind) -> MethodSettings:
        if self.n_clusters != "auto" and not is_whole(self.n_clusters, 1):
            raise SettingError(f"n_clusters is {self.n_clusters!r}; expected a whole number of 1 or more, or 'auto'.")
        own = ("n_clusters", "preset", "device", "random_state", "verbose")
        given = {
            name: value for name, value in self.get_params(deep=False).items() if value is not None and name not in own
        }
        return preset_settings(self.preset, kind, given).resolve(self._given_number())

    def _given_number(self) -> int | None:
        return None if self.n_clusters == "auto" else int(self.n_clusters)

    def _check_rows(self, X: Any, *, reset: bool = False) -> Array:
        if not reset:
            check_is_fitted(self)
        checks.check_numbers(X)
        if getattr(X, "ndim", 2) in (3, 4):
            array = checks.check_images(np.asarray(X))
            if reset:
                self.n_features_in_ = prod(array.shape[1:])
        else:
            if not reset and self.preprocessing_.is_image:
                checks.check_row_shape(np.shape(X)[1:], self.preprocessing_.row_shape)
            try:
                array = validate_data(self, X, dtype="numeric", ensure_all_finite=False, reset=reset)
            except ValueError as error:
                # scikit-learn's words, as an error of ours: the command line prints those as one line.
                raise DataError(str(error)) from None
            checks.check_finite(array, getattr(self, "feature_names_in_", None))
        if not reset:
            checks.check_row_shape(array.shape[1:], self.preprocessing_.row_shape)
        return array

    def _rows(self, array: Array) -> Rows:
        return Rows(array, self.preprocessing_, self._device())

    def _label_rows(self) -> None:
        """What is said of the rows of the fit, from the components that they belong to; nothing in an opened model."""
        self.n_clusters_ = self.model_.grouping.clusters
        logits = getattr(self, "_component_logits", None)
        if logits is None:
            self.__dict__.pop("cluster_sizes_", None)
            return
        assigned = inference.clusters(self.model_, logits)
        self.labels_, self.confidence_ = assigned.argmax(1), assigned.max(1)
        self.cluster_sizes_ = np.bincount(self.labels_, minlength=self.n_clusters_)

    def _assignments(self, array: Array) -> NDArray[np.float64]:
        return inference.assignments(self.model_, self._rows(array))

    def _device(self) -> torch.device:
        return choose_device(self.device)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.model_.encoder.mean.out_features
