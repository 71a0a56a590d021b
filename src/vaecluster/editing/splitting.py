"""A cluster split by a fit to its rows alone."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.stored import rows_at
from vaecluster.errors import SettingError, VaeclusterError, counted
from vaecluster.settings import declared, is_whole

if TYPE_CHECKING:
    from vaecluster.estimator import VAEClustering
    from vaecluster.methods import Fitted, Method

AUTO = "auto"


def parts_of(
    model: "VAEClustering", X: Any, numbers: NDArray[np.intp], parts: int | Literal["auto"], seed: int, verbose: int
) -> NDArray[np.intp]:
    """What a fit by the method and settings of the model finds in some of the rows that it was fitted to.

    The part of each of the rows of these `numbers`: (numbers,), from 0 to at least 1, the largest part first. Raises
    `SettingError` if only one is found, and what a fit raises.
    """
    if parts != AUTO and not is_whole(parts, 2):
        raise SettingError(f"The number of parts is {parts!r}; expected a whole number of 2 or more, or {AUTO}.")
    if not isinstance(parts, str) and parts > len(numbers):
        raise SettingError(
            f"The number of parts is {parts}; expected at most {len(numbers)}, the rows of the cluster."
        )
    same = ("rows", "columns", "batch", "memory", "device")
    parameters = {name: getattr(model, name) for name in same}
    method = as_asked(model.fitted_)
    try:
        fit = type(model)(parts, method=method, random_state=seed, verbose=verbose, **parameters)
        found = fit.fit(rows_at(X, numbers)).labels_
    except VaeclusterError as problem:
        raise type(problem)(f"A fit to the {counted(len(numbers), 'row')} of the cluster: {problem}") from None
    there, own, sizes = np.unique(found, return_inverse=True, return_counts=True)
    if len(there) < 2:
        advice = "Give a number of parts." if parts == AUTO else "Give another number, or another seed."
        raise SettingError(f"A fit to the {counted(len(numbers), 'row')} of the cluster finds no parts. {advice}")
    return np.argsort(np.argsort(-sizes, kind="stable"))[own]


def as_asked(fitted: "Fitted") -> "Method":
    """The method of a fit without what followed from its rows, and from how many clusters there were.

    Settings that are as the method would fill them in are left to it again; labels take no part.
    """
    method, number = fitted.method, fitted.completed_for
    rows = 2 if fitted.data is None else fitted.data["rows"]
    asked = method
    for name, setting in declared(type(method)).items():
        other = replace(asked, **{name: setting.default})
        if _completed(other, fitted, rows, number) == method:
            asked = other
    # Known labels, and given shares of clusters, are those of the whole.
    if asked.learns_labels:
        asked = replace(asked, label_weight=0.0)  # type: ignore[call-arg]
    if isinstance(getattr(asked, "cluster_weights", None), tuple):
        asked = replace(asked, cluster_weights=declared(type(asked))["cluster_weights"].default)  # type: ignore[call-arg]
    return asked


def _completed(method: "Method", fitted: "Fitted", rows: int, number: int) -> "Method | None":
    try:
        return method.completed(fitted.schema, rows, number)
    except SettingError:
        return None
