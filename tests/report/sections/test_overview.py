import numpy as np
import pytest

from vaecluster.look.encode import WEBP_SIDE
from vaecluster.look.walls import EMPTY, Wall
from vaecluster.report.run import ShownCluster
from vaecluster.report.sections.overview import LABEL, TOP, lines_of, overview_image


def test_the_overview_has_a_line_per_cluster_with_its_first_rows_and_generated_ones() -> None:
    white, black = Wall(np.ones((12, 8, 8)), 0, 1), Wall(np.zeros((12, 8, 8)), 0, 1)
    none = Wall(np.zeros((0, 8, 8)), 0, 1)
    image = np.asarray(
        overview_image([ShownCluster(0, 12, 1.0, 0.9, white, black), ShownCluster(1, 0, 0.0, 0.9, none, white)])
    )
    tile_pixels = 12 * 56 * 56
    colours, counts = np.unique(image.reshape(-1, 4), axis=0, return_counts=True)
    number = dict(zip(map(tuple, colours.tolist()), counts.tolist(), strict=True))
    assert number[255, 255, 255, 255] == 2 * tile_pixels
    assert number[0, 0, 0, 255] == tile_pixels
    assert number[EMPTY] == tile_pixels
    assert np.all(image[36:92, :34] == LABEL, axis=-1).any()  # the number, left of the tiles


def test_the_overview_of_very_many_clusters_is_no_higher_than_programs_open() -> None:
    wall = Wall(np.ones((1, 2, 8)), 0, 1)
    height = overview_image([ShownCluster(k, 1, 0.001, 0.9, wall, None) for k in range(1200)]).height
    assert WEBP_SIDE - 1200 < height <= WEBP_SIDE


@pytest.mark.parametrize("height", [1, 4, 56, 640])
@pytest.mark.parametrize("clusters", [1, 268, 1200, 2700, 3000, 3300, 9000, WEBP_SIDE - TOP])
def test_lines_of_any_number_of_clusters_can_be_seen_and_fit_into_the_picture(clusters: int, height: int) -> None:
    high, step = lines_of(clusters, height)
    assert 1 <= high <= min(height, step)
    assert TOP + clusters * step <= WEBP_SIDE
    # They are lower only where there is no room.
    assert high == height or TOP + clusters * (step + 1) > WEBP_SIDE
