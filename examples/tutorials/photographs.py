"""
A folder of pictures
====================

You have a folder of pictures and want to know what kinds there are. Here the pictures are handwritten digits that come
with scikit-learn, one PNG file each. Yours may be photographs of any size and of several formats.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib import pyplot as plt
from PIL import Image
from sklearn.datasets import load_digits

temporary = TemporaryDirectory()
folder = Path(temporary.name)
for number, digit in enumerate(load_digits().images[:800]):
    Image.fromarray((digit * 15).astype(np.uint8)).save(folder / f"{number:04}.png")

print(len(list(folder.iterdir())), "pictures, such as", min(folder.iterdir()).name)

# %%
# Fit
# ---
#
# A folder is given by its path. All pictures in it, and in folders within it, become squares of one size.
#
# ``views="digits"`` says that a digit stays the same digit when it is shifted, turned or stretched a little. This is
# the one thing that the model cannot know, and it matters more than any other setting. For photographs say
# ``views="photos"``.

from vaecluster import TwoViews, VAEClustering, plot

model = VAEClustering(10, method=TwoViews(views="digits", epochs=100), random_state=0).fit(folder)
print("pictures in each cluster:", model.cluster_sizes_.tolist())

# %%
# Look
# ----
#
# Each line is a cluster. On the left are pictures of the folder, on the right pictures that the model generated.

fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
plot.walls(model, folder, ax=ax)

# %%
# Which picture is where
# ----------------------
#
# The least sure pictures are the ones to look at yourself.

for row in np.argsort(model.confidence_)[:5]:
    print(f"{model.row_names_[row]}: cluster {model.labels_[row]}, confidence {model.confidence_[row]:.2f}")

# %%
# A new picture is put into one of the same clusters. ``min_confidence`` gives -1 where the model is not sure enough.

unseen = folder / "new.png"
Image.fromarray((load_digits().images[900] * 15).astype(np.uint8)).save(unseen)
print("cluster", model.predict(unseen, min_confidence=0.5)[0])

# %%
# On the command line
# -------------------
#
# The same without Python. ``export`` makes a folder for each cluster, with links instead of copies.
#
# .. code-block:: text
#
#    vaecluster fit photos/ --clusters 10 --set views=digits --output run
#    vaecluster report run
#    vaecluster export run --to folders --links hard
#
# Next
# ----
#
# Pixels say more of colour and layout than of what is on a photograph. Where subjects count, cluster what a pretrained
# network sees in them, by ``Pictures("photos/", features=...)``: see :doc:`/guide/pictures`.
