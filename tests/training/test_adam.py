import pytest
import torch

from vaecluster.training.adam import Adam


@pytest.mark.parametrize("fused", [False, True])
def test_it_makes_the_steps_of_torch_and_its_state_is_the_same(fused):
    def after(kind: type[torch.optim.Adam]) -> tuple[torch.Tensor, dict]:
        weights = torch.nn.Parameter(torch.linspace(-1, 1, 5))
        for _ in range(2):
            optimiser = kind([weights], 0.1, eps=1e-7, fused=fused)
            for _ in range(3):
                optimiser.zero_grad()
                (weights**2).sum().backward()
                optimiser.step()
            state = optimiser.state_dict()
            optimiser.load_state_dict(state)
        return weights.detach(), state

    (weights, state), (expected, state_of_torch) = after(Adam), after(torch.optim.Adam)
    assert torch.equal(weights, expected)
    assert state["param_groups"] == state_of_torch["param_groups"]
    for name, values in state["state"][0].items():
        assert torch.equal(values, state_of_torch["state"][0][name])
