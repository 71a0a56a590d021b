"""What is asked for in a comparison: the methods, what their fits have in common, and the rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vaecluster.data.blocks.reading import Reading
from vaecluster.data.given import Given, given_rows, room_of
from vaecluster.data.rows import Rows
from vaecluster.errors import SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.methods import METHODS, Method, as_method
from vaecluster.peers import PEERS, Peer
from vaecluster.settings import NumberOfClusters, is_whole
from vaecluster.several import check_jobs
from vaecluster.training.device import choose_device, isolated

# Whose number of clusters the others get, where it is asked.
LEADER = "two-views"


def asked_methods(methods: Sequence[str | Method | Peer]) -> tuple[dict[str, Method | Peer], dict[str, str]]:
    """The methods by their names, and why some are left out."""
    if isinstance(methods, str) or not isinstance(methods, Iterable):
        raise SettingError(f"methods is {methods!r}; expected a list of methods, such as ['two-views', 'kmeans'].")
    asked: dict[str, Method | Peer] = {}
    left_out = {}
    for given in methods:
        method = _method(given)
        if method.name in asked or method.name in left_out:
            raise SettingError(f"methods names {method.name!r} twice. Name each once.")
        reason = method.missing() if isinstance(method, Peer) else None
        if reason is None:
            asked[method.name] = method
        else:
            left_out[method.name] = reason
    if not asked:
        raise SettingError(f"methods holds none that can be fitted. {reasons(left_out) or 'Name one or more.'}")
    return asked, left_out


def _method(given: Any) -> Method | Peer:
    if isinstance(given, Peer):
        return given
    if isinstance(given, str) and given in PEERS:
        return PEERS[given]()
    if isinstance(given, str) and given not in METHODS:
        names = ", ".join(map(repr, (*METHODS, *PEERS)))
        raise SettingError(f"methods holds {given!r}; expected some of {names}.")
    return as_method(given)


def template_of(
    asked: Mapping[str, Method | Peer], n_clusters: Any, seeds: Any, n_jobs: Any, parameters: Mapping[str, Any]
) -> VAEClustering:
    """What all fits of the package have in common; raises `SettingError` for what cannot be asked for."""
    if not is_whole(seeds, 1):
        raise SettingError(f"seeds is {seeds!r}; expected a whole number of 1 or more.")
    check_jobs(n_jobs)
    number = NumberOfClusters()
    if not number.accepts(n_clusters):
        raise SettingError(f"n_clusters is {n_clusters!r}; expected {number.expected}.")
    if not is_whole(n_clusters) and not any(method.finds_number for method in asked.values()):
        raise SettingError(
            f"n_clusters is {n_clusters!r}, but none of {', '.join(asked)} finds a number of clusters. Give a number, "
            f"or add {LEADER!r}."
        )
    unknown = parameters.keys() - VAEClustering().get_params(deep=False).keys() | parameters.keys() & {"method"}
    if unknown:
        raise SettingError(f"{min(unknown)} is no parameter of a comparison. Leave it out.")
    return VAEClustering(n_clusters, **{"random_state": 0} | dict(parameters))


def rows_of(template: VAEClustering, X: Any) -> tuple[Given, Rows]:
    """The rows as they were given, and as methods see them by default."""
    with isolated():
        given = given_rows(template, X)
        schema = given.source.schema(Reading("gaussian", "auto", None, given.names or None))
        return given, Rows(given.source, schema, choose_device(template.device), room=room_of(template))


def reasons(left_out: Mapping[str, str]) -> str:
    """Why methods are left out, as a sentence each."""
    return " ".join(f"{name}: {reason.rstrip('.')}." for name, reason in left_out.items())
