import numpy as np
import pytest

from benchmarks import peers
from benchmarks.peers import ENVIRONMENT, PEERS
from vaecluster.errors import SettingError

GROUPS = np.repeat(np.arange(3), 40)
ROWS = 8 * np.eye(6)[GROUPS] + np.random.default_rng(0).normal(size=(120, 6))


@pytest.mark.parametrize("name", PEERS)
def test_peers_that_are_not_installed_are_named_with_what_to_do(name, tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "ENVIRONMENT", tmp_path / "none")
    with pytest.raises(SettingError, match=r"not installed in '.*none'. Run: make peers"):
        PEERS[name].fit(ROWS, 3, 0)


@pytest.mark.skipif(not ENVIRONMENT.exists(), reason="`make peers` was not run")
@pytest.mark.parametrize("name", PEERS)
def test_peers_find_groups_that_are_far_apart_and_label_new_rows(name):
    outcome = PEERS[name].fit(ROWS, 3, seed=0)
    found = outcome.clustering.labels_
    assert outcome.facts["found"] == len(set(found[found >= 0])) >= 3
    assert outcome.facts["peak_bytes"] > 10**7
    for labels in (found, outcome.clustering.predict(ROWS + 0.01)):
        # No cluster holds rows of two groups.
        assert len({(label, group) for label, group in zip(labels, GROUPS, strict=True) if label >= 0}) == len(
            set(labels[labels >= 0])
        )
