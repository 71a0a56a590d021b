from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from builders import rows_of
from vaecluster.clusters.hierarchy import Matrix
from vaecluster.methods.moments import empty_prior
from vaecluster.methods.two_views.heads import ComponentHeads
from vaecluster.methods.two_views.objective import TwoViewsObjective, Weights
from vaecluster.methods.two_views.regrouping import (
    EMPTY,
    LOOKS,
    Wanted,
    dead_clusters,
    looks_of,
    merge_again,
    target_shares,
)
from vaecluster.methods.two_views.tables import ComponentTables, component_tables
from vaecluster.model.decoder import Decoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.likelihood import Gaussian
from vaecluster.model.networks.initial import linear, start_
from vaecluster.views import Views

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 999)

# Clusters that are dead


def shares_of(clusters: int, seed: int) -> Matrix:
    """Shares of rows, none of them small."""
    shares = np.random.default_rng(seed).uniform(1, 3, clusters)
    return shares / shares.sum()


def apart(shares: Matrix, mixed: float = 0.05) -> Matrix:
    """A joint table in which so large a part of each cluster has its views in any."""
    return (1 - mixed) * np.diag(shares) + mixed * np.outer(shares, shares)


def split(table: Matrix, parts: Sequence[float]) -> Matrix:
    """The first cluster in parts that know nothing of each other: their rows of the table are proportional."""
    members = np.zeros((len(table), len(table) + len(parts) - 1))
    members[0, : len(parts)] = parts
    members[1:, len(parts) :] = np.eye(len(table) - 1)
    return members.T @ table @ members


@given(seed=seeds, clusters=st.integers(1, 8))
@quick
def test_of_clusters_that_are_well_apart_none_is_dead(seed: int, clusters: int) -> None:
    shares = shares_of(clusters, seed)
    assert dead_clusters(apart(shares), shares) == 0


@given(seed=seeds, clusters=st.integers(1, 6), empty=st.integers(1, 4))
@quick
def test_every_empty_cluster_is_dead(seed: int, clusters: int, empty: int) -> None:
    shares = shares_of(clusters, seed)
    table = np.pad(apart(shares), (0, empty))
    assert dead_clusters(table, np.full(len(table), 1 / len(table))) == empty


def test_a_cluster_is_empty_with_less_than_a_part_of_the_rows_that_it_is_to_have() -> None:
    target = np.array([0.5, 0.25, 0.25])
    for part, dead in ((1.01 * EMPTY, 0), (0.99 * EMPTY, 1)):
        small = part * target[2]
        shares = np.array([0.7 - small, 0.3, small])
        assert dead_clusters(apart(shares), target) == dead


def test_a_small_cluster_that_is_to_be_small_is_alive() -> None:
    shares = np.array([0.7, 0.299, 0.001])
    assert dead_clusters(apart(shares), shares) == 0
    assert dead_clusters(apart(shares), np.full(3, 1 / 3)) == 1


@given(seed=seeds, clusters=st.integers(1, 5), parts=st.integers(2, 4))
@quick
def test_of_clusters_that_are_the_same_all_but_one_are_dead(seed: int, clusters: int, parts: int) -> None:
    table = split(apart(shares_of(clusters, seed)), shares_of(parts, seed + 1))
    assert dead_clusters(table, table.sum(1)) == parts - 1


@given(seed=seeds)
@quick
def test_empty_clusters_and_twins_are_counted_together_and_by_any_name(seed: int) -> None:
    table = np.pad(split(apart(shares_of(3, seed)), (0.4, 0.6)), (0, 2))
    target = np.where(table.sum(1) > 0, table.sum(1), 0.2)
    renamed = np.random.default_rng(seed).permutation(len(table))
    assert dead_clusters(table, target) == 3
    assert dead_clusters(table[np.ix_(renamed, renamed)], target[renamed]) == 3


# The target


def some_shares(seed: int, heads: int = 3, clusters: int = 4) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).dirichlet(np.ones(clusters), heads))


@given(seeds)
@quick
def test_merged_clusters_are_to_keep_the_shares_that_were_found(seed: int) -> None:
    assert torch.equal(target_shares("merged", some_shares(seed)), some_shares(seed))


@given(seeds)
@quick
def test_uniform_shares_are_equal_whatever_was_found(seed: int) -> None:
    torch.testing.assert_close(target_shares("uniform", some_shares(seed)), torch.full_like(some_shares(seed), 1 / 4))


@given(seed=seeds, order=st.permutations(range(4)), unit=st.sampled_from([1.0, 7.0]))
@quick
def test_given_shares_go_to_the_clusters_by_size_in_whatever_order_and_unit(
    seed: int, order: list[int], unit: float
) -> None:
    shares, found = np.array([0.1, 0.2, 0.3, 0.4]), some_shares(seed)
    target = target_shares(tuple(unit * shares[order]), found)
    assert target.dtype == found.dtype
    torch.testing.assert_close(target.sum(1), torch.ones_like(target[:, 0]))
    for wanted, size in zip(target, found, strict=True):
        np.testing.assert_allclose(wanted[size.argsort()], shares)


# When and what is mended: rows are the corners of a simplex, and component c of every head is for the rows of corner c

HEADS, COMPONENTS, CLUSTERS = 2, 6, 3
CLUSTER_OF = np.array([0, 0, 1, 1, 2, 2])
# Rows in every corner, more in the later ones.
CORNERS = np.eye(COMPONENTS)[np.repeat(np.arange(COMPONENTS), 10 + 2 * np.arange(COMPONENTS))]


class Refined:
    """Heads that are sure of their components, in the second stage."""

    def __init__(self, wanted: Wanted = "merged") -> None:
        self.wanted = wanted
        self.views = Views().prepare(rows_of(CORNERS))  # each row is its own view
        corner = torch.stack([self.views.rows[np.flatnonzero(CORNERS[:, c])[:1]][0] for c in range(COMPONENTS)])
        encoder = Encoder(nn.Identity(), nn.Identity(), COMPONENTS, 2)
        heads = ComponentHeads(COMPONENTS, HEADS, COMPONENTS)
        decoder = Decoder(linear(2, COMPONENTS), Gaussian((COMPONENTS,), 2.5))
        objective = TwoViewsObjective.of_components(encoder, decoder, heads, Weights(20.0, 1.0, 1.0, 0.5))
        start_(objective, torch.Generator().manual_seed(0))
        with torch.no_grad():
            # The corner itself is the nearest.
            heads.linear.weight.copy_((20 * corner).repeat(HEADS, 1))
            heads.linear.bias.copy_((-10 * corner.square().sum(1)).repeat(HEADS))
        target = torch.full((HEADS, CLUSTERS), 1 / CLUSTERS)
        self.objective = objective.of_clusters([CLUSTER_OF] * HEADS, target, 0, empty_prior(COMPONENTS, 2))
        self.objective.estimate.target.copy_(target_shares(wanted, self.found()))
        self.objective.estimate.table.fill_(1 / CLUSTERS**2)

    def tables(self) -> ComponentTables:
        generator = torch.Generator().manual_seed(0)
        return component_tables(self.objective.encoder, self.objective.heads, self.views, generator)

    def found(self) -> Tensor:
        """The share of rows in each head's clusters as they are now: (heads, clusters)."""
        shares = torch.from_numpy(self.tables().joint).float().sum(-1)
        return torch.zeros(HEADS, CLUSTERS).scatter_add(1, self.objective.groups, shares)

    def kill(self, head: int, cluster: int) -> None:
        """Drive the components of a head's cluster to no mass."""
        dying = np.flatnonzero(cluster == CLUSTER_OF)
        self.objective.heads.linear.bias.data[head * COMPONENTS + dying] = -1e4

    def mend(self) -> int:
        return merge_again(self.objective, self.tables(), 0.0, self.wanted)

    def state(self, head: int) -> list[bytes]:
        """What may be changed of a head."""
        estimate = self.objective.estimate
        return [values[head].numpy().tobytes() for values in (self.objective.groups, estimate.target, estimate.table)]


@pytest.mark.parametrize("wanted", ["merged", "uniform", (5.0, 3.0, 2.0)], ids=str)
@pytest.mark.parametrize(
    ("head", "cluster"), [(head, cluster) for head in range(HEADS) for cluster in range(CLUSTERS)]
)
def test_where_a_cluster_died_its_head_starts_anew_with_as_many_that_all_hold_rows(
    head: int, cluster: int, wanted: Wanted
) -> None:
    refined = Refined(wanted)
    other = refined.state(1 - head)
    refined.kill(head, cluster)
    assert refined.mend() == 1
    groups = refined.objective.groups
    assert groups.shape == (HEADS, COMPONENTS)
    assert all(set(cluster_of.tolist()) == set(range(CLUSTERS)) for cluster_of in groups)
    found = refined.found()
    assert found[head].min() > 0.1
    torch.testing.assert_close(refined.objective.estimate.target[head], target_shares(wanted, found)[head])
    assert (refined.objective.estimate.table[head] == 0).all()
    assert refined.state(1 - head) == other
    # And there is nothing to mend any more.
    assert refined.mend() == 0


def test_the_dead_clusters_of_all_heads_are_counted_together() -> None:
    refined = Refined()
    for head, cluster in ((0, 0), (0, 1), (1, 2)):
        refined.kill(head, cluster)
    assert refined.mend() == 3
    assert (refined.objective.estimate.table == 0).all()


def test_two_clusters_that_have_become_the_same_are_mended_too() -> None:
    refined = Refined()
    # The rows of the first two clusters no longer know which of the two they are in.
    linear_ = refined.objective.heads.linear
    linear_.weight.data[:4] = linear_.weight.data[:4].mean(0)
    linear_.bias.data[:4] = linear_.bias.data[:4].mean()
    assert refined.mend() == 1
    # The two corners of the third cluster are known apart: it is the one to be split.
    cluster_of = refined.objective.groups[0]
    assert len(set(cluster_of[:4].tolist())) == 1
    assert len(set(cluster_of.tolist())) == CLUSTERS


def test_where_all_clusters_live_nothing_changes() -> None:
    refined = Refined()
    before = [refined.state(head) for head in range(HEADS)]
    assert refined.mend() == 0
    assert [refined.state(head) for head in range(HEADS)] == before


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5, 7, 20, 33])
def test_there_are_at_most_three_looks_and_none_in_the_last_epoch(epochs: int) -> None:
    looks = sorted(looks_of(epochs))
    assert len(looks) <= len(LOOKS)
    assert bool(looks) == (epochs > 1)
    assert all(1 <= look < epochs for look in looks)
    if epochs > 4:
        assert [round(look / epochs, 1) for look in looks] == pytest.approx(LOOKS, abs=0.11)
