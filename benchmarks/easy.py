"""Easy cases: rows in which a person, or k-means, sees the clusters at once. No label takes part in a fit.

`python -m benchmarks.easy` fits every case with every seed, told the number of clusters and not told it, next to
k-means, a Gaussian mixture and HDBSCAN. What was found goes to one file, which `python -m benchmarks.tables` makes
into the table in `docs/results.md`. A run that was stopped goes on.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_blobs,
    make_circles,
    make_moons,
)
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from benchmarks.cases import Case, Labels, around, blobs, main
from vaecluster import VAEClustering
from vaecluster.data.raw import Array

RESULTS = Path(__file__).parent / "results" / "easy" / "easy.json"
Rows = tuple[Array, Labels]
# Of k-means and the mixture the best of so many starts by its own objective; HDBSCAN's smallest cluster.
STARTS, SMALLEST = 5, 10

# scikit-learn's comparison of clustering methods: 500 rows, the same for every seed


def no_structure() -> Rows:
    """The unit square."""
    return np.random.RandomState(30).rand(500, 2), np.zeros(500, dtype=np.intp)


def aniso() -> Rows:
    """Three blobs, drawn out aslant."""
    rows, clusters = make_blobs(500, random_state=170)
    return rows @ [[0.6, -0.6], [-0.4, 0.8]], clusters


# Blobs


def grid(random: Generator) -> Rows:
    """Five by five, five deviations apart."""
    centres = 5.0 * np.stack(np.meshgrid(range(5), range(5)), -1).reshape(25, 2)
    return around(random, centres, [40] * 25)


def touching(random: Generator) -> Rows:
    """Three and a half deviations apart: one row in 25 lies nearer to the other centre."""
    return around(random, np.array([[0.0, 0.0], [3.5, 0.0]]), [300, 300])


def few_rows(random: Generator, groups: int, each: int) -> Rows:
    """Tight groups of so many rows each."""
    rows, clusters = around(random, 10 * random.normal(size=(groups, 8)), [each] * groups)
    return rows / 2, clusters


def rare(random: Generator) -> Rows:
    """One large cluster, and two of 20 rows, 12 deviations apart."""
    return around(random, np.array([[0.0, 0, 0, 0], [12, 0, 0, 0], [0, 12, 0, 0]]), [2000, 20, 20])


def heavy_tails(random: Generator) -> Rows:
    """Student's t with two degrees of freedom around the corners of a triangle."""
    clusters = np.repeat(range(3), 200)
    return 10 * np.eye(3)[clusters] + random.standard_t(2, size=(600, 3)), clusters


def copies(random: Generator) -> Rows:
    """Every row five times."""
    rows, clusters = blobs(random, [40] * 4, 4)
    return np.repeat(rows, 5, axis=0), np.repeat(clusters, 5)


# Tables


def units(random: Generator) -> Rows:
    """Columns whose units differ by factors of up to a hundred million."""
    rows, clusters = blobs(random, [150] * 3, 4)
    return rows * [1e-4, 1, 50, 1e4] + [0, 100, -7, 1e5], clusters


def steps(random: Generator) -> Rows:
    """Four measures, of which whole numbers were noted: many rows are copies of others."""
    rows, clusters = blobs(random, [200] * 4, 4)
    return np.round(rows), clusters


def beside_years(random: Generator) -> Rows:
    """Three measures, and a column of four years that has nothing to do with them."""
    rows, clusters = blobs(random, [200] * 3, 3)
    return np.column_stack([rows, random.integers(2020, 2024, 600)]), clusters


def beside_noise(random: Generator) -> Rows:
    """Three columns that matter, and four of noise."""
    rows, clusters = blobs(random, [150] * 4, 3)
    return np.hstack([rows, rows.std() * random.normal(size=(600, 4))]), clusters


def beside_zeros_and_ones(random: Generator) -> Rows:
    """Four measures of three kinds of penguins, and three categories that have nothing to do with them."""
    clusters = np.repeat(range(3), [150, 70, 124])
    means = np.array([[38.8, 18.3, 190, 3700], [48.8, 18.4, 196, 3730], [47.5, 15, 217, 5080]])
    measures = means[clusters] + random.normal(size=(344, 4)) * [2.7, 1.1, 6.5, 430]
    measures = (measures - measures.mean(0)) / measures.std(0)
    return np.hstack([measures, *(np.eye(kinds)[random.integers(0, kinds, 344)] for kinds in (3, 3, 2))]), clusters


def counts(random: Generator, least: int, most: int) -> Rows:
    """Counts of 300 things in four mixtures; totals of rows lie between the two."""
    clusters = np.repeat(range(4), 150)
    common, raised = random.gamma(0.5, size=300), random.random((4, 300)) < 0.08
    rate = common * np.where(raised[clusters], 6, 1)
    totals = random.uniform(least, most, (600, 1))
    return random.poisson(rate / rate.sum(1, keepdims=True) * totals), clusters


# Images


def digits() -> Rows:
    """scikit-learn's, 8 x 8."""
    data = load_digits()
    return data.images.astype(np.float32), data.target


def hot_pixel() -> Rows:
    """Six hundred digits in 16 bits, one of them with one broken pixel."""
    images, clusters = (each[:600] for each in digits())
    images = (images * 8).astype(np.uint16)
    images[7, 0, 0] = 65535
    return images, clusters


def channels(random: Generator) -> Rows:
    """A thousand digits beside a channel of noise in other units."""
    images, clusters = (each[:1000] for each in digits())
    noise = 300 + 5 * random.normal(size=(1000, 1, 1)) + 0.5 * random.normal(size=images.shape)
    return np.stack([images / 16, noise], -1).astype(np.float32), clusters


def windows(random: Generator) -> Rows:
    """24 times of two features: three waves, and noise in units ten thousand times as large."""
    clusters, times = np.arange(600) % 3, np.linspace(0, 2 * np.pi, 24)
    wave = np.sin(times * (1 + clusters[:, None])) + 0.2 * random.normal(size=(600, 24))
    return np.stack([wave, 1e4 + 300 * random.normal(size=(600, 24))], -1), clusters


def shapes(random: Generator) -> Rows:
    """A square, a disc and a cross, moved by up to a pixel, each of a brightness of its own, with some noise."""
    clusters, (down, right) = np.arange(600) % 3, np.mgrid[-8:8, -8:8] + 0.5
    drawn = np.stack(
        [
            (np.maximum(abs(down), abs(right)) < 5) & (np.maximum(abs(down), abs(right)) > 3),
            np.hypot(down, right) < 4,
            np.minimum(abs(down), abs(right)) < 1,
        ]
    )
    moved = [np.roll(drawn[shape], random.integers(-1, 2, 2), (0, 1)) for shape in clusters]
    images = random.uniform(0.4, 1, (600, 1, 1)) * moved + 0.1 * random.normal(size=(600, 16, 16))
    return (255 * images.clip(0, 1)).astype(np.uint8), clusters


def fixed(load: Callable[[], Rows]) -> Callable[[Generator], Rows]:
    """Rows that are the same for every seed."""
    return lambda _: load()


COMPARISON, BLOBS, TABLES, IMAGES = "scikit-learn's comparison", "blobs", "tables", "images"
CASES = (
    Case("circles", COMPARISON, fixed(lambda: make_circles(500, factor=0.5, noise=0.05, random_state=30))),
    Case("moons", COMPARISON, fixed(lambda: make_moons(500, noise=0.05, random_state=30))),
    Case("varied", COMPARISON, fixed(lambda: make_blobs(500, cluster_std=[1, 2.5, 0.5], random_state=170)[:2])),
    Case("aniso", COMPARISON, fixed(aniso)),
    Case("blobs", COMPARISON, fixed(lambda: make_blobs(500, random_state=30)[:2])),
    Case("no structure", COMPARISON, fixed(no_structure)),
    *(
        Case(f"5 in {columns} columns", BLOBS, partial(blobs, sizes=[120] * 5, columns=columns))
        for columns in (2, 5, 10, 50)
    ),
    Case("5 of 30 to 900 rows", BLOBS, partial(blobs, sizes=(900, 384, 164, 70, 30), columns=5)),
    Case("2,000, 20 and 20 rows", BLOBS, rare),
    Case("5 of four rows", BLOBS, partial(few_rows, groups=5, each=4)),
    Case("40 of five rows", BLOBS, partial(few_rows, groups=40, each=5)),
    Case("5 x 5 on a grid", BLOBS, grid),
    Case("2 that touch", BLOBS, touching),
    Case("heavy tails", BLOBS, heavy_tails),
    Case("every row five times", BLOBS, copies),
    Case("very different units", TABLES, units),
    Case("measures in whole steps", TABLES, steps),
    Case("four years beside 3 measures", TABLES, beside_years),
    Case("4 columns of noise beside 3", TABLES, beside_noise),
    Case("0 and 1 beside measures", TABLES, beside_zeros_and_ones),
    Case("counts, totals differ tenfold", TABLES, partial(counts, least=300, most=3000)),
    Case("counts, nine in ten are 0", TABLES, partial(counts, least=25, most=50)),
    Case("iris", TABLES, fixed(lambda: load_iris(return_X_y=True))),
    Case("wine", TABLES, fixed(lambda: load_wine(return_X_y=True))),
    Case("breast cancer", TABLES, fixed(lambda: load_breast_cancer(return_X_y=True))),
    Case("digits", IMAGES, fixed(digits)),
    Case("digits, a hot pixel", IMAGES, fixed(hot_pixel)),
    Case("digits, channels in units of their own", IMAGES, channels),
    Case("windows of two features", IMAGES, windows),
    Case("shapes, moved", IMAGES, shapes),
)


def measure(rows: Array, clusters: Labels, seed: int) -> dict[str, Any]:
    """The adjusted Rand index of each method, and the number that was found."""
    number = len(np.unique(clusters))
    found = told = VAEClustering(random_state=seed, device="cpu").fit(rows)
    # A fit that finds the number is that which is told it.
    if found.n_clusters_ != number:
        told = VAEClustering(number, random_state=seed, device="cpu").fit(rows)
    return {
        "shape": list(rows.shape),
        "true": number,
        "found": found.n_clusters_,
        "told": adjusted_rand_score(clusters, told.labels_),
        "auto": adjusted_rand_score(clusters, found.labels_),
        "others": others(rows, clusters, seed),
    }


def others(rows: Array, clusters: Labels, seed: int) -> dict[str, float]:
    """What other methods reach: the first two are told the number.

    Each sees the rows with every column scaled by itself, and with all of them scaled by one number.
    """
    number, flat = len(np.unique(clusters)), rows.reshape(len(rows), -1).astype(np.float64)
    methods: dict[str, Any] = {
        "k-means": KMeans(number, n_init=STARTS, random_state=seed),
        "Gaussian mixture": GaussianMixture(number, n_init=STARTS, random_state=seed),
        "HDBSCAN": HDBSCAN(SMALLEST, copy=True),
    }
    scaled = {"columns": StandardScaler().fit_transform(flat), "common scale": (flat - flat.mean()) / flat.std()}
    return {
        f"{name}, {scale}": adjusted_rand_score(clusters, method.fit_predict(vectors))
        for scale, vectors in scaled.items()
        for name, method in methods.items()
    }


if __name__ == "__main__":
    main(__doc__, CASES, measure, RESULTS)
