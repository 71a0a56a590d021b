"""From a name to a method: those of `VAEClustering` and the baselines, behind one protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, final

from benchmarks.baselines import BASELINES, Baseline
from benchmarks.kinds import KindOfData
from benchmarks.peers import PEERS, Peer
from benchmarks.runs import Method, Outcome
from vaecluster import VAEClustering, settings
from vaecluster.data.raw import Array
from vaecluster.errors import SettingError
from vaecluster.files import record
from vaecluster.methods import METHODS
from vaecluster.methods import Method as VAEMethod

# Methods of `VAEClustering` that are given rows of every kind as a user has them, with nothing set for the kind.
# The others see what baselines and peers see.
READ_RAW = ("two-views",)


@final
@dataclass(frozen=True)
class EstimatorMethod:
    """`VAEClustering` by a method with settings of its own; `given` are those that differ from its defaults.

    Without `number_given` a fit finds the number of clusters. Either way a method with evidence writes down what it
    found and what spoke for it.
    """

    method: VAEMethod
    given: Mapping[str, Any]
    name: str
    number_given: bool = True
    device: str = "auto"
    verbose: int = 0

    def parameters(self) -> dict[str, Any]:
        """What was set otherwise than by default."""
        kinds = settings.declared(type(self.method))
        plain = {name: kinds[name].kind.plain(getattr(self.method, name)) for name in self.given}
        return (
            {"method": self.method.name, "device": self.device}
            | plain
            | ({} if self.number_given else {"n_clusters": "auto"})
        )

    def changed(self, name: str, method: VAEMethod, given: Mapping[str, Any]) -> "EstimatorMethod":
        """The same with another method, filed under another name."""
        return replace(self, method=method, given=given, name=name)

    def fit(self, rows: Array, clusters: int, seed: int, *, known: Array | None = None) -> Outcome:
        """Find so many clusters in rows (rows, *data), or as many as there are; `known` labels as `fit` takes them."""
        number: Any = clusters if self.number_given else "auto"
        model = VAEClustering(
            number, method=self.method, random_state=seed, device=self.device, verbose=self.verbose
        ).fit(rows, known if self.method.learns_labels else None)
        facts: dict[str, Any] = {"ending": model.history_.ending, "history": model.history_.curves()}
        # The components from which the evidence comes are learned in the same way whether the number is given or not.
        if model.evidence_ is not None:
            facts |= {
                "found": model.evidence_.clusters,
                "strength": model.evidence_.strength,
                "evidence": record.plain(model.evidence_),
            }
        return Outcome(model, settings.plain(model.method_), facts)


def choose_method(
    name: str,
    kind: KindOfData,
    given: Mapping[str, Any] | None = None,
    *,
    device: str | None = None,
    verbose: int = 0,
) -> Method:
    """The method of that name, set for a kind of data; `given` settings come before the kind's.

    Raises `SettingError` for an unknown name, a method that is for another kind, and a setting that the method does
    not have.
    """
    given = given or {}
    if name in METHODS:
        known = settings.declared(METHODS[name])
        of_kind: dict[str, Any] = {"views": kind.views, "scaling": "columns" if kind.standardise else "common"}
        of_kind = {} if name in READ_RAW and kind.preparation else of_kind
        usual = {key: value for key, value in of_kind.items() if key in known} | given
        method = settings.changed(METHODS[name](), usual)
        return EstimatorMethod(method, usual, _label(name, given), True, device or "auto", verbose)
    others: dict[str, Baseline | Peer] = {**BASELINES, **PEERS}
    if name not in others:
        names = ", ".join((*METHODS, *others))
        raise SettingError(f"method is {name!r}; expected one of {names}.")
    if prepares(name) not in (None, kind.name):
        raise SettingError(
            f"method is {name!r}, which is for {prepares(name)}, but the kind of data is {kind.name!r}."
        )
    own = {"device": device} if device is not None else {}
    names_of = {field.name for field in fields(others[name])}
    for setting, value in (dict(given) | own).items():
        if setting not in names_of:
            raise SettingError(f"{setting} is {value!r}, but method {name!r} has no such setting. Leave it out.")
    defaults = {"standardise": kind.standardise, "verbose": verbose}
    usual = {key: value for key, value in defaults.items() if key in names_of}
    # A peer with other settings than its own is filed apart.
    named = {"name": _label(name, given)} if name in PEERS else {}
    return replace(others[name], **(usual | given | own | named))


def as_seen(method: Method, kind: KindOfData) -> KindOfData:
    """The kind as the method sees it: raw for one that prepares its rows by itself."""
    raw = isinstance(method, EstimatorMethod) and method.method.name in READ_RAW
    return replace(kind, preparation=None) if raw or prepares(method.name) else kind


def prepares(name: str) -> str | None:
    """The one kind of data that a method is for and prepares by itself, whatever was set for it."""
    plain = name.partition(",")[0]
    return PEERS[plain].prepares if plain in PEERS else None


def _label(method: str, given: Mapping[str, Any]) -> str:
    """The method, and what was set otherwise: other fits are filed apart. Views follow from the kind of data."""
    words = {"epochs": "{} epochs", "learning_rate": "rate {:g}"}
    others = {key: value for key, value in given.items() if key not in words and key != "views"}
    parts = [words[key].format(given[key]) for key in words if key in given]
    return ", ".join([method, *parts, *(f"{key} {value}" for key, value in others.items())])


def choose_finding(method: Method) -> EstimatorMethod:
    """The same method, filed under a name of its own, for fits that find the number of clusters.

    Raises `SettingError` if it cannot find one.
    """
    if not isinstance(method, EstimatorMethod) or not method.method.finds_number:
        raise SettingError(f"method is {method.name!r}, which needs the number of clusters. Leave --auto out.")
    return replace(method, name=f"{method.name} auto", number_given=False)
