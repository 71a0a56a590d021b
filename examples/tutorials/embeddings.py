"""
Embeddings of texts
===================

You have a vector for each text, and want to know what the texts are about. The texts here are the documentation of
functions in SciPy. Their vectors come from word counts, which need no download. Put those of your language model in
their place.
"""

import inspect
from importlib import import_module

import numpy as np
from matplotlib import pyplot as plt
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

names, texts = [], []
for module in ("fft", "interpolate", "linalg", "ndimage", "signal", "stats"):
    members = import_module(f"scipy.{module}")
    for name in sorted(members.__all__):
        text = inspect.getdoc(getattr(members, name))
        if callable(getattr(members, name)) and text:
            names.append(f"{module}.{name}")
            texts.append(text.split("Examples\n---")[0])

counts = TfidfVectorizer(
    stop_words="english", sublinear_tf=True, min_df=2, max_df=0.3, token_pattern=r"[a-z]{3,}"
).fit_transform(texts)
vectors = normalize(TruncatedSVD(50, random_state=0).fit_transform(counts))
print(vectors.shape)

# %%
# Fit
# ---
#
# Vectors of length 1 keep their proportions, and their near neighbours are those by cosine. Bring yours to length 1
# first if their lengths say nothing, as :func:`sklearn.preprocessing.normalize` does above.
#
# Topics shade into each other. Where they lie close together, or parts of the model that learned apart find other
# numbers of them, the evidence is weak, and a warning says so.

from vaecluster import VAEClustering, plot

model = VAEClustering(random_state=0).fit(vectors)
print(model.n_clusters_, "clusters, evidence:", model.evidence_.strength)

# %%
# What the clusters are about
# ---------------------------
#
# Words that are frequent in a cluster and rare elsewhere, and the most typical texts. Nothing was learned from the
# texts themselves.


def show(model: VAEClustering) -> None:
    """A line for each cluster: words, then the names of typical texts."""
    for words, rows in zip(model.words(vectors, texts, n_words=4), model.typical_rows(vectors, 3), strict=True):
        print(", ".join(one.word for one in words), "|", ", ".join(names[row] for row in rows))


show(model)

# %%
fig, ax = plt.subplots(figsize=(6, 5), layout="constrained")
plot.map(model, vectors, ax=ax)

# %%
# Fewer topics
# ------------
#
# ``cut`` gives another number of clusters without a new fit. It can split clusters, too, but a fit that is told the
# larger number is often better, and a warning says so.

show(model.cut(5, vectors))

# %%
# No topic
# --------
#
# Every text gets a cluster. Ask for -1 where the model is unsure, or for the least likely texts.

labels = model.predict(vectors, min_confidence=0.9)
print("without a topic:", int((labels == -1).sum()), "of", len(labels))
unusual = np.argsort(model.outlier_score(vectors))[::-1][:3]
print("unlike the others:", ", ".join(names[row] for row in unusual))

# %%
# On the command line
# -------------------
#
# .. code-block:: text
#
#    vaecluster fit embeddings.parquet --text review --output run
#    vaecluster report run
#
# Next
# ----
#
# :doc:`/guide/texts` has texts without vectors, which are learned from by their words.
