"""The laws of every change of a batch, and of a user's own function as one."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Generator, Tensor, nn

from vaecluster.errors import SettingError
from vaecluster.views.change import Change, Function
from vaecluster.views.images import ColourJitter, HorizontalFlip, RandomAffine, RandomCrop
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.presets import PRESETS, VIEWS
from vaecluster.views.vectors import FeatureDropout, GaussianNoise
from vaecluster.views.windows import Amplitude, TimeShift

CHANGES: list[Change] = [
    RandomAffine(),
    RandomAffine(padding="border"),
    RandomAffine(rotation=180, shift=1, scale=0.9, shear=2),
    RandomCrop(),
    RandomCrop(0.01),
    HorizontalFlip(),
    ColourJitter(),
    ColourJitter(1, 1, 1),
    GaussianNoise(),
    GaussianNoise(2),
    FeatureDropout(),
    TimeShift(),
    TimeShift(1),
    Amplitude(),
    Function.of(lambda batch, generator: (batch + torch.rand(batch.shape, generator=generator).to(batch)) / 2),
]
IDENTITIES: list[Change] = [
    RandomAffine(rotation=0, shift=0, scale=0, shear=0),
    RandomAffine(rotation=0, shift=0, scale=0, shear=0, padding="border"),
    RandomCrop(1),
    HorizontalFlip(0),
    ColourJitter(0, 0, 0),
    GaussianNoise(0),
    FeatureDropout(0),
    TimeShift(0),
    Amplitude(0),
    Function.of(nn.Identity()),
]
IMAGE_SHAPES = [(6, 1, 8, 8), (6, 3, 5, 12), (6, 2, 9, 4), (1, 1, 1, 1)]
VECTOR_SHAPES = [(6, 7), (1, 1)]
WINDOW_SHAPES = [(6, 3, 9), (1, 1, 1)]
SHAPES = {
    "images": IMAGE_SHAPES,
    "windows": WINDOW_SHAPES,
    None: IMAGE_SHAPES + VECTOR_SHAPES + WINDOW_SHAPES,
}


def cases(changes: list[Change]) -> pytest.MarkDecorator:
    """Every change with the shapes of batches that it takes."""
    return pytest.mark.parametrize(
        ("change", "shape"), [(change, shape) for change in changes for shape in SHAPES[change.kind]]
    )


def some(*shape: int) -> Tensor:
    return torch.rand(shape, generator=Generator().manual_seed(0))


def seeded(change: Change, batch: Tensor, seed: int = 0) -> Tensor:
    return change(batch, Generator().manual_seed(seed))


@cases(CHANGES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_layout_of_a_batch_is_kept_and_it_is_not_written_to(
    change: Change, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    batch = some(*shape).to(dtype)
    before = batch.clone()
    changed = seeded(change, batch)
    assert (changed.shape, changed.dtype, changed.device) == (batch.shape, dtype, batch.device)
    assert torch.equal(batch, before)
    # Pixels stay within their range.
    assert len(shape) < 4 or (changed.min() >= 0 and changed.max() <= 1)


@cases(CHANGES)
def test_the_generator_decides_and_every_row_gets_its_own_draw(change: Change, shape: tuple[int, ...]) -> None:
    before = torch.get_rng_state()
    same = some(1, *shape[1:]).expand(20, *shape[1:])
    first = seeded(change, same)
    assert torch.equal(seeded(change, same), first)
    if math.prod(shape) > 1:
        assert not torch.equal(seeded(change, same, seed=1), first)
        assert len({row.numpy().tobytes() for row in first}) > 1
    assert torch.equal(torch.get_rng_state(), before)


@cases(IDENTITIES)
def test_a_change_of_strength_zero_changes_nothing(change: Change, shape: tuple[int, ...]) -> None:
    torch.testing.assert_close(seeded(change, some(*shape)), some(*shape), atol=1e-5, rtol=0)


def test_every_change_there_is_has_its_cases() -> None:
    ours = {type(change) for change in CHANGES} & {type(change) for change in IDENTITIES}
    assert ours == ({*VIEWS.values()} | {Function}) - {Neighbours}
    assert all(type(change) in ours for views in PRESETS.values() for change in views.changes)


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: RandomAffine(rotation=-1), ["rotation of RandomAffine", "-1", "from 0 to 180"]),
        (lambda: RandomAffine(scale=1), ["scale of RandomAffine", "1", "from 0 to 0.99"]),
        (lambda: RandomAffine(shear=math.inf), ["shear of RandomAffine", "inf", "0 or more"]),
        (lambda: RandomAffine(shift=math.nan), ["shift of RandomAffine", "nan"]),
        (lambda: RandomAffine(padding="mirror"), ["padding of RandomAffine", "'mirror'", "'zeros', 'border'"]),
        (lambda: RandomCrop(0), ["smallest of RandomCrop", "0"]),
        (lambda: RandomCrop("half"), ["smallest of RandomCrop", "'half'"]),
        (lambda: HorizontalFlip(1.5), ["probability of HorizontalFlip", "1.5"]),
        (lambda: HorizontalFlip(True), ["probability of HorizontalFlip", "True"]),
        (lambda: ColourJitter(saturation=2), ["saturation of ColourJitter", "2"]),
        (lambda: GaussianNoise(-1), ["scale of GaussianNoise", "-1", "0 or more"]),
        (lambda: FeatureDropout(1.1), ["share of FeatureDropout", "1.1", "from 0 to 1"]),
        (lambda: Neighbours(0), ["number of Neighbours", "0", "a whole number of 1 or more"]),
        (lambda: Neighbours(2.5), ["number of Neighbours", "2.5"]),
        (lambda: Neighbours(components=0), ["components of Neighbours", "0"]),
        (lambda: Neighbours(exact_up_to=-1), ["exact_up_to of Neighbours", "-1", "0 or more"]),
    ],
)
def test_a_value_that_cannot_be_used_is_named(make: Callable[[], object], parts: list[str]) -> None:
    with pytest.raises(SettingError) as error:
        make()
    assert all(part in str(error.value) for part in parts), error.value


# A user's function


def test_a_function_that_takes_two_gets_the_generator() -> None:
    def drawn(batch: Tensor, generator: Generator) -> Tensor:
        return torch.rand(batch.shape, generator=generator)

    class Drawing:
        def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
            return drawn(batch, generator)

    expected = torch.rand(2, 3, generator=Generator().manual_seed(0))
    with_a_default = lambda batch, generator, scale=1: scale * drawn(batch, generator)  # noqa: E731
    for function in (drawn, Drawing(), partial(drawn), with_a_default):
        assert torch.equal(seeded(Function.of(function), torch.zeros(2, 3)), expected)


@pytest.mark.parametrize("function", [torch.exp, lambda b: b.exp(), lambda b, power=1: b.exp() ** power, Tensor.exp])
def test_a_function_that_takes_one_gets_the_batch_alone(function: Callable[[Tensor], Tensor]) -> None:
    assert torch.equal(seeded(Function.of(function), torch.ones(2, 3)), torch.ones(2, 3).exp())


def test_a_function_that_writes_into_its_batch_leaves_the_original_alone() -> None:
    batch = some(3, 4)
    changed = seeded(Function.of(lambda batch: batch.zero_()), batch)
    assert (changed == 0).all()
    assert torch.equal(batch, some(3, 4))


def drops_a_row(batch: Tensor) -> Tensor:
    return batch[1:]


def becomes_double(batch: Tensor) -> Tensor:
    return batch.double()


def forgets_to_return(batch: Tensor) -> None:
    batch.mul_(2)


@pytest.mark.parametrize(
    ("function", "parts"),
    [
        (drops_a_row, ["drops_a_row", "(3, 5)", "(4, 5)", "keep the shape"]),
        (becomes_double, ["becomes_double", "float64", "float32", "keep the shape, the type"]),
        (forgets_to_return, ["forgets_to_return", "NoneType", "expected a tensor", "returns the changed batch"]),
    ],
)
def test_a_function_that_does_not_return_such_a_batch_is_named(
    function: Callable[[Tensor], Tensor], parts: list[str]
) -> None:
    with pytest.raises(SettingError) as error:
        seeded(Function.of(function), some(4, 5))
    assert all(part in str(error.value) for part in parts), error.value


def test_a_function_that_came_from_a_file_has_its_name_alone_and_says_what_to_do() -> None:
    assert Function.of(drops_a_row).name == "drops_a_row"
    with pytest.raises(SettingError, match=r"drops_a_row.*name alone.*Set the views again"):
        seeded(Function("drops_a_row", None), some(2, 2))
