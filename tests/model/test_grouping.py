import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vaecluster.model.grouping import Grouping

quick = settings(max_examples=20, deadline=None)
groupings = given(cluster_of=st.lists(st.integers(0, 3), min_size=1, max_size=8))


def grouping_of(cluster_of: list[int]) -> Grouping:
    return Grouping(torch.tensor(cluster_of), 4)


def some(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def matrix_of(grouping: Grouping) -> torch.Tensor:
    return torch.nn.functional.one_hot(grouping.cluster_of, grouping.clusters).double()


@groupings
@quick
def test_a_cluster_is_as_likely_as_its_components_together(cluster_of: list[int]) -> None:
    probabilities = some(5, 2, len(cluster_of)).softmax(-1)
    summed = grouping_of(cluster_of).sum(probabilities)
    assert summed.shape == (5, 2, 4)
    for cluster in range(4):
        own = [component for component, of in enumerate(cluster_of) if of == cluster]
        torch.testing.assert_close(summed[..., cluster], probabilities[..., own].sum(-1))
    torch.testing.assert_close(summed.sum(-1), torch.ones(5, 2, dtype=torch.float64))


@groupings
@quick
def test_summing_is_a_product_with_the_matrix(cluster_of: list[int]) -> None:
    grouping, probabilities = grouping_of(cluster_of), some(6, len(cluster_of))
    torch.testing.assert_close(grouping.sum(probabilities), probabilities @ matrix_of(grouping))


@groupings
@quick
def test_every_component_is_a_member_of_exactly_one_cluster(cluster_of: list[int]) -> None:
    grouping = grouping_of(cluster_of)
    members = [(grouping.cluster_of == cluster).nonzero().squeeze(1).tolist() for cluster in range(4)]
    assert sorted(component for own in members for component in own) == list(range(len(cluster_of)))
    assert all(cluster_of[component] == cluster for cluster, own in enumerate(members) for component in own)
    torch.testing.assert_close(matrix_of(grouping).sum(1), torch.ones(len(cluster_of), dtype=torch.float64))


def test_the_identity_leaves_probabilities_as_they_are() -> None:
    probabilities = some(3, 5)
    identity = Grouping.identity(5)
    torch.testing.assert_close(identity.sum(probabilities), probabilities)
    torch.testing.assert_close(matrix_of(identity), torch.eye(5, dtype=torch.float64))


def test_a_cluster_gives_its_gradient_to_its_components() -> None:
    probabilities = some(2, 3).requires_grad_()
    grouping_of([0, 2, 0]).sum(probabilities)[:, 0].sum().backward()
    torch.testing.assert_close(probabilities.grad, torch.tensor([[1.0, 0.0, 1.0]] * 2, dtype=torch.float64))


def test_the_groups_travel_with_the_weights() -> None:
    fitted, empty = grouping_of([3, 0, 3, 1]), grouping_of([0, 0, 0, 0])
    empty.load_state_dict(fitted.state_dict())
    assert empty.cluster_of.tolist() == [3, 0, 3, 1]
