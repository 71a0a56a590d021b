import numpy as np

from vaecluster.data.blocks.drawing import HEIGHT, WIDTH, as_lines


def test_a_line_goes_from_low_at_the_bottom_to_high_at_the_top() -> None:
    rising = np.linspace(-1, 3, 20)[None]
    (picture,) = as_lines(rising, np.array([-1.0]), np.array([3.0]))
    assert picture.shape == (HEIGHT, WIDTH, 4)
    # The line is the only thing that is not nearly clear.
    drawn = picture[..., 3] > 120
    rows = np.arange(HEIGHT)[:, None]
    place = (drawn * rows).sum(0)[5:-5] / drawn.sum(0)[5:-5]
    assert (np.diff(place) <= 0.5).all()
    assert place[0] > HEIGHT - 10
    assert place[-1] < 10


def test_values_beyond_are_cut_off_constants_are_level_and_times_may_be_few() -> None:
    for windows in (np.full((2, 9, 1), 1e9), np.zeros((2, 9)), np.zeros((2, 1, 2))):
        features = windows.reshape(*windows.shape[:2], -1).shape[2]
        drawn = as_lines(windows, np.zeros(features), np.zeros(features))[..., 3] > 120
        assert (drawn.any(2).sum(1) <= 3).all()


def test_of_no_windows_there_are_no_pictures() -> None:
    for shape in ((0, 9), (0, 9, 2)):
        assert as_lines(np.zeros(shape), np.zeros(1), np.ones(1)).shape == (0, HEIGHT, WIDTH, 4)
