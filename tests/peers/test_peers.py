"""Every peer: one table of peers and laws."""

import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import ClassVar

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from vaecluster.peers import PEERS, KMeans, Partition, Peer

GROUPS = np.arange(240) % 3
POINTS = (10 * np.eye(4)[GROUPS] + np.random.default_rng(0).normal(size=(240, 4))).astype(np.float32)
every_peer = pytest.mark.parametrize("name", list(PEERS))


def fitted(name: str, points: np.ndarray = POINTS, seed: int = 0) -> Partition:
    if PEERS[name].missing():
        pytest.skip(PEERS[name].missing())
    with warnings.catch_warnings():
        # Other libraries warn of each other.
        warnings.simplefilter("ignore")
        return PEERS[name]().fit(points, 3, seed)


@every_peer
def test_clean_groups_are_found_and_the_same_seed_finds_the_same(name):
    found = fitted(name)
    assert found.labels.shape == (240,)
    assert found.labels.dtype == np.intp
    assert found.labels.min() >= -1
    if PEERS[name].finds_number:
        # It may find more of them, each within a group.
        assert all(len(set(GROUPS[found.labels == one])) == 1 for one in set(found.labels.tolist()) - {-1})
    else:
        assert adjusted_rand_score(GROUPS, found.labels) == 1
    np.testing.assert_array_equal(fitted(name).labels, found.labels)


@every_peer
def test_a_rule_for_new_points_gives_the_labels_of_the_fit(name):
    found = fitted(name)
    if found.predict is not None:
        np.testing.assert_array_equal(found.predict(POINTS), found.labels)


@every_peer
def test_few_points_are_clustered_too(name):
    assert fitted(name, POINTS[:30]).labels.shape == (30,)


@every_peer
def test_what_is_not_installed_is_said(name):
    peer = PEERS[name]
    absent = [module for module in peer.needs if find_spec(module) is None]
    assert bool(peer.missing()) == bool(absent)


def test_what_to_install_is_said():
    @dataclass(frozen=True)
    class Absent(Peer):
        name: ClassVar[str] = "absent"
        needs: ClassVar[tuple[str, ...]] = ("json", "no_such_module")

        def fit(self, points, clusters, seed):
            return Partition(np.zeros(len(points), dtype=np.intp))

    assert Absent.missing() == "no_such_module not installed. Install: pip install 'vaecluster[peers]'"
    assert KMeans.missing() is None
