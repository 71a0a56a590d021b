"""What a user writes, for type checkers: `make release-check` runs mypy and pyright on it against the wheel."""

from typing import Any, Literal, assert_type

import numpy as np
from narwhals.typing import IntoDataFrame
from numpy.typing import NDArray

from vaecluster import Layout, Reliability, TwoViews, VaDE, VAEClustering, compare, reliability, write_report
from vaecluster.errors import DataError, VaeclusterError
from vaecluster.views import GaussianNoise, Neighbours


def use() -> None:
    """It is checked, not called."""
    X: NDArray[np.float64] = np.random.default_rng(0).normal(size=(300, 4))
    model = VAEClustering(3, method=TwoViews(views=[Neighbours(5), GaussianNoise(0.1)], epochs=5), random_state=0)
    assert_type(model.fit(X), VAEClustering)
    assert_type(model.fit_predict(X), NDArray[np.intp])
    assert_type(model.labels_, NDArray[np.intp])
    assert_type(model.n_clusters_, int)
    assert_type(model.confidence_, NDArray[np.float64])
    assert_type(model.cluster_sizes_, NDArray[np.intp])
    assert_type(model.predict(X, min_confidence=0.9), NDArray[np.intp])
    assert_type(model.predict_proba(X), NDArray[np.float64])
    assert_type(model.assign(X), tuple[NDArray[np.intp], NDArray[np.float64]])
    assert_type(model.transform(X), NDArray[np.floating[Any]])
    assert_type(model.impute(X), NDArray[Any])
    assert_type(model.impute(["a text", "another"]), list[str])
    for rows in (model.sample(5, cluster=1), model.inverse_transform(model.transform(X))):
        # As the rows of the fit: an array here.
        assert isinstance(rows, np.ndarray)
        assert_type(rows, NDArray[Any])
    assert_type(model.score(X), float)
    assert_type(model.score_samples(X), NDArray[np.float64])
    assert_type(model.outlier_score(X), NDArray[np.float64])
    assert_type(model.cut(2), VAEClustering)
    assert_type(model.typical_rows(X), list[NDArray[np.intp]])
    assert_type([one.words for one in model.profile(X)[0]], list[str])
    if model.evidence_ is not None:
        assert_type(model.evidence_.strength, Literal["clear", "weak", "none"])
    assert_type(VAEClustering.load("model.vaecluster"), VAEClustering)
    assert_type(model.stability(X, n_runs=2).mean_ari, float)
    assert_type(Layout.learned(model.transform(X))(model.transform(X)), NDArray[np.float32])
    assert_type(reliability(model.predict_proba(X), model.labels_), Reliability)
    assert_type(compare(X, ["two-views", VaDE(epochs=5)], n_clusters=3).labels["vade"], NDArray[np.intp])
    write_report(model, X, "report.html")
    model.report(X, "report.html", stability=model.stability(X, n_runs=2))
    try:
        model.fit(X[0])
    except DataError as error:
        assert_type(error, DataError)
        raise VaeclusterError(str(error)) from None


def use_a_frame(frame: IntoDataFrame) -> None:
    """The same of frames of any library."""
    assert_type(VAEClustering(3).fit(frame).impute(frame), IntoDataFrame)
