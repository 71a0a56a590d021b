import pytest
import torch
from torch import Generator, nn

from vaecluster.model.cluster_posterior import BayesPosterior, CodePosterior
from vaecluster.model.decoder import Decoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.grouping import Grouping
from vaecluster.model.likelihood import Gaussian
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import start_
from vaecluster.model.objective import Batch, BoundObjective
from vaecluster.model.prior import LearnedWeights, MixturePrior
from vaecluster.model.vae import ClusteringVAE
from vaecluster.model.vamp import VampComponents
from vaecluster.training.state import load_tensors, tensors_of

COLUMNS, LATENT, CLUSTERS = 4, 2, 3


def vamp_model(seed: int = 0, bayes: bool = False) -> ClusteringVAE:
    generator = Generator().manual_seed(seed)
    encoder = Encoder(nn.Identity(), DenseEncoderNetwork((COLUMNS,), (16,)), 16, LATENT)
    components = VampComponents(encoder, CLUSTERS, (COLUMNS,))
    components.start_at(torch.randn(CLUSTERS, COLUMNS, generator=generator))
    model = ClusteringVAE(
        encoder,
        Decoder(DenseDecoderNetwork(LATENT, (16,), (COLUMNS,)), Gaussian((COLUMNS,))),
        MixturePrior(components, LearnedWeights(CLUSTERS)),
        BayesPosterior() if bayes else CodePosterior(LATENT, CLUSTERS, hidden=16),
        Grouping.identity(CLUSTERS),
    )
    start_(model, generator)
    return model


@pytest.mark.parametrize("bayes", [False, True])
def test_every_parameter_gets_a_gradient_and_the_encoder_one_from_the_prior_too(bayes: bool) -> None:
    model = vamp_model(bayes=bayes)
    rows = torch.randn(8, COLUMNS, generator=Generator().manual_seed(1))
    BoundObjective(model)(Batch(rows, Generator().manual_seed(2))).loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert (parameter.grad != 0).any(), name
    model.zero_grad()
    model.prior().log_prob(torch.zeros(1, LATENT)).sum().backward()
    assert all((weight.grad != 0).any() for weight in model.encoder.parameters())


def test_weights_that_the_prior_has_from_the_encoder_are_counted_and_kept_once() -> None:
    objective, other = BoundObjective(vamp_model(0)), BoundObjective(vamp_model(1))
    tensors = tensors_of(objective)
    assert not any(name.startswith("model.prior.components.encoder") for name in tensors)
    assert "model.prior.components.rows" in tensors
    assert len({tensor.data_ptr() for tensor in tensors.values()}) == len(tensors)
    # Those once are all of them.
    load_tensors(other, tensors)
    for name, tensor in objective.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor), name
    assert other.model.prior.components.encoder is other.model.encoder


def test_a_component_is_what_the_encoder_makes_of_its_row() -> None:
    model = vamp_model()
    components = model.prior.components
    with torch.no_grad():
        rows = torch.full((CLUSTERS, COLUMNS), 2.0)
        components.start_at(rows)
        assert torch.equal(components().mean, model.encoder(rows).mean)
        rows += 1
        assert (components.rows == 2).all()


@pytest.mark.parametrize("data_shape", [(4,), (1, 3, 2)])
def test_the_rows_are_learned_and_shaped_as_those_of_the_data(data_shape: tuple[int, ...]) -> None:
    components = VampComponents(vamp_model().encoder, CLUSTERS, data_shape)
    assert components.rows.shape == (CLUSTERS, *data_shape)
    assert components.rows.requires_grad
