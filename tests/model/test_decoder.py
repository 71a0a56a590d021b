import torch
from torch import Generator, nn

from vaecluster.model.decoder import Decoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.likelihood import Categories, Columns, Gaussian
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import start_

CODES = torch.randn(5, 2, generator=Generator().manual_seed(0))


def test_the_likelihood_reads_what_the_network_makes_of_a_code() -> None:
    likelihood = Columns([Gaussian((2,)), Categories(3)], [2, 1])
    decoder = Decoder(DenseDecoderNetwork(2, (16,), likelihood.shape), likelihood)
    start_(decoder, Generator().manual_seed(0))
    rows, numbers = torch.ones(5, 3), decoder.network(CODES)
    assert torch.equal(decoder(CODES).log_prob(rows), likelihood(numbers).log_prob(rows))
    assert torch.equal(decoder.expected(CODES), likelihood.expected(numbers))
    assert decoder.expected(CODES).shape == (5, 3)
    decoder(CODES).log_prob(rows).sum().backward()
    assert all((weight.grad != 0).any() for weight in decoder.parameters())


def test_the_encoder_reads_what_the_embedding_makes_of_a_row() -> None:
    # Twice the entries of a row, as where missing ones are marked.
    embedding = nn.Linear(3, 6)
    encoder = Encoder(embedding, DenseEncoderNetwork((6,), (16,)), 16, 2)
    start_(encoder, Generator().manual_seed(0))
    rows = torch.randn(5, 3, generator=Generator().manual_seed(1))
    features = encoder.network(embedding(rows))
    assert torch.equal(encoder.features(rows), features)
    assert encoder.latent == 2
    posterior = encoder(rows)
    assert (posterior.batch_shape, posterior.event_shape) == ((5,), (2,))
    assert torch.equal(posterior.mean, encoder.mean(features))
    torch.testing.assert_close(posterior.variance, encoder.log_variance(features).exp())
    assert torch.equal(encoder.code(features).mean, posterior.mean)
