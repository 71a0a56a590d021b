from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from vaecluster.data.preprocessing import unit_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.model.decoder import GaussianDecoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.heads import ComponentHeads, HeadedVAE
from vaecluster.model.information import InformationEstimate
from vaecluster.model.shared_objective import ClusterObjective
from vaecluster.training.events import ClustersMergedAgain, EpochDone, Event, StepDone
from vaecluster.training.merging import Matrix
from vaecluster.training.pairs import Pairs
from vaecluster.training.passes import component_tables, moments_of
from vaecluster.training.regrouping import EMPTY, LOOKS, CollapseWatch, dead_clusters, groups_of, target_shares
from vaecluster.training.shared_settings import SharedSettings, TargetShares
from vaecluster.views.pipeline import Views

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


# Groups and target


@pytest.mark.parametrize("clusters", [3, 4])
def test_groups_are_one_where_a_component_belongs_to_a_cluster(clusters: int) -> None:
    groupings = [np.array([0, 1, 2, 0, 1]), np.array([2, 1, 1, 0, 0])]
    groups = groups_of(groupings, clusters)
    assert groups.shape == (2, 5, clusters)
    assert groups.sum() == 10
    assert groups.argmax(-1).tolist() == [grouping.tolist() for grouping in groupings]


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
    target = target_shares(list(unit * shares[order]), found)
    assert target.dtype == found.dtype
    torch.testing.assert_close(target.sum(1), torch.ones_like(target[:, 0]))
    for wanted, size in zip(target, found, strict=True):
        np.testing.assert_allclose(wanted[size.argsort()], shares)


# The watch: rows are the corners of a simplex, and component c of every head is for the rows of corner c

HEADS, COMPONENTS, CLUSTERS = 2, 6, 3
EPOCHS = 20
LOOKED_AT = [4, 8, 12]
CLUSTER_OF = np.array([0, 0, 1, 1, 2, 2])


def corners() -> Pairs:
    """Rows in every corner, more in the later ones; each is its own view."""
    array = np.eye(COMPONENTS)[np.repeat(np.arange(COMPONENTS), 10 + 2 * np.arange(COMPONENTS))]
    rows = Rows(array, unit_preprocessing(array), torch.device("cpu"))
    return Pairs(rows, Views().prepare(rows), 0.5)


class Watched:
    """Heads that are sure of their components, and a watch over them."""

    def __init__(self, wanted: TargetShares = "merged") -> None:
        torch.manual_seed(0)
        self.pairs = corners()
        decoder = GaussianDecoder(nn.Linear(2, COMPONENTS), 2.5, 1)
        heads = ComponentHeads(COMPONENTS, HEADS, COMPONENTS)
        self.model = HeadedVAE(Encoder(nn.Identity(), COMPONENTS, 2), decoder, heads)
        with torch.no_grad():
            heads.linear.weight.copy_(20 * torch.eye(COMPONENTS).repeat(HEADS, 1))
            heads.linear.bias.zero_()
        groups = groups_of([CLUSTER_OF] * HEADS, CLUSTERS)
        self.estimate = InformationEstimate(HEADS, CLUSTERS, target=target_shares(wanted, self.found(groups)))
        self.estimate.table.fill_(1 / CLUSTERS**2)
        moments = moments_of(self.model, self.pairs, 0)
        self.objective = ClusterObjective(self.estimate, groups, 0, *moments, 20.0, 1.0)
        self.told: list[Event] = []
        self.watch = CollapseWatch(
            self.model, self.pairs, self.objective, SharedSettings(cluster_weights=wanted), [self.told.append]
        )

    def found(self, groups: Tensor) -> Tensor:
        """The share of rows in each head's clusters as they are now: (heads, clusters)."""
        joint = torch.from_numpy(component_tables(self.model, self.pairs).joint).float()
        return torch.einsum("hck,hc->hk", groups, joint.sum(-1))

    def kill(self, head: int, cluster: int) -> None:
        """Drive the components of a head's cluster to no mass."""
        dying = np.flatnonzero(cluster == CLUSTER_OF)
        self.model.heads.linear.bias.data[head * COMPONENTS + dying] = -100.0

    def state(self, head: int) -> list[Tensor]:
        """What the watch may change of a head."""
        return [self.objective.groups[head].clone(), *(buffer[head].clone() for buffer in self.estimate.buffers())]


def epoch(number: int, epochs: int = EPOCHS) -> EpochDone:
    return EpochDone(number, epochs, 10, 0.1, 1e-3, {}, CLUSTERS, 0.9, None)


def step(number: int) -> StepDone:
    return StepDone(number, EPOCHS, 10, 10 * EPOCHS, dict)


@pytest.mark.parametrize("head", range(HEADS))
@pytest.mark.parametrize("cluster", range(CLUSTERS))
def test_where_a_cluster_died_its_head_has_as_many_clusters_again_that_all_hold_rows(head: int, cluster: int) -> None:
    watched = Watched()
    watched.kill(head, cluster)
    watched.watch(epoch(LOOKED_AT[0]))
    groups = watched.objective.groups
    assert groups.shape == (HEADS, COMPONENTS, CLUSTERS)
    assert torch.equal(groups.sum(-1), torch.ones(HEADS, COMPONENTS))
    found = watched.found(groups)
    assert found[head].min() > 0.1
    # And there is nothing to mend any more.
    watched.watch(epoch(LOOKED_AT[1]))
    assert len(watched.told) == 1


@pytest.mark.parametrize("head", range(HEADS))
def test_the_target_and_the_table_of_that_head_start_anew(head: int) -> None:
    watched = Watched()
    watched.kill(head, 2)
    before = watched.estimate.target[head].clone()
    watched.watch(epoch(LOOKED_AT[0]))
    target = watched.estimate.target[head]
    torch.testing.assert_close(target, watched.found(watched.objective.groups)[head])
    assert not torch.allclose(target, before)
    assert (watched.estimate.table[head] == 0).all()


@pytest.mark.parametrize("wanted", ["uniform", (5.0, 3.0, 2.0)])
def test_the_new_target_is_the_one_that_is_wanted(wanted: TargetShares) -> None:
    watched = Watched(wanted)
    watched.kill(1, 0)
    watched.watch(epoch(LOOKED_AT[0]))
    found = watched.found(watched.objective.groups)
    torch.testing.assert_close(watched.estimate.target[1], target_shares(wanted, found)[1])


@pytest.mark.parametrize("head", range(HEADS))
def test_the_other_heads_stay_as_they_are(head: int) -> None:
    watched = Watched()
    before = watched.state(1 - head)
    watched.kill(head, 0)
    watched.watch(epoch(LOOKED_AT[0]))
    assert all(torch.equal(now, then) for now, then in zip(watched.state(1 - head), before, strict=True))


def test_all_heads_that_need_it_are_mended_and_the_dead_clusters_of_all_are_told() -> None:
    watched = Watched()
    watched.kill(0, 0)
    watched.kill(0, 1)
    watched.kill(1, 2)
    watched.watch(epoch(LOOKED_AT[1]))
    assert watched.told == [ClustersMergedAgain(LOOKED_AT[1], EPOCHS, 3)]
    assert (watched.estimate.table == 0).all()


def test_two_clusters_that_have_become_the_same_are_mended_too() -> None:
    watched = Watched()
    # The rows of the first two clusters no longer know which of the two they are in.
    watched.model.heads.linear.weight.data[:4, :4] = 20.0
    watched.watch(epoch(LOOKED_AT[0]))
    assert watched.told == [ClustersMergedAgain(LOOKED_AT[0], EPOCHS, 1)]
    # The two corners of the third cluster are known apart: it is the one to be split.
    cluster_of = watched.objective.groups[0].argmax(-1)
    assert len(set(cluster_of[:4].tolist())) == 1
    assert len(set(cluster_of.tolist())) == CLUSTERS


def test_where_all_clusters_live_nothing_happens() -> None:
    watched = Watched()
    before = [watched.state(head) for head in range(HEADS)]
    for number in range(1, EPOCHS + 1):
        watched.watch(epoch(number))
    for head in range(HEADS):
        assert all(torch.equal(now, then) for now, then in zip(watched.state(head), before[head], strict=True))
    assert watched.told == []


def test_at_other_times_than_those_of_the_looks_nothing_happens() -> None:
    watched = Watched()
    watched.kill(0, 0)
    before, random_state = watched.state(0), torch.get_rng_state()
    for number in range(1, EPOCHS + 1):
        watched.watch(step(number))
        watched.watch(ClustersMergedAgain(number, EPOCHS, 1))
        if number not in LOOKED_AT:
            watched.watch(epoch(number))
    assert all(torch.equal(now, then) for now, then in zip(watched.state(0), before, strict=True))
    assert torch.equal(torch.get_rng_state(), random_state)
    assert watched.told == []


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5, 7, 20, 33])
def test_there_are_at_most_three_looks_and_none_in_the_last_epoch(epochs: int) -> None:
    watched = Watched()
    for number in range(1, epochs + 1):
        # Whatever was mended dies again.
        watched.objective.groups.copy_(groups_of([CLUSTER_OF] * HEADS, CLUSTERS))
        watched.estimate.target.fill_(1 / CLUSTERS)
        watched.kill(0, 0)
        watched.watch(epoch(number, epochs))
    looks = [event.epoch for event in watched.told]
    assert len(looks) <= len(LOOKS)
    assert epochs not in looks
    assert bool(looks) == (epochs > 1)
    assert all(before < after for before, after in pairwise(looks))
    if epochs > 4:
        assert [round(look / epochs, 1) for look in looks] == pytest.approx(LOOKS, abs=0.11)
