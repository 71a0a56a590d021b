"""Clusters of photographs in a folder: it draws some first, of two kinds of landscape.

Run it with `python examples/photographs.py`; the folder is a temporary one.
"""

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vaecluster import Pictures, TwoViews, VAEClustering

random = np.random.default_rng(0)


def draw(path: Path, sky: str, sun: str) -> None:
    """A landscape of a size and with a sun of its own."""
    width, height = random.integers(200, 400, 2).tolist()
    picture = Image.new("RGB", (width, height), sky)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, height * random.uniform(0.6, 0.8), width, height), fill="darkgreen")
    pen.circle((width / 2 + random.normal(0, 9), height * 0.3), height / 10, fill=sun)
    path.parent.mkdir(exist_ok=True)
    picture.save(path)


with tempfile.TemporaryDirectory() as folder:
    for number in range(60):
        draw(Path(folder, "days", f"{number:02d}.jpg"), "skyblue", "yellow")
        draw(Path(folder, "nights", f"{number:02d}.png"), "midnightblue", "white")
    # A path alone, .fit(folder), takes the size from the pictures.
    model = VAEClustering(2, method=TwoViews(epochs=100), random_state=0).fit(Pictures(folder, size=16))
    for name, cluster in zip(model.row_names_[::12], model.labels_[::12], strict=True):
        print(name, "is in cluster", cluster)
    print("The first night again:", model.predict(Path(folder, "nights", "00.png")))
