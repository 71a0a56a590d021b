"""Layouts of codes in the plane: how well near codes stay near, how pure neighbourhoods are, and processor seconds.

    python -m benchmarks.layouts

The codes are 20 principal components of the digits and of the MNIST images. Classes score the layouts; none sees them
but the one by discriminants.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.manifold import TSNE, trustworthiness
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from vaecluster.data.named import load_named
from vaecluster.inference.layout import Layout

Array = NDArray[Any]
# Rows that score a layout, and the most that t-SNE is given.
SCORED, MOST_TSNE = 3000, 3000
LAYOUTS: dict[str, Callable[[Array, Array], Array]] = {
    "principal components": lambda codes, classes: PCA(2, random_state=0).fit_transform(codes),
    "linear discriminants": lambda codes, classes: LinearDiscriminantAnalysis(n_components=2).fit_transform(
        codes, classes
    ),
    "t-SNE": lambda codes, classes: TSNE(random_state=0).fit_transform(codes),
    "layout": lambda codes, classes: Layout.learned(codes)(codes),
}


def main() -> None:
    """Print a line for each data set and layout."""
    torch.set_num_threads(1)
    print("| codes | layout | trustworthiness | 10 nearest neighbours | processor s |\n|---|---|---|---|---|")
    for name in ("digits", "mnist"):
        data = load_named(name)
        rows = data.x_train.reshape(len(data.x_train), -1).astype(np.float32)
        codes, classes = PCA(20, random_state=0).fit_transform(rows), data.y_train
        some = np.random.default_rng(0).permutation(len(codes))[:SCORED]
        print(f"| {name}, {len(codes):,} | the codes | 1.000 | {_purity(codes[some], classes[some]):.3f} | |")
        for layout, made in LAYOUTS.items():
            if layout == "t-SNE" and len(codes) > MOST_TSNE:
                continue
            start = time.process_time()
            places = made(codes, classes)
            seconds = time.process_time() - start
            kept = trustworthiness(codes[some], places[some], n_neighbors=10)
            purity = _purity(places[some], classes[some])
            print(f"| {name}, {len(codes):,} | {layout} | {kept:.3f} | {purity:.3f} | {seconds:.1f} |", flush=True)


def _purity(places: Array, classes: Array) -> float:
    return float(cross_val_score(KNeighborsClassifier(10), places, classes, cv=5).mean())


if __name__ == "__main__":
    main()
