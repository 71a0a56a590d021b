"""From a name to a method: the presets of `VAEClustering` and the baselines, behind one protocol."""

from dataclasses import dataclass, fields, replace
from typing import Any, final

from vaecluster.benchmark.baselines import BASELINES
from vaecluster.benchmark.kinds import KindOfData
from vaecluster.benchmark.runs import Method, Outcome
from vaecluster.data.dataset import Array
from vaecluster.errors import SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.training.presets import PRESETS
from vaecluster.views.presets import describe

# What each fit is given anew, and what decides nothing.
PER_FIT = ("n_clusters", "random_state", "verbose")


@final
@dataclass(frozen=True)
class EstimatorMethod:
    """`VAEClustering` with the parameters of an estimator that is not fitted itself.

    A fit that is not `told` the number of clusters finds one. Either way a method with evidence writes down what it
    found and what spoke for it.
    """

    estimator: VAEClustering
    name: str
    told: bool = True

    def parameters(self) -> dict[str, Any]:
        """Every parameter; None leaves it to the preset."""
        given = {key: value for key, value in self.estimator.get_params().items() if key not in PER_FIT}
        return _plain(given) | ({} if self.told else {"n_clusters": "auto"})

    def fit(self, rows: Array, clusters: int, seed: int) -> Outcome:
        """Find so many clusters in rows (rows, *data), or as many as there are."""
        number = {"n_clusters": clusters if self.told else "auto", "random_state": seed}
        model = VAEClustering(**(self.estimator.get_params() | number)).fit(rows)
        facts: dict[str, Any] = {"ending": model.history_.ending, "history": model.history_.curves()}
        # The components from which the evidence comes are learned in the same way whether the number is told or not.
        if model.evidence_ is not None:
            facts |= {
                "found": model.evidence_.clusters,
                "strength": model.evidence_.strength,
                "evidence": model.evidence_.as_dict(),
            }
        return Outcome(model, _plain(vars(model.settings_)), facts)


def choose_method(name: str, kind: KindOfData, *, verbose: int = 0, **given: Any) -> Method:
    """The method of that name, set for a kind of data; `given` parameters that are not None come before the kind's.

    Raises `SettingError` for an unknown name, and for a parameter that a baseline does not have; a preset refuses
    those as it is fitted.
    """
    given = {parameter: value for parameter, value in given.items() if value is not None}
    scaling = "columns" if kind.standardise else "common"
    of_kind: dict[str, Any] = {
        "views": kind.views,
        "scaling": scaling,
        "standardise": kind.standardise,
        "verbose": verbose,
    }
    if name in PRESETS:
        settings = {field.name for field in fields(PRESETS[name]["vectors"])} | {"verbose"}
        known = {parameter: value for parameter, value in of_kind.items() if parameter in settings}
        return EstimatorMethod(VAEClustering(preset=name, **(known | given)), _label(name, given))
    if name not in BASELINES:
        names = ", ".join((*PRESETS, *BASELINES))
        raise SettingError(f"method is {name!r}, which is unknown; expected one of {names}.")
    settings = {field.name for field in fields(BASELINES[name])}
    for parameter, value in given.items():
        if parameter not in settings:
            raise SettingError(f"{parameter} is {value!r}, but method {name!r} has no such setting. Leave it out.")
    known = {parameter: value for parameter, value in of_kind.items() if parameter in settings}
    return replace(BASELINES[name], **(known | given))


def _label(preset: str, given: dict[str, Any]) -> str:
    """The preset, and what was set otherwise: fits of another length are filed apart."""
    parts = {"epochs": "{} epochs", "learning_rate": "rate {:g}"}
    return ", ".join([preset, *(words.format(given[name]) for name, words in parts.items() if name in given)])


def choose_untold(method: Method) -> EstimatorMethod:
    """The same method, filed under a name of its own, for fits that are not told the number of clusters.

    Raises `SettingError` if it cannot find one.
    """
    if not isinstance(method, EstimatorMethod) or method.estimator.preset != "shared":
        raise SettingError(f"method is {method.name!r}, which must be told the number of clusters. Leave --auto out.")
    return replace(method, name=f"{method.name} auto", told=False)


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters or settings as JSON holds them: views described, widths as a list."""
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in parameters.items()}
    return plain | ({"views": describe(parameters["views"])} if "views" in parameters else {})
