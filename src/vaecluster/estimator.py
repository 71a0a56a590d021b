"""`VAEClustering`: the methods as a scikit-learn estimator, a thin view over what a fit leaves."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, overload

import narwhals.stable.v2 as nw
import numpy as np
import torch
from narwhals.stable.v2.typing import IntoDataFrameT
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from vaecluster import ranks, settings
from vaecluster.attributes import FittedAttributes
from vaecluster.clusters.agreement import Stability
from vaecluster.clusters.matching import alike
from vaecluster.clusters.number import most_of
from vaecluster.clusters.scores import Label
from vaecluster.data import checks
from vaecluster.data.anndata import Annotations, is_cells
from vaecluster.data.blocks import Words
from vaecluster.data.draws import Draws
from vaecluster.data.frames import is_frame
from vaecluster.data.given import Given, given_codes, given_rows, opened, outlined, room_of
from vaecluster.data.known import check_relabelling, check_weights, known_labels
from vaecluster.data.raw import Array
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Restored, Schema
from vaecluster.data.stored import StoredTable, block_rows, in_turn
from vaecluster.data.texts import text_column
from vaecluster.data.words import as_texts
from vaecluster.errors import DataError, SettingError
from vaecluster.files.paths import as_path
from vaecluster.fitting import Learned, Learner
from vaecluster.inference import answers
from vaecluster.inference.advice import Advice, cut_warnings
from vaecluster.inference.answers import Assigned
from vaecluster.inference.bayes import by_bayes
from vaecluster.inference.dense import DenseGroup, dense_groups
from vaecluster.inference.doubt import check_doubt
from vaecluster.inference.imputing import Imputed, filled, imputed
from vaecluster.inference.markers import Marker, marker_genes
from vaecluster.inference.profile import Difference, profile
from vaecluster.inference.typical import typical_rows
from vaecluster.inference.words import Word, words
from vaecluster.methods import Fitted, Method, as_method
from vaecluster.methods.fitted_file import read_fitted, write_fitted, wrong_as_damage
from vaecluster.methods.inspection import Inspection
from vaecluster.model.grouping import Grouping
from vaecluster.parameters import NUMBER, check_parameters, plain_parameters, session_of
from vaecluster.settings import is_whole
from vaecluster.stability import stability
from vaecluster.training.device import choose_device, isolated
from vaecluster.training.listeners.progress import telling
from vaecluster.training.session import draw_seed, random_of

Answer = TypeVar("Answer")
Random = int | np.random.RandomState | None
# What probabilities of clusters may come from, by name.
PROBABILITIES: dict[str, Callable[[Fitted, Rows], NDArray[np.float64]]] = {
    "confidence": lambda fitted, rows: answers.assignments(fitted.model, rows, fitted.confidence),
    "posterior": lambda fitted, rows: answers.assignments(fitted.model, rows),
    "bayes": lambda fitted, rows: by_bayes(fitted.model, rows),
}


class VAEClustering(FittedAttributes, ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Clusters, codes and a generator per cluster from unlabelled rows, learned in one fit.

    A variational autoencoder whose latent variable is (z, y), z a continuous code and y the cluster. The equations are
    in `docs/model.md`.

    Parameters
    ----------
    n_clusters : int, "auto" or (int, int)
        Number of clusters. ``"auto"`` finds it, if the method can, and a range such as ``(2, 10)`` finds it within
        these bounds; `evidence_` shows what speaks for it, and `cut` gives other numbers without a new fit.
    method : str or Method
        How clusters are learned: ``"two-views"``, ``"su2018"``, ``"vade"``, ``"dgg"``, ``"dec"``, ``"idec"``,
        ``"stepwise"``, or one with settings of your own, such as ``TwoViews(heads=7)``. Its settings are parameters
        too: ``method__heads`` in a grid search.
    rows : str
        What rows are: ``"images"``, ``"windows"`` of time, (n, times) or (n, times, features), ``"counts"`` of
        genes in cells, ``"vectors"`` of anything else, or ``"auto"``, which takes arrays of three axes for images, and
        whole numbers for counts where they surely are.
    columns : dict, optional
        What columns of a frame are, where their values do not say it: kinds by names, such as
        ``{"zip": "category", "note": "leave-out"}``. Kinds are number, amount, count, category,
        ordinal, boolean and date; not learned from are identifier, leave-out, and text where there is anything else.
    batch : str, optional
        A column of `obs` that says which batch a cell is of, such as the donor or the day. Decoder and encoder are
        told it, so that clusters do not follow batches. For cells alone.
    min_confidence, outlier_fraction : float
        Rows whose confidence is below `min_confidence` get the cluster -1, and so does this fraction of the least
        likely rows. For the second, a fit holds out rows to compare with: 10 / fraction of them, at most 2,000 or a
        fifth, and never fewer than 1 / fraction.
    warm_start : bool
        Let `fit` go on from the model that was fitted before, with its clusters as they are.
    checkpoint_dir : path, optional
        A folder that holds the state of the fit. An interrupted fit goes on from there when `fit` is called again with
        the same rows and parameters, and ends as if it had not been interrupted, to the bit on a CPU.
    checkpoint_every : float
        Seconds between two states kept there; 0 keeps every step.
    log_dir : path, optional
        A folder for a record of every epoch, as JSON lines, and for TensorBoard if it is installed.
    memory : str or int, optional
        How much memory the rows and what is computed of them may take, such as ``"2GB"``. Tables in files that are
        larger are kept row by row in a temporary file, in `checkpoint_dir` or where Python's `tempfile` puts one; what
        columns are, and their scales, are then seen in a sample of the rows. Without it, whole tables are in memory.
    device : str
        A torch device, or ``"auto"`` for a GPU if there is one.
    random_state : int, RandomState or None
        Decides everything that is random. The random states of numpy and torch are neither read nor changed.
    verbose : int
        0 is silent; 1 shows progress on standard error.

    Attributes
    ----------
    fitted_ : Fitted
        What the fit left, as one record; the attributes below are parts of it.
    n_clusters_ : int
        Number of clusters; 1 if ``"auto"`` saw none.
    labels_ : ndarray (n_samples,)
        Cluster of each row of the fit; equal to ``predict(X)``.
    confidence_ : ndarray (n_samples,)
        How likely that cluster is the right one, the largest entry of `predict_proba`.
    row_names_ : ndarray (n_samples,) or None
        Names of the rows of the fit: paths of pictures, names of cells, or a column of identifiers.
    assigned_ : Assigned
        All of these as one record, and the second likeliest cluster of each row.
    cluster_names_ : dict
        Names of clusters: those of known labels in `fit`, and those given by `name_clusters`.
    cluster_sizes_ : ndarray (clusters,)
        Rows of the fit in each cluster.
    model_ : ClusteringVAE
        The parts.
    calibration_ : Calibration
        What `outlier_score` compares new rows with.
    history_ : History
        Every term of every epoch.
    hierarchy_ : Hierarchy or None
        The tree over the components, through the clusters, if the method has one; `cut` cuts it elsewhere.
    evidence_ : Evidence or None
        What speaks for each number of clusters, if the method weighs them.
    method_ : Method
        The method with every setting filled in.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    DataError
        By every method that takes rows: for rows that cannot be used, or that are laid out otherwise than in the fit.
    SettingError
        By `fit`, and by methods with arguments of their own: for a value that is not allowed, or that this model
        cannot serve.
    FileError
        By `save`, `load` and a fit with `checkpoint_dir` or `log_dir`: for a place that cannot be used.
    TrainingError
        By `fit`: if the loss stays infinite or undefined whatever the learning rate.
    sklearn.exceptions.NotFittedError
        By every method that answers, before a fit.
    AttributeError
        By what is said of the rows of a fit, such as `labels_`, if the model is from a file or was cut without rows.

    References
    ----------
    Su Jianlin (2018), "Variational autoencoders (4): a one-step clustering scheme", kexue.fm/archives/5887.

    Examples
    --------
    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import TwoViews, VAEClustering
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=TwoViews(epochs=30, heads=2), random_state=0).fit(X)
    >>> model.predict(X[:7]).shape, model.transform(X).shape, model.sample(4, cluster=1).shape
    ((7,), (60, 8), (4, 5))

    Each method has an example of its own. Most of them fit by VaDE, since that takes a moment.
    """

    def __init__(
        self,
        n_clusters: int | Literal["auto"] | tuple[int, int] = "auto",
        *,
        method: str | Method = "two-views",
        rows: str = "auto",
        columns: Mapping[str, str] | None = None,
        batch: str | None = None,
        min_confidence: float = 0.0,
        outlier_fraction: float = 0.0,
        warm_start: bool = False,
        checkpoint_dir: str | Path | None = None,
        checkpoint_every: float = 30.0,
        log_dir: str | Path | None = None,
        memory: str | int | None = None,
        device: str = "auto",
        random_state: Random = None,
        verbose: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.method = method
        self.rows = rows
        self.columns = columns
        self.batch = batch
        self.min_confidence = min_confidence
        self.outlier_fraction = outlier_fraction
        self.warm_start = warm_start
        self.checkpoint_dir = checkpoint_dir
        self.checkpoint_every = checkpoint_every
        self.log_dir = log_dir
        self.memory = memory
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; with `deep` also those of the method, as ``method__heads``.

        >>> from vaecluster import VAEClustering
        >>> VAEClustering(3, method="vade").get_params()["method__epochs"]
        35
        """
        own: dict[str, Any] = super().get_params(deep=False)
        if not deep:
            return own
        try:
            method = as_method(self.method)
        except SettingError:
            # Wrong values are refused by `fit`.
            return own
        return own | {f"method__{name}": getattr(method, name) for name in settings.declared(type(method))}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; ``method__heads=7`` sets one of the method, of which a new one is made.

        Raises `SettingError` for a setting that the method does not have or take, and `ValueError` for another name.

        >>> from vaecluster import VAEClustering
        >>> VAEClustering(3).set_params(method__heads=7).method.heads
        7
        """
        nested = {name: value for name, value in params.items() if name.startswith("method__")}
        flat = {name: value for name, value in params.items() if name not in nested}
        if nested:
            method = as_method(flat.get("method", self.method))
            values = {name.removeprefix("method__"): value for name, value in nested.items()}
            # Made before anything is set: what it refuses leaves the estimator as it was.
            flat["method"] = settings.changed(method, values)
        super().set_params(**flat)
        return self

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from the rows of `X`.

        They are vectors (n, columns), dense or sparse; images (n, H, W) or (n, H, W, C); windows of time (n, times) or
        (n, times, features); a frame of n rows; an AnnData object; texts (n,); a data set of torch or of Hugging Face;
        or the path of a file or of a folder of pictures. Frames of pandas, polars and pyarrow may hold categories,
        dates and missing values beside numbers. Columns that say nothing about kinds of rows, such as identifiers, are
        left out with an `IgnoredColumnsWarning`.

        `y` (n,), known labels of some rows and -1 for the others, takes no part in learning. Afterwards clusters are
        named by it and numbered in the order of the names. Where no label is unknown `y` is ignored, as by
        scikit-learn's clusterers. `sample_weight` (n,) says how much each row counts.

        Ctrl-C ends the fit after the step under way, keeps what was learned and warns. Raises `DataError` or
        `SettingError` (both are ValueErrors) before anything is learned, `FileError` if a folder cannot be written
        to, and `TrainingError` if the loss diverges. What it raises leaves the estimator as it was.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> model.labels_.shape, model.cluster_sizes_.tolist()
        ((60,), [20, 20, 20])
        """
        with isolated():
            learned = self._fit(X, y, sample_weight)
            self._take(learned.fitted, learned.assigned)
        self._warn(learned.advice)
        return self

    def inspect(self, X: Any) -> Inspection:
        """What `fit` sees in the rows and would do with them, and about how long it takes; nothing is learned.

        `X` is as for `fit`. Pictures in files are counted and measured, not decoded. Raises as `fit` does before it
        learns anything.

        >>> import numpy as np
        >>> from vaecluster import VAEClustering
        >>> X = np.random.default_rng(0).normal(size=(200, 5))
        >>> found = VAEClustering(3).inspect(X)
        >>> found.rows, found.row, found.views, found.epochs
        (200, 'a vector of 5 columns', ('a near neighbour',), 400)
        """
        check_parameters(self)
        clusters = NUMBER.normal(self.n_clusters)
        number = most_of(clusters) or 1
        with isolated():
            given = given_rows(self, outlined(X))
            checks.check_number_of_rows(len(given.source), number)
            return Inspection.of(*self._learner(given).begun(as_method(self.method), clusters), number)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from new rows, one pass over them; clusters keep their numbers. Without a fit this is `fit`.

        With the methods that learn by the bound alone nothing but a small learning rate holds clusters in place.

        `X`, `y` and `sample_weight` are as for `fit`. Give some hundreds of rows or more: neighbours are looked for
        among them. Names of clusters come from `y` as in `fit`, but clusters keep their numbers. `labels_` and
        `history_` are then of these rows; outliers are still found by comparison with the rows of the fit. Raises as
        `fit` does, and `SettingError` if clusters were edited by hand or a parameter asks for another model.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> model.partial_fit(X[:30]).labels_.shape
        (30,)
        """
        if not hasattr(self, "fitted_"):
            return self.fit(X, y, sample_weight)
        with isolated():
            learned = self._learn_more(X, y, sample_weight)
            self._take(learned.fitted, learned.assigned)
        self._warn(learned.advice)
        return self

    def name_clusters(self, names: Mapping[int, Label]) -> Self:
        """Name the given clusters, by their numbers; nothing else changes.

        Raises `SettingError` for a cluster that is not there, and a name that is neither a string nor a whole number.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> model.name_clusters({0: "cats"}).cluster_names_
        {0: 'cats'}
        """
        check_is_fitted(self)
        if not isinstance(names, Mapping):
            raise SettingError(f"names is {names!r}; expected a dict from clusters to names, such as {{0: 'cats'}}.")
        for cluster, name in names.items():
            if not isinstance(name, str | Integral):
                raise SettingError(f"names holds {name!r}; expected a string or a whole number for each cluster.")
            if not is_whole(cluster, 0, self.n_clusters_ - 1):
                raise SettingError(f"names holds the cluster {cluster!r}; expected 0 to {self.n_clusters_ - 1}.")
        given = {int(cluster): name if isinstance(name, str) else int(name) for cluster, name in names.items()}
        self.fitted_ = replace(self.fitted_, names=self.cluster_names_ | given)
        return self

    def cut(self, n_clusters: int, X: Any = None) -> Self:
        """The same model with other clusters, without new training: those of `hierarchy_` cut at that number.

        Fewer clusters are merged ones, much as in a fit told that number; more are split ones. Both are sums of
        components, equation (19): codes, prior and decoder stay. A fit told the number is often better where clusters
        are split: a `SplitClustersWarning` names them. A model keeps nothing of each row but its label, so `labels_`
        is there only if the rows of the fit are given as `X`; `predict` works in any case. Raises `SettingError` if
        the number is not one from 1 to the number of components, or if there is no tree: the method makes none, or
        clusters were edited.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import TwoViews, VAEClustering
        >>> X, _ = make_blobs(60, n_features=5, centers=4, random_state=0)
        >>> model = VAEClustering(4, method=TwoViews(epochs=30, heads=2), random_state=0).fit(X)
        >>> model.cut(2, X).cluster_sizes_.shape, model.cut(4).predict(X).tolist() == model.labels_.tolist()
        ((2,), True)
        """
        check_is_fitted(self)
        tree = self.hierarchy_
        if tree is None:
            if self.fitted_.edited:
                raise SettingError(
                    "The clusters of this model were edited by hand, and its tree does not lead to them. Cut the "
                    "model from before the edits, or fit again with that n_clusters."
                )
            raise SettingError(
                f"The method {self.method_.name!r} makes no tree, so it cannot be cut. Fit again with that n_clusters."
            )
        if not is_whole(n_clusters, 1, tree.components):
            raise SettingError(
                f"n_clusters is {n_clusters!r}; expected a whole number from 1 to {tree.components}, the number of "
                "components."
            )
        number, own = int(n_clusters), self.model_.grouping.cluster_of.numpy(force=True)
        # The clusters that are there keep their numbers, which may be in the order of their names.
        groups = own if number == self.n_clusters_ else tree.cut(number)
        other = self._with_groups(groups, number, X)
        sizes = None if X is None else other.cluster_sizes_
        self._warn([] if number == self.n_clusters_ else list(cut_warnings(own, groups, sizes)))
        return other

    def merge(self, groups: Sequence[int], X: Any = None) -> Self:
        """The same model with clusters merged: `groups` (clusters,) says which new cluster each becomes.

        Nothing is learned: a merged cluster's probability is the sum of those of its parts, equation (19). Names are
        gone, and `labels_` is there only if the rows of the fit are given as `X`, as in `cut`. Raises `SettingError`
        unless the new clusters are 0, 1 and so on.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> sorted(model.merge([0, 1, 1], X).cluster_sizes_.tolist())
        [20, 40]
        """
        check_is_fitted(self)
        new = np.asarray(groups)
        number = len(np.unique(new))
        if new.shape != (self.n_clusters_,) or (np.unique(new) != np.arange(number)).any():
            raise SettingError(
                f"groups is {groups!r:.80}; expected a new cluster for each of {self.n_clusters_}: 0, 1 and so on."
            )
        cluster_of = new.astype(np.intp)[self.model_.grouping.cluster_of.numpy(force=True)]
        tree = self.hierarchy_
        # A tree that does not go through the clusters says nothing of them.
        through = tree is not None and alike(tree.cut(number), cluster_of)
        gone = {} if through else {"hierarchy": None, "evidence": None}
        return self._with_groups(cluster_of, number, X, **gone)

    def relabel(self, X: Any, labels: Any, *, decided: Any = None, n_clusters: int | None = None) -> Self:
        """The same codes with clusters of your own: `labels` (n,), those of the rows of the fit, -1 for none.

        A new cluster posterior learns them, each cluster gets a Gaussian with the moments of its codes, equation (22),
        and confidence and calibration are learned again; encoder and decoder stay. It answers for new rows, and for
        most, but seldom all, of these as `labels` say. Rows that are `decided`, (n,) of bool, weigh more, and
        `labels_` is what they were given. `n_clusters` counts clusters without rows too. Raises `SettingError` for
        other labels.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, y = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5, hidden=(32,)), random_state=0).fit(X)
        >>> bool((model.relabel(X, y).predict(X) == y).mean() > 0.95)
        True
        """
        check_is_fitted(self)
        with isolated():
            given = self._taken(X, self.fitted_.schema)
            own, sure, number = check_relabelling(labels, decided, n_clusters, len(given.source))
            other: Self = copy(self).set_params(n_clusters=number)
            learned = self._learner(given).relabel(self.fitted_, own, sure, number, session_of(self))
            other._take(learned.fitted, learned.assigned)
        return other

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> NDArray[np.intp]:
        """Fit and return `labels_`, (n,); arguments and errors are those of `fit`.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit_predict(X).shape
        (60,)
        """
        labels: NDArray[np.intp] = self.fit(X, y, sample_weight).labels_
        return labels

    def predict_proba(self, X: Any, *, by: str = "confidence") -> NDArray[np.float64]:
        """How likely each row belongs to each cluster: ``(n, n_clusters_)``, rows sum to 1.

        By its confidence, calibrated without labels, equation (33): it counts how far clusters overlap in the rows and
        how far the heads of the fit agree. The largest entry is that of `predict`. Model files of formats up to 5 have
        q(y|x) itself. With ``by="posterior"`` that is q(y|x) as the model has learned it; with ``by="bayes"`` it is
        p(x|y) p(y) / p(x), equation (48), from the generative side alone, and the largest entry may be another's.
        Raises `SettingError` for another `by`.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> bool((model.predict_proba(X, by="bayes").argmax(1) == model.labels_).mean() > 0.95)
        True
        """
        check_is_fitted(self)
        if by not in PROBABILITIES:
            raise SettingError(f"by is {by!r}; expected one of {', '.join(map(repr, PROBABILITIES))}.")
        return self._in_blocks(X, lambda rows: PROBABILITIES[by](self.fitted_, rows))

    def predict(
        self, X: Any, *, min_confidence: float | None = None, outlier_fraction: float | None = None
    ) -> NDArray[np.intp]:
        """The likeliest cluster of each row, whatever rows come with it, or -1: (n,).

        Rows whose probability is below `min_confidence` get -1, and so does the `outlier_fraction` of the least likely
        rows, by equation (26). Defaults: those of the estimator. Raises `SettingError` for other than numbers from 0
        to below 1.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> model.predict(X[:7]).tolist() == model.labels_[:7].tolist()
        True
        """
        return self.assign(X, min_confidence=min_confidence, outlier_fraction=outlier_fraction)[0]

    def assign(
        self, X: Any, *, min_confidence: float | None = None, outlier_fraction: float | None = None
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """What `predict` gives, and the probability of each row's likeliest cluster, in one pass: (n,) each.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> labels, confidence = model.assign(X)
        >>> bool((labels == model.labels_).all()), bool((confidence == model.predict_proba(X).max(1)).all())
        (True, True)
        """
        found = self.assigned(X, min_confidence=min_confidence, outlier_fraction=outlier_fraction)
        return found.labels, found.confidence

    def assigned(
        self,
        X: Any,
        *,
        min_confidence: float | None = None,
        outlier_fraction: float | None = None,
        outlier_scores: bool = False,
    ) -> Assigned:
        """What `assign` gives as a record, with the second likeliest cluster, and names of rows if they have some.

        With `outlier_scores`, and where a fraction of outliers is asked for, also what `outlier_score` gives.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> found = model.assigned(X, outlier_scores=True)
        >>> found.second.shape, found.outlier_score.shape
        ((60,), (60,))
        """
        check_is_fitted(self)
        sure = self.min_confidence if min_confidence is None else min_confidence
        fraction = self.outlier_fraction if outlier_fraction is None else outlier_fraction
        check_doubt(sure, fraction)
        return Assigned.joined(
            self._blocks(
                X,
                lambda given: self.fitted_.assigned(self._rows(given), sure, fraction, outlier_scores=outlier_scores),
            )
        )

    def annotations(self, X: Any, **doubt: Any) -> Annotations:
        """What `assign` and `transform` say of n cells, as `annotate` writes it; `doubt` is as in `assign`.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> found = model.annotations(X)
        >>> found.labels.shape, found.codes.shape, found.record
        ((60,), (60, 10), {'method': 'vade', 'n_clusters': 3})
        """
        method, clusters, names = self.method_.name, self.n_clusters_, self.cluster_names_
        of_rows = (*self.assign(X, **doubt), self.transform(X))
        return Annotations.of(*of_rows, method=method, clusters=clusters, names=names)

    def annotate(self, cells: Any) -> Any:
        """Write clusters, confidence and codes into an AnnData object, where scanpy looks for them; returns it.

        ``obs["vaecluster"]`` (n,) holds the cluster as a category, none for -1, ``obs["vaecluster_confidence"]`` (n,)
        its probability, ``obsm["X_vaecluster"]`` (n, latent) the code, and ``uns["vaecluster"]`` what the model is.
        Raises `DataError` for what is no AnnData object. The tutorial on single cells is an example.
        """
        if not is_cells(cells):
            raise DataError(
                f"cells is {checks.shown(cells)}; expected an AnnData object. Use `assign` for other rows."
            )
        self.annotations(cells).write(cells)
        return cells

    def marker_genes(self, cells: Any, n_genes: int = 10) -> list[list[Marker]]:
        """The genes that cells of each cluster have more of than all others, by Welch's t of their logarithms.

        A list for each cluster, of a record for each of at most `n_genes`, the largest t first. Clusters are those
        that the model puts the cells into. Raises `SettingError` if the fit was not on counts of genes.

        >>> import numpy as np
        >>> from vaecluster import VAEClustering, VaDE
        >>> counts = np.random.default_rng(0).poisson(1.0, (60, 20))
        >>> counts[:30, 3] += 20
        >>> model = VAEClustering(2, method=VaDE(epochs=5), rows="counts", random_state=0).fit(counts)
        >>> "3" in [found[0].gene for found in model.marker_genes(counts, n_genes=1) if found]
        True
        """
        given, assigned = self._labelled(cells)
        found = marker_genes(given, self.fitted_.schema, assigned.labels, self.n_clusters_, n_genes)
        if found is None:
            raise SettingError("marker_genes needs a model of counts of genes. Fit on an AnnData object.")
        return found

    def outlier_score(self, X: Any) -> NDArray[np.float64]:
        """How unlikely each row is, from 0 to 1: the share of comparable rows with a higher bound (1): (n,).

        That is equation (26). If the estimator's `outlier_fraction` is above 0, comparable rows are those that the fit
        held out, and of new rows like those at most the share 1 - s scores s or more (Vovk, Gammerman and Shafer
        2005). Otherwise they are rows that the fit has learned from, and more of the new ones do. `score_samples` is
        the bound itself. Raises `SettingError` for a model file of an older format, which has nothing to compare with.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> bool((model.outlier_score(X + 100) > 0.95).all())
        True
        """
        return self._in_blocks(X, lambda rows: self.fitted_.outlier_score(rows))

    def dense_groups(self, X: Any) -> list[DenseGroup]:
        """Groups of 20 rows or more that lie together inside a cluster, apart from the rest of it; largest first.

        A group holds a tenth of its cluster at most, and between it and the rest rows are less than a third as dense
        as inside, equation (24). What is too rare to have a cluster of its own is often found so. No label takes part;
        nothing is changed.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs([400, 400, 25], n_features=5, centers=None, random_state=0)
        >>> model = VAEClustering(2, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> [len(group.rows) for group in model.dense_groups(X)]
        [25]
        """
        with isolated():
            rows = self._given(X)
            return dense_groups(rows, self.fitted_.assigned(rows).labels)

    def transform(self, X: Any) -> NDArray[np.floating[Any]]:
        """The code of each row, the mean of q(z|x): (n, latent), float64 for float64 rows and float32 otherwise.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> model.transform(X).shape
        (60, 10)
        """

        def codes(given: Given) -> NDArray[np.floating[Any]]:
            found = answers.codes(self.model_, self._rows(given))
            return found.astype(np.float64 if given.doubles else np.float32)

        return np.concatenate(list(self._blocks(X, codes)))

    def inverse_transform(self, codes: Any) -> Restored:
        """The row that each code (n, latent) stands for, the mean of p(x|z), in the units and type of the fit.

        That is the last step of (12), an array (n, ...) or a frame of pandas, polars or pyarrow. Raises `DataError`
        for other codes.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> model.inverse_transform(model.transform(X)).shape
        (60, 5)
        """
        check_is_fitted(self)
        with isolated():
            tensor = torch.from_numpy(given_codes(codes, self.model_.encoder.latent))
            return self.fitted_.schema.restore(answers.decode(self.model_, tensor.to(self._device())))

    def sample(self, n_samples: int = 1, *, cluster: int | None = None, random_state: Random = None) -> Restored:
        """New rows in the units and type of the fit: codes from the prior, decoded to the mean of p(x|z).

        That is equation (12), an array (n_samples, ...) or a frame of pandas, polars or pyarrow. With `cluster`, all
        come from p(z|y) of that one; without, y is drawn from p(y) first. A row for which the likeliest cluster is
        another is drawn again from its own, ten times at most in all, and the last draw is kept: equation (34).
        `random_state` defaults to the estimator's, so the same call gives the same rows. Raises `SettingError` for a
        cluster that is not there, and a number below 1.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> new = model.sample(4, cluster=1)
        >>> new.shape, model.predict(new).tolist()
        ((4, 5), [1, 1, 1, 1])
        """
        check_is_fitted(self)
        if not is_whole(n_samples, 1):
            raise SettingError(f"n_samples is {n_samples!r}; expected a whole number of 1 or more.")
        if cluster is not None and not is_whole(cluster, 0, self.n_clusters_ - 1):
            raise SettingError(
                f"cluster is {cluster!r}; expected one of 0 to {self.n_clusters_ - 1}, or None for all."
            )
        state = random_of(self.random_state if random_state is None else random_state)
        with isolated():
            generator = Draws(draw_seed(state)).at("sample", device=self._device())
            schema = self.fitted_.schema
            return schema.restore(answers.draw_rows(self.model_, schema, int(n_samples), cluster, generator))

    @overload
    def impute(self, X: IntoDataFrameT) -> IntoDataFrameT: ...
    @overload
    def impute(self, X: Array) -> Array: ...
    @overload
    def impute(self, X: list[str]) -> list[str]: ...
    @overload
    def impute(self, X: Any) -> Any: ...
    def impute(self, X: Any) -> Any:
        """The rows with every missing value replaced by what the model expects there; a frame like the one given.

        That is the mean of p(x|z) at the row's code, moved by how far off it is in values that are there, equation
        (28c), or the most likely category. Values that are there stay. `imputed` also says how sure that is. Raises
        `DataError` for a missing number if no number was missing in the fit.

        >>> import pandas as pd
        >>> from vaecluster import VAEClustering, VaDE
        >>> frame = pd.DataFrame({"age": [30.0, 31, None, 69, 70, 71] * 10, "size": [1.0, 2, 1, 8, 9, 8] * 10})
        >>> model = VAEClustering(2, method=VaDE(epochs=5), random_state=0).fit(frame)
        >>> int(model.impute(frame)["age"].isna().sum())
        0
        """
        check_is_fitted(self)
        with isolated():
            return _like(X, filled(self.model_, self._given(X), self.fitted_.errors), self.fitted_.schema)

    def imputed(self, X: Any) -> Imputed:
        """What `impute` gives, and how sure each filled in value is: equation (28b).

        Of a number that is its standard deviation, in the units of its column: about 95 of 100 true values lie within
        two of them. Of a category it is the probability that it is the one. `errors` in `fitted_` say how far off
        values of the fit were that were hidden from the model; models of older files do not know it, and their
        deviations are too small where the likelihood has a fixed precision.

        >>> import pandas as pd
        >>> from vaecluster import TwoViews, VAEClustering
        >>> ages, jobs = [30.0, 31, None, 69, 70, 71] * 10, ["cook", None, "cook", "none", "none", "none"] * 10
        >>> frame = pd.DataFrame({"age": ages, "job": jobs})
        >>> found = VAEClustering(2, method=TwoViews(epochs=30, heads=2), random_state=0).fit(frame).imputed(frame)
        >>> found.deviation["age"][:2].tolist(), bool(found.deviation["age"][2] > 0)
        ([0.0, 0.0], True)
        >>> found.rows["job"][1], bool(found.probability["job"][1] > 0.5)
        ('cook', True)
        """
        check_is_fitted(self)
        with isolated():
            found = imputed(self.model_, self._given(X), self.fitted_.errors)
            return replace(found, rows=_like(X, found.rows, self.fitted_.schema))

    def profile(self, X: Any) -> list[list[Difference]]:
        """What sets each cluster apart in these rows: the columns in which it differs most from all of them.

        A list for each cluster, of a record for each of at most five columns, the largest difference first: means of
        numbers and shares of categories, inside and overall, their difference in standard deviations, and `words`
        such as "income: 73,100 against 41,000 in all rows". Raises `DataError` for images, and for counts
        of genes, which `marker_genes` compares.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> [some[0].words.partition(":")[0] == some[0].column for some in model.profile(X)]
        [True, True, True]
        """
        given, found = self._labelled(X)
        return profile(given, found.labels, self.n_clusters_)

    def words(self, X: Any, texts: Sequence[str] | None = None, n_words: int = 10) -> list[list[Word]]:
        """What texts of each cluster are about: its words, by class-based TF-IDF (Grootendorst 2022, "BERTopic").

        A list for each cluster, of a record for each of at most `n_words`, the largest weight first. `texts` (n,)
        holds a text for each row, such as those that embeddings stand for; where rows are texts it is not needed. Stop
        words are left out where texts are English. Raises `DataError` for other than n strings, and `SettingError` if
        there are no texts.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, kinds = make_blobs(60, n_features=5, centers=2, random_state=0)
        >>> model = VAEClustering(2, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> found = model.words(X, ["rain and wind" if kind else "bread and butter" for kind in kinds])
        >>> sorted(sorted(one.word for one in some) for some in found)
        [['bread', 'butter'], ['rain', 'wind']]
        """
        given, found = self._labelled(X)
        texts = given.texts if texts is None else texts
        if texts is None:
            raise SettingError("texts is missing, and the rows are no texts. Give a text for each row.")
        return words(as_texts(texts, len(given.source)), found.labels, self.n_clusters_, n_words)

    def typical_rows(self, X: Any, n_rows: int = 5) -> list[NDArray[np.intp]]:
        """The numbers of the most typical rows of each cluster, at most `n_rows` each, the first the most typical.

        Of the surer half of a cluster's rows, those whose codes are nearest to the mean of its codes.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> [len(numbers) for numbers in model.typical_rows(X, n_rows=2)]
        [2, 2, 2]
        """
        given, found = self._labelled(X)
        with isolated():
            codes = answers.codes(self.model_, self._rows(given))
        return typical_rows(codes, found.labels, self.n_clusters_, n_rows, found.confidence)

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """The bound on log p(x) of each row as the model sees it (scaled), equation (11), in nats: (n,).

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> bool(model.score_samples(X).mean() > model.score_samples(X + 100).mean())
        True
        """
        return self._in_blocks(X, lambda rows: answers.bounds(self.model_, rows))

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`, in nats per row; `y` is ignored. It is no guide to the number of clusters.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> model.score(X) == float(model.score_samples(X).mean())
        True
        """
        return float(self.score_samples(X).mean())

    def stability(self, X: Any, n_runs: int = 5, *, n_jobs: int = 1) -> Stability:
        """Fit copies of this estimator to `X` that differ in their seed only, and compare their clusters.

        An integer s as `random_state` stands for the seeds s, s + 1, s + 2 and so on, so the first run is the fit that
        this estimator itself would make. `n_jobs` runs are made at the same time, each in a process of its own; -1
        takes as many as there are processor cores. This estimator is not fitted, and not changed if it is. Raises
        `SettingError` for fewer than two runs, and what `fit` raises.

        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> found = VAEClustering(3, method=VaDE(epochs=5), random_state=0).stability(X, n_runs=2)
        >>> found.ari.shape, found.jaccard.shape
        ((2, 2), (1, 3))
        """
        return stability(self, X, n_runs, n_jobs=n_jobs)

    def report(
        self,
        X: Any,
        path: str | Path = "report.html",
        *,
        title: str = "rows",
        names: bool = True,
        stability: Stability | None = None,
    ) -> None:
        """Write a page on this fit and its rows `X`: `vaecluster.write_report`, which says more.

        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> with TemporaryDirectory() as folder:
        ...     model.report(X, Path(folder) / "report.html", title="blobs")
        ...     (Path(folder) / "report.html").stat().st_size < 15_000_000
        True
        """
        # The report stands on the estimator, which is no part of it but the door that people look for.
        from vaecluster.report.from_python import write_report

        write_report(self, X, path, title=title, names=names, stability=stability)

    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file: weights as safetensors, JSON for the rest, no rows of the fit.

        Raises `FileError` if it cannot be written.

        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from sklearn.datasets import make_blobs
        >>> from vaecluster import VAEClustering, VaDE
        >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
        >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder) / "blobs.vaecluster"
        ...     model.save(file)
        ...     VAEClustering.load(file).predict(X).tolist() == model.labels_.tolist()
        True
        """
        check_is_fitted(self)
        write_fitted(as_path("path", path), self.fitted_, plain_parameters(self))

    @classmethod
    def load(cls, path: str | Path, *, device: str = "auto") -> Self:
        """Open a file that `save` wrote, or the one in a run folder.

        `labels_` is not in it; `predict` gives the same labels again. Raises `FileError` if it is no such file, or
        damaged, or from a newer version. The example of `save` opens one.
        """
        place = as_path("path", path)
        with isolated():
            fitted, parameters = read_fitted(place, choose_device(device))
        with wrong_as_damage(place):
            parameters["n_clusters"] = NUMBER.restored(parameters["n_clusters"])
            estimator = cls(**parameters, method=fitted.method, device=device)
            check_doubt(estimator.min_confidence, estimator.outlier_fraction)
            random_of(estimator.random_state)
            if estimator.outlier_fraction and fitted.calibration is None:
                raise ValueError("it has an outlier_fraction, but no calibration to tell outliers by")
        estimator._set(fitted)
        return estimator

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> Learned:
        """`fit`, without a change of the estimator."""
        earlier = self.fitted_ if self.warm_start and hasattr(self, "fitted_") else None
        given = self._taken(X, None if earlier is None else earlier.schema)
        learner, number = self._learner(given, y, sample_weight), len(given.source)
        check_parameters(self)
        method = as_method(self.method)
        clusters = NUMBER.normal(self.n_clusters)
        if given.array is not None:
            checks.check_enough(given.array, most_of(clusters) or 1)
        else:
            checks.check_number_of_rows(number, most_of(clusters) or 1)
        if earlier is None:
            return learner.fit(method, clusters, session_of(self))
        method = method.completed(earlier.schema, number, clusters or earlier.clusters)
        earlier.check_goes_on(method, clusters)
        return learner.go_on(earlier, method, session_of(self), seen=0)

    def _with_groups(self, cluster_of: NDArray[np.intp], number: int, X: Any, **other_parts: Any) -> Self:
        """The same model with other clusters of its components (components,), and labels if rows are given."""
        other: Self = copy(self).set_params(n_clusters=number)
        if not np.array_equal(cluster_of, self.model_.grouping.cluster_of.numpy(force=True)):
            grouping = Grouping(torch.from_numpy(cluster_of), number).to(self._device())
            model = self.model_.regrouped(grouping)
            gone: dict[str, Any] = {"names": {}, "sizes": None, "profile": None}
            other.fitted_ = replace(self.fitted_, model=model, **gone, **other_parts)
            if hasattr(other, "assigned_"):
                del other.assigned_
        if X is not None:
            with isolated():
                other._take(*other._learner(other._taken(X, other.fitted_.schema)).labelled(other.fitted_))
        return other

    def _learn_more(self, X: Any, y: Any, sample_weight: Any) -> Learned:
        """`partial_fit` of a fitted model, without a change of the estimator."""
        check_parameters(self)
        fitted = self.fitted_
        given = self._taken(X, fitted.schema)
        learner, number = self._learner(given, y, sample_weight), len(given.source)
        # The estimator's method may hold what a file cannot, such as a function among the views.
        method = as_method(self.method).completed(fitted.schema, number, fitted.completed_for)
        fitted.check_goes_on(method, None)
        # A file of an older format does not say how many there were.
        seen = number if fitted.data is None else fitted.data["rows"]
        return learner.go_on(fitted, method, session_of(self), seen)

    def _learner(self, given: Given, y: Any = None, sample_weight: Any = None) -> Learner:
        """The rows with what is known of them, and what the parameters say of them."""
        number, doubt = len(given.source), (self.min_confidence, self.outlier_fraction)
        learned = y is not None and as_method(self.method).learns_labels
        weights, known = check_weights(sample_weight, number), known_labels(y, number, all_may_be=learned)
        return Learner(given, self.device, room_of(self), weights, known, *doubt, self.verbose if ranks.first() else 0)

    def _given(self, X: Any) -> Rows:
        check_is_fitted(self)
        return self._rows(self._taken(X, self.fitted_.schema))

    def _blocks(self, X: Any, answer: Callable[[Given], Answer]) -> Iterator[Answer]:
        """What is answered for rows in their order, for those in a file a block after the other."""
        check_is_fitted(self)
        schema = self.fitted_.schema
        X = opened(X, schema)
        with isolated():
            if isinstance(X, StoredTable):
                blocks = (block for block, _ in X.blocks(block_rows(schema.row_shape, room_of(self))))
                yield from in_turn(blocks, lambda block: answer(given_rows(self, block, schema)))
            else:
                yield answer(given_rows(self, X, schema))

    def _in_blocks(self, X: Any, answer: Callable[[Rows], NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.concatenate(list(self._blocks(X, lambda given: answer(self._rows(given)))))

    def _labelled(self, X: Any) -> tuple[Given, Assigned]:
        """Rows as they were given, and where each belongs as `predict` gives it."""
        check_is_fitted(self)
        with isolated():
            given = self._taken(X, self.fitted_.schema)
            return given, self.fitted_.assigned(self._rows(given), self.min_confidence, self.outlier_fraction)

    def _taken(self, X: Any, schema: Schema | None) -> Given:
        """Rows of a fit, or to be looked at as a whole."""
        return given_rows(self, X, schema, telling(self.verbose))

    def _rows(self, given: Given) -> Rows:
        return self._learner(given).rows(self.fitted_.schema)

    def _device(self) -> torch.device:
        return choose_device(self.device)

    def _warn(self, advice: Sequence[Advice]) -> None:
        """Warn who called a public method. It comes last: if warnings are errors, the model is there all the same."""
        for message, category in advice:
            warnings.warn(message, category, stacklevel=3)

    def _repr_html_inner(self) -> str:
        """What a notebook shows: once fitted, the clusters; before, scikit-learn's box."""
        if not hasattr(self, "fitted_"):
            html: str = super()._repr_html_inner()
            return html
        # It loads matplotlib.
        from vaecluster.look.box import box

        return box(self.fitted_, repr(self), lambda number, of: self.sample(number, cluster=of, random_state=0))

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The same for notebooks that ask so, unless scikit-learn is told to show text."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        return bundle | {"text/html": self._repr_html_inner()} if "text/html" in bundle else bundle

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _like(X: Any, rows: Any, schema: Schema) -> Any:
    """The rows as a frame again, if X is one of complete numbers, which counted as an array, or of texts."""
    if not is_frame(X) or is_frame(rows):
        return rows
    frame, block = nw.from_native(X, eager_only=True).clone(), schema.blocks[0]
    if isinstance(block, Words):
        # A missing text counts as an empty one.
        frame = frame.with_columns(frame.get_column(text_column(X, block.column)).fill_null(""))
    return frame.to_native()
