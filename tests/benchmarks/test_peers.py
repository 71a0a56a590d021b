from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest

from benchmarks import peers
from benchmarks.kinds import KINDS
from benchmarks.methods import as_seen, choose_method
from benchmarks.peers import ENVIRONMENT, PEERS, Peer
from vaecluster.errors import SettingError

installed = pytest.mark.skipif(not ENVIRONMENT.exists(), reason="`make peers` was not run")
SHORT = {"pretrain_epochs": 40, "epochs": 10}
# In so few epochs it does not find the groups.
SLOW = ("clustpy-vade",)
GROUPS = np.repeat(np.arange(3), 40)
ROWS = 8 * np.eye(6)[GROUPS] + np.random.default_rng(0).normal(size=(120, 6))


@pytest.mark.parametrize("name", PEERS)
def test_peers_that_are_not_installed_are_named_with_what_to_do(name, tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "ENVIRONMENT", tmp_path / "none")
    with pytest.raises(SettingError, match=r"not installed in '.*none'. Run: make peers"):
        PEERS[name].fit(ROWS, 3, 0)


def rows_for(name: str) -> np.ndarray:
    """Groups that are far apart, as counts for what prepares counts."""
    if PEERS[name].prepares is None:
        return ROWS
    return np.random.default_rng(0).poisson(1 + 40 * np.eye(3)[GROUPS].repeat(8, 1))


def shortened(name: str) -> Peer:
    """The peer, with few epochs if it learns any."""
    peer = PEERS[name]
    return replace(peer, **{field.name: SHORT[field.name] for field in fields(peer) if field.name in SHORT})


@installed
@pytest.mark.parametrize("name", PEERS)
def test_peers_find_groups_that_are_far_apart_and_label_new_rows(name):
    rows = rows_for(name)
    outcome = shortened(name).fit(rows, 3, seed=0)
    found = outcome.clustering.labels_
    assert outcome.facts["found"] == len(set(found[found >= 0])) >= 3
    assert outcome.facts["peak_bytes"] > 10**7
    if name in SLOW:
        return
    for labels in (found, outcome.clustering.predict(rows + rows.dtype.type(0.01))):
        for cluster in set(labels[labels >= 0]):
            groups = Counter(GROUPS[labels == cluster].tolist())
            # No cluster holds rows of two groups, but for a stray one: those that learn do so for a few epochs.
            assert groups.total() - max(groups.values()) <= 1


@installed
def test_leiden_takes_so_many_rows_that_scanpy_looks_for_neighbours_otherwise():
    groups = np.arange(9000) % 3
    rows = 20 * np.eye(3)[groups] + np.random.default_rng(0).normal(size=(9000, 3))
    found = PEERS["leiden-to-k"].fit(rows, 3, seed=0).clustering.labels_
    assert len(set(zip(found, groups, strict=True))) == 3


@installed
def test_the_peak_of_a_peer_is_its_own_and_not_that_of_the_process_that_started_it():
    held = np.ones(2**30, np.uint8)
    assert PEERS["leiden"].fit(ROWS, 3, seed=0).facts["peak_bytes"] < held.nbytes


@installed
def test_new_cells_are_prepared_by_what_the_cells_of_the_fit_taught():
    counts = rows_for("scanpy")
    outcome = PEERS["scanpy"].fit(counts, 3, seed=0)
    found, few = outcome.clustering.labels_, counts[[0, 50, 100]]
    # As a new array, and few of them in other totals.
    assert (outcome.clustering.predict(counts.copy()) == found).all()
    assert (outcome.clustering.predict(3 * few) == found[[0, 50, 100]]).all()


def test_what_prepares_its_rows_sees_them_raw_and_the_others_see_what_all_see():
    kind = KINDS["counts"]
    for name in ("scanpy", "two-views"):
        assert as_seen(choose_method(name, kind), kind).preparation is None
    for name in ("kmeans", "leiden", "vade"):
        assert as_seen(choose_method(name, kind), kind) is kind


def test_a_peer_that_was_limited_says_so_in_its_name_and_still_sees_its_rows_raw():
    kind = KINDS["counts"]
    limited = choose_method("scvi", kind, {"epochs": 40})
    assert limited.name == "scvi, 40 epochs"
    assert as_seen(limited, kind).preparation is None
    assert choose_method("scvi", kind).name == "scvi"


def test_what_prepares_counts_is_refused_for_other_kinds():
    with pytest.raises(SettingError, match="'scanpy', which is for counts, but the kind of data is 'text'"):
        choose_method("scanpy", KINDS["text"])
