"""`VAEClustering`: the method as a scikit-learn estimator."""

import warnings
from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import ClusterMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from vaecluster.advice import Advice, fit_warnings, naming_warnings
from vaecluster.checking import all_or_nothing, checked_codes, checked_rows
from vaecluster.data import checks
from vaecluster.data.known import Known, check_weights, counting, known_labels
from vaecluster.data.preprocessing import Array, choose_preprocessing
from vaecluster.data.rows import Rows, split
from vaecluster.errors import SettingError
from vaecluster.evaluation import inference
from vaecluster.evaluation.agreement import Stability
from vaecluster.evaluation.doubt import calibrate, doubted, held_out_rows
from vaecluster.evaluation.naming import name_by
from vaecluster.evaluation.scores import Label
from vaecluster.model.grouping import Grouping
from vaecluster.parameters import Parameters, Random, as_path, check_doubt
from vaecluster.saving import read_fit, write_fit
from vaecluster.session import draw_seed, fingerprint_of, session
from vaecluster.stability import stability
from vaecluster.training.device import choose_device, forked_random_state, plain_torch
from vaecluster.training.fitting import MethodSettings, fit_model
from vaecluster.training.going_on import check_same_model, go_on
from vaecluster.training.presets import Kind, preset_settings
from vaecluster.training.settings import is_whole


class VAEClustering(TransformerMixin, ClusterMixin, Parameters):  # type: ignore[misc]
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
    min_confidence, outlier_fraction : float
        Rows that are less sure than this, or among this fraction of the unlikeliest, get the cluster -1. For the
        second, a fit holds out some rows to compare with: ten times 1 / fraction, at most a fifth of them.
    warm_start : bool
        Let `fit` go on from the model that was fitted before, with its clusters as they are.
    checkpoint_dir : path, optional
        A folder that holds the state of the fit: an interrupted fit goes on from there, and ends as if it had not
        been interrupted, to the bit on a CPU. It must be fitted again to the same rows in the same way.
    checkpoint_every : float
        Seconds between two states kept there; 0 keeps every step.
    log_dir : path, optional
        A folder for what happens in every epoch, as JSON lines, and for TensorBoard where that is installed.
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
    cluster_names_ : dict
        Names of clusters: those of known labels in `fit`, and those given by `name_clusters`.
    confidence_ : ndarray (n_samples,)
        The probability of that cluster.
    cluster_sizes_ : ndarray (n_clusters_,)
        Rows of the fit in each cluster.
    model_ : ClusteringVAE
        The parts.
    calibration_ : Calibration
        What `outlier_score` compares new rows with.
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

    settings_: MethodSettings
    n_clusters_: int
    cluster_sizes_: NDArray[np.intp]
    cluster_names_: dict[int, Label]

    @plain_torch()
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from `X`, vectors (n, columns) or images (n, H, W) or (n, H, W, C).

        `y` (n,), known labels of some rows and -1 for the others, takes no part in learning. Afterwards clusters are
        named by it and numbered in the order of the names. Where it says nothing is unknown it is ignored, as by
        scikit-learn's clusterers. `sample_weight` (n,) says how much each row counts.

        Ctrl-C ends the fit after the step under way, keeps what was learned and warns. Raises `DataError` or
        `SettingError` (both are ValueErrors) before anything is learned, `FileError` if a folder cannot be written
        to, and `TrainingError` if the loss diverges. What it raises leaves the estimator as it was.
        """
        self._warn(self._fit(X, y, sample_weight))
        return self

    @plain_torch()
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from new rows, one pass over them; clusters keep their numbers. Without a fit this is `fit`.

        With ``preset="su2018"`` nothing but a small learning rate holds clusters where they are.

        Give some hundreds of rows or more: neighbours are looked for among them. Names of clusters come from `y` as
        in `fit`, but nothing is numbered anew. `labels_` and `history_` are then of these rows; outliers are told by
        the rows of the fit. Raises as `fit` does.
        """
        if not hasattr(self, "model_"):
            return self.fit(X, y, sample_weight)
        self._warn(self._learn_more(X, y, sample_weight))
        return self

    def name_clusters(self, names: Mapping[int, Label]) -> Self:
        """Name clusters, those that are given; nothing else changes. Raises `SettingError` for a cluster not there."""
        check_is_fitted(self)
        if not isinstance(names, Mapping):
            raise SettingError(f"names is {names!r}; expected a dict from clusters to names, such as {{0: 'cats'}}.")
        for cluster, name in names.items():
            if not isinstance(name, str | Integral):
                raise SettingError(f"names holds {name!r}; expected a string or a whole number for each cluster.")
            if not is_whole(cluster, 0, self.n_clusters_ - 1):
                raise SettingError(f"names holds the cluster {cluster!r}; expected 0 to {self.n_clusters_ - 1}.")
        self.cluster_names_ = self.cluster_names_ | {int(cluster): name for cluster, name in names.items()}
        return self

    @plain_torch()
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
        # The clusters that are there keep their numbers, which may be in the order of their names.
        if number != self.n_clusters_:
            grouping = Grouping(torch.from_numpy(self.hierarchy_.cut(number)), number)
            other.model_ = self.model_.regrouped(grouping.to(self._device()))
            other.cluster_names_ = {}
        other._label_rows()
        return other

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> NDArray[np.intp]:
        """Fit and return `labels_`."""
        labels: NDArray[np.intp] = self.fit(X, y, sample_weight).labels_
        return labels

    @plain_torch()
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """q(y|x), at the mean code where it depends on the code: (n, n_clusters_), rows sum to 1."""
        rows = self._rows(checked_rows(self, X))
        return inference.assignments(self.model_, rows)

    @plain_torch()
    def predict(
        self, X: Any, *, min_confidence: float | None = None, outlier_fraction: float | None = None
    ) -> NDArray[np.intp]:
        """The likeliest cluster of each row, whatever rows come with it, or -1: (n,).

        -1 are rows with a probability below `min_confidence`, and the unlikeliest: of rows like those of the fit, that
        `outlier_fraction`. Both are the estimator's if not given.
        """
        return self.assign(X, min_confidence=min_confidence, outlier_fraction=outlier_fraction)[0]

    @plain_torch()
    def assign(
        self, X: Any, *, min_confidence: float | None = None, outlier_fraction: float | None = None
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """What `predict` gives, and the probability of each row's likeliest cluster, in one pass: (n,) each."""
        sure = self.min_confidence if min_confidence is None else min_confidence
        fraction = self.outlier_fraction if outlier_fraction is None else outlier_fraction
        check_doubt(sure, fraction)
        rows = self._rows(checked_rows(self, X))
        probabilities = inference.assignments(self.model_, rows)
        scores, confidence = self._outlier_score(rows) if fraction else None, probabilities.max(1)
        return doubted(probabilities.argmax(1), confidence, scores, sure, fraction), confidence

    @plain_torch()
    def outlier_score(self, X: Any) -> NDArray[np.float64]:
        """How unlikely each row is, from 0 to 1: the share of comparable rows with a higher bound (1): (n,).

        Comparable are rows that the fit held out, if the estimator's `outlier_fraction` is above 0: of new rows like
        those at most the share 1 - s scores s or more. Otherwise they are rows that the fit has learned from, and
        more of the new ones do. `score_samples` is the bound itself.
        """
        return self._outlier_score(self._rows(checked_rows(self, X)))

    @plain_torch()
    def transform(self, X: Any) -> NDArray[np.floating[Any]]:
        """The code of each row, the mean of q(z|x): (n, latent), float64 for float64 rows and float32 otherwise."""
        array = checked_rows(self, X)
        codes = inference.codes(self.model_, self._rows(array))
        return codes.astype(np.float64 if array.dtype == np.float64 else np.float32)

    @plain_torch()
    def inverse_transform(self, codes: Any) -> Array:
        """The row that each code (n, latent) stands for, the mean of p(x|z), in the units of the fit."""
        check_is_fitted(self)
        tensor = torch.from_numpy(checked_codes(codes, self.model_.encoder.mean.out_features))
        return self.preprocessing_.restore(inference.decode(self.model_, tensor.to(self._device())))

    @plain_torch()
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
        seed = draw_seed(self.random_state if random_state is None else random_state)
        with forked_random_state(self._device(), seed):
            codes = inference.draw_codes(self.model_, int(n_samples), cluster)
        return self.preprocessing_.restore(inference.decode(self.model_, codes))

    @plain_torch()
    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """The bound (1) on log p(x) of each row as the model sees it (scaled), in nats: (n,)."""
        rows = self._rows(checked_rows(self, X))
        return inference.bounds(self.model_, rows)

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`, in nats per row; `y` is ignored."""
        return float(self.score_samples(X).mean())

    def stability(self, X: Any, n_runs: int = 5, *, n_jobs: int = 1) -> Stability:
        """Fit copies of this estimator to `X` that differ in their seed only, and compare their clusters.

        `vaecluster.stability.stability` says how; this estimator is not fitted, nor changed if it is.

        >>> from sklearn.datasets import make_blobs
        >>> X, _ = make_blobs(200, n_features=5, centers=3, random_state=0)
        >>> found = VAEClustering(3, epochs=150, random_state=0).stability(X, n_runs=2)
        >>> found.ari.shape, found.jaccard.shape
        ((2, 2), (1, 3))
        """
        return stability(self, X, n_runs, n_jobs=n_jobs)

    @plain_torch()
    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file: safetensors weights, JSON for the rest, no rows of the fit."""
        check_is_fitted(self)
        write_fit(self, as_path("path", path, "a file"))

    @classmethod
    @plain_torch()
    def load(cls, path: str | Path, *, device: str = "auto") -> Self:
        """Open a file that `save` wrote; `labels_` is not in it, `predict` gives the same again.

        Raises `FileError` if it is no such file, or damaged, or from a newer version.
        """
        estimator = cls()
        read_fit(estimator, as_path("path", path, "a file"), device)
        return estimator

    @all_or_nothing
    def _fit(self, X: Any, y: Any, sample_weight: Any) -> Sequence[Advice]:
        """`fit`; what the user should hear about it."""
        goes_on = bool(self.warm_start) and hasattr(self, "model_")
        array = checked_rows(self, X, reset=not goes_on)
        weights, known = check_weights(sample_weight, len(array)), known_labels(y, len(array))
        self.check_plain()
        settings = self._settings("images" if array.ndim > 2 else "vectors")
        checks.check_enough(array, 1 if self.n_clusters == "auto" else self.n_clusters)
        if settings.likelihood == "bernoulli" and array.ndim == 2:
            checks.check_unit_range(array, getattr(self, "feature_names_in_", None))
        if goes_on:
            check_same_model(settings, self.settings_, self.n_clusters, self.n_clusters_)
            self.settings_ = settings
            return self._go_on(array, weights, known, settings.in_one(len(array)).epochs, seen=0)
        self.settings_ = settings
        counted, weights = counting(array, weights)
        self.preprocessing_ = choose_preprocessing(counted, settings.likelihood, settings.scaling, weights)
        learned = self._rows(counted, weights)
        number = held_out_rows(len(learned), self.outlier_fraction)
        with session(self, learned, self.checkpoint_dir, goes_on=False) as told:
            learned, held_out = split(learned, number)
            fitted = fit_model(settings, learned, self._given_number(), told.listeners, told.keeper)
            told.history.ending = fitted.ending
        self.model_, self.history_ = fitted.model, told.history
        self.hierarchy_, self.evidence_ = fitted.hierarchy, fitted.evidence
        naming = name_by(self.model_, self._rows(array[known.rows]), known.labels)
        self.model_, self.cluster_names_ = naming.renumbered(self.model_)
        self.calibration_ = calibrate(self.model_, learned, held_out)
        self._tell(array)
        self.data_ = fingerprint_of(array)
        found_by = self.evidence_ if self.n_clusters == "auto" else None
        return [*naming_warnings(naming), *fit_warnings(self.history_, self.cluster_sizes_, found_by)]

    @all_or_nothing
    def _learn_more(self, X: Any, y: Any, sample_weight: Any) -> Sequence[Advice]:
        """`partial_fit` of a fitted model; what the user should hear about it."""
        self.check_plain()
        array = checked_rows(self, X)
        weights, known = check_weights(sample_weight, len(array)), known_labels(y, len(array))
        # A file of an older format does not say how many there were.
        seen = len(array) if self.data_ is None else self.data_["rows"]
        return self._go_on(array, weights, known, 1, seen=seen)

    def _go_on(
        self, array: Array, weights: NDArray[np.float64] | None, known: Known, epochs: int, seen: int
    ) -> Sequence[Advice]:
        """Learn from checked rows with the clusters as they are; `seen` rows stand behind the model beside these."""
        # A copy: the model may be shared with cuts of it, and stays as it was if this fails.
        model = deepcopy(self.model_)
        learned = self._rows(*counting(array, weights))
        # A pass over new rows is short and not kept.
        folder = None if seen else self.checkpoint_dir
        number = 0 if seen else held_out_rows(len(learned), self.outlier_fraction)
        with session(self, learned, folder, goes_on=True) as told:
            learned, held_out = split(learned, number)
            told.history.ending = go_on(self.settings_, model, learned, epochs, seen, told.listeners, told.keeper)
        self.model_, self.history_ = model, told.history
        naming = name_by(model, self._rows(array[known.rows]), known.labels)
        self.cluster_names_ = self.cluster_names_ | naming.names
        if not seen:
            self.calibration_ = calibrate(model, learned, held_out)
        self._tell(array)
        self.data_ = fingerprint_of(array) | {"rows": seen + len(array)}
        return [*naming_warnings(naming), *fit_warnings(self.history_, None, None)]

    def _warn(self, advice: Sequence[Advice]) -> None:
        """Tell the caller of `fit`. Outside what may be undone: where warnings are errors the model is there still."""
        for message, category in advice:
            warnings.warn(message, category, stacklevel=4)

    def _tell(self, array: Array) -> None:
        """Say of the rows of the fit what the model says of them."""
        rows = self._rows(array)
        self._component_logits = inference.component_logits(self.model_, rows)
        self._outlier_scores = self._outlier_score(rows) if self.outlier_fraction else None
        self._label_rows()

    def _outlier_score(self, rows: Rows) -> NDArray[np.float64]:
        if self.calibration_ is None:
            raise SettingError(
                "This model is from a file of an older format, without what outliers are told by. Fit again."
            )
        return self.calibration_.outlier_score(inference.bounds(self.model_, rows))

    def _settings(self, kind: Kind) -> MethodSettings:
        if self.n_clusters != "auto" and not is_whole(self.n_clusters, 1):
            raise SettingError(f"n_clusters is {self.n_clusters!r}; expected a whole number of 1 or more, or 'auto'.")
        return preset_settings(self.preset, kind, self.settings_given()).resolve(self._given_number())

    def _given_number(self) -> int | None:
        return None if self.n_clusters == "auto" else int(self.n_clusters)

    def _rows(self, array: Array, weights: NDArray[np.float64] | None = None) -> Rows:
        return Rows(array, self.preprocessing_, self._device(), weights)

    def _label_rows(self) -> None:
        """What is said of the rows of the fit, from the components that they belong to; nothing in an opened model."""
        self.n_clusters_ = self.model_.grouping.clusters
        logits = getattr(self, "_component_logits", None)
        if logits is None:
            self.__dict__.pop("cluster_sizes_", None)
            return
        assigned = inference.clusters(self.model_, logits)
        self.confidence_ = assigned.max(1)
        doubt = self._outlier_scores, self.min_confidence, self.outlier_fraction
        self.labels_ = doubted(assigned.argmax(1), self.confidence_, *doubt)
        self.cluster_sizes_ = np.bincount(self.labels_[self.labels_ >= 0], minlength=self.n_clusters_)

    def _device(self) -> torch.device:
        return choose_device(self.device)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.model_.encoder.mean.out_features
