import numpy as np
import pytest
import torch

from vaecluster.benchmark.autoencoder import Autoencoder, Reconstruction, fit_autoencoder, whole_plan
from vaecluster.data.preprocessing import choose_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.training.history import History
from vaecluster.training.settings import Plan
from vaecluster.training.shared_settings import SharedSettings

SMALL = SharedSettings(batch_size=32, hidden=(16,), latent=2)


def some_rows(*shape: int) -> Rows:
    array = np.random.default_rng(0).normal(size=(64, *shape))
    return Rows(array, choose_preprocessing(array, "gaussian"), torch.device("cpu"))


@pytest.mark.parametrize("shape", [(4,), (5, 5), (4, 4, 3)])
def test_every_row_has_a_code_and_every_parameter_a_gradient(shape: tuple[int, ...]) -> None:
    rows, objective = some_rows(*shape), Reconstruction()
    model = Autoencoder(SMALL, rows.preprocessing.data_shape)
    objective.loss(objective.terms(model, rows[:])).mean().backward()
    assert all(
        parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in model.decoder.parameters()
    )
    assert model.codes(rows).shape == (64, 2)


def test_the_loss_is_half_the_squared_error_times_the_precision_up_to_a_constant() -> None:
    rows = some_rows(4)
    model = Autoencoder(SMALL, (4,)).eval()
    batch = rows[:]
    error = (model.decoder(model.encoder(batch)).mean - batch).square().sum(1)
    loss = Reconstruction().terms(model, batch).reconstruction - SMALL.precision / 2 * error
    torch.testing.assert_close(loss, loss[:1].expand(64))


def test_training_brings_the_loss_down() -> None:
    torch.manual_seed(0)
    history = History()
    fit_autoencoder(some_rows(4), SMALL, Plan(40, 32, 1e-2, "one-cycle"), (history,))
    curve = history.curves()["reconstruction"]
    assert curve[-1] < curve[0] - 1


@pytest.mark.parametrize("rows", [100, 7_000, 60_000])
def test_the_steps_are_those_of_the_default_method(rows: int) -> None:
    settings = SharedSettings()
    plan = whole_plan(settings, rows)
    assert plan.epochs == sum(stage.epochs for stage in settings.stages(rows))
    assert whole_plan(settings, rows, 3).epochs == 3
