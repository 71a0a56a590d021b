from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Distribution

from benchmarks.class_flow import ClassFlow, Plan, learn
from vaecluster.data.draws import Draws
from vaecluster.errors import DataError

PAGE = Path(__file__).parents[2] / "docs" / "flow.md"
SMALL = Plan(transforms=2, bins=4, hidden=16, steps=60, batch_size=64, look_every=10)


def two_arcs(rows: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles, one over the other."""
    random = np.random.default_rng(0)
    labels = np.arange(rows) % 2
    angle = np.pi * (random.random(rows) + labels)
    return np.c_[np.cos(angle) + labels, np.sin(angle) * 1.2] + 0.1 * random.normal(size=(rows, 2)), labels


ROWS, LABELS = two_arcs()


@pytest.fixture(scope="module")
def flow() -> ClassFlow:
    return learn(ROWS, LABELS, 0, SMALL, told=True)


@pytest.fixture(scope="module")
def table() -> torch.Tensor:
    return torch.as_tensor(ROWS, dtype=torch.float32)


@torch.no_grad()
def test_the_density_integrates_to_one(flow: ClassFlow) -> None:
    edge = torch.linspace(-6, 6, 401)
    grid = torch.cartesian_prod(edge, edge)
    density = flow.log_joint(flow(grid)).logsumexp(-1).exp()
    assert float(density.sum() * (edge[1] - edge[0]) ** 2) == pytest.approx(1, abs=0.01)


def test_a_code_leads_back_to_its_row_and_volumes_are_those_of_the_derivative(
    flow: ClassFlow, table: torch.Tensor
) -> None:
    coded = flow(table[:5])
    assert torch.allclose(flow.inverse(coded.code), table[:5], atol=1e-4)
    for row, volume in zip(table[:5], coded.log_volume, strict=True):
        derivative = torch.autograd.functional.jacobian(lambda one: flow(one.unsqueeze(0)).code[0], row)
        assert torch.allclose(torch.linalg.slogdet(derivative).logabsdet, volume, atol=1e-4)


@torch.no_grad()
def test_bayes_rule_needs_the_code_alone(flow: ClassFlow, table: torch.Tensor) -> None:
    coded = flow(table)
    of_code = flow.prior.joint_log_prob(coded.code).softmax(-1)
    assert torch.allclose(flow.by_bayes(coded).probs, of_code, atol=1e-5)


@torch.no_grad()
def test_it_starts_at_the_moments_of_the_parts() -> None:
    flow, table = ClassFlow(ROWS, LABELS, SMALL, 0), torch.as_tensor(ROWS, dtype=torch.float32)
    coded = flow(table)
    assert torch.allclose(coded.code, (table - table.mean(0)) / table.std(0, correction=0), atol=1e-4)
    for part in (0, 1):
        own = coded.code[torch.as_tensor(LABELS) == part]
        assert torch.allclose(flow.prior.components.means[part], own.mean(0), atol=1e-5)
        assert torch.allclose(flow.prior.components.log_scales[part].exp(), own.std(0, correction=0), atol=1e-5)
    assert torch.allclose(flow.prior.weights().probs, torch.tensor([0.5, 0.5]))


@torch.no_grad()
def test_both_ways_to_classify_learn_the_labels(flow: ClassFlow, table: torch.Tensor) -> None:
    coded, labels = flow(table), torch.as_tensor(LABELS)
    for answer in (flow.by_bayes(coded), flow.by_classifier(coded)):
        assert float((answer.probs.argmax(1) == labels).float().mean()) > 0.95


@torch.no_grad()
@pytest.mark.parametrize("told", [True, False])
def test_learning_raises_the_likelihood(told: bool, table: torch.Tensor) -> None:
    before = ClassFlow(ROWS, LABELS, SMALL, 0)
    with torch.enable_grad():
        after = learn(ROWS, LABELS, 0, SMALL, told=told)
    means = [float(flow.log_joint(flow(table)).logsumexp(-1).mean()) for flow in (before, after)]
    assert means[1] > means[0] + 0.1


def test_without_labels_the_classifier_learns_nothing_and_labels_are_only_where_it_starts() -> None:
    first, start = learn(ROWS, LABELS, 0, SMALL, told=False), ClassFlow(ROWS, LABELS, SMALL, 0)
    weights = zip(first.classifier.parameters(), start.classifier.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in weights)


def test_the_same_seed_gives_the_same_flow_and_torch_stays_as_it_was() -> None:
    kept = vars(Distribution)["_validate_args"], vars(Distribution)["arg_constraints"]
    state = torch.get_rng_state()
    short = Plan(transforms=2, bins=4, hidden=8, steps=4, look_every=2)
    one, same, other = (learn(ROWS, LABELS, seed, short, told=True).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(state, torch.get_rng_state())
    assert (vars(Distribution)["_validate_args"], vars(Distribution)["arg_constraints"]) == kept


@torch.no_grad()
def test_whole_numbers_are_spread_over_their_unit_and_others_stay() -> None:
    whole = np.random.default_rng(0).integers(0, 4, (60, 3))
    # A column of one number has a density too, once it is spread.
    whole[:, 2] = 1
    for rows, step in ((whole, 1.0), (whole[:, :2] + 0.5, 0.0)):
        flow, table = ClassFlow(rows, np.arange(60) % 2, SMALL, 0), torch.as_tensor(rows, dtype=torch.float32)
        moved = flow.dequantised(table, Draws(0).at("noise")) - table
        assert float(flow.step) == step
        assert bool(((moved >= 0) & (moved <= step)).all())
        assert bool(torch.isfinite(flow.log_joint(flow(table))).all())


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        (ROWS[:, :1], ["(200, 1)", "two columns"]),
        (ROWS.astype(str), ["<U", "numbers"]),
        (np.where(ROWS > 0.9, np.nan, ROWS), ["missing", "Fill"]),
        (np.c_[ROWS, np.full(200, 0.5)], ["Column 2", "one value", "Leave it out"]),
    ],
)
def test_rows_without_a_density_are_refused(rows: np.ndarray, parts: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        ClassFlow(rows, LABELS, SMALL, 0)
    assert all(part in str(caught.value) for part in parts)


def test_the_example_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(PAGE.read_text().partition("```python\n")[2].partition("```")[0], {})
    assert all(0.9 < float(line) <= 1 for line in capsys.readouterr().out.split())
