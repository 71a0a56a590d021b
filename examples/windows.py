"""Kinds of windows of two sensors: sines, bursts and steps that begin at any time.

A file of them: `vaecluster fit windows.npy --rows windows`. Which shifts mean nothing is a matter of the data: the
default is a tenth of the window either way.
"""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from vaecluster import TwoViews, VAEClustering
from vaecluster.views import Amplitude, Neighbours, TimeShift

random, times = np.random.default_rng(0), np.arange(48)
kinds = np.arange(240) % 4
windows = np.empty((len(kinds), len(times), 2))
for window, kind in zip(windows, kinds, strict=True):
    begin, size = random.uniform(0.2, 0.8) * len(times), random.uniform(0.8, 1.2)
    shape = (
        np.sin(times / 2 + begin),
        np.sin(times / 4 + begin),
        2 * np.exp(-(((times - begin) / 4) ** 2)),
        np.where(times < begin, -0.7, 0.7),
    )[kind]
    # The second sensor measures the change of the first, in a unit of its own.
    window[:] = size * np.column_stack([shape, 50 * np.gradient(shape)])
windows += random.normal(size=windows.shape) * [0.3, 15]

views = [Neighbours(), TimeShift(0.2), Amplitude(0.2)]
model = VAEClustering(4, rows="windows", method=TwoViews(views=views), random_state=0).fit(windows)
flat = (windows / windows.std((0, 1))).reshape(len(windows), -1)
print(f"ARI {adjusted_rand_score(kinds, model.labels_):.2f}")
print(f"ARI of k-means {adjusted_rand_score(kinds, KMeans(4, n_init=10, random_state=0).fit_predict(flat)):.2f}")
print("new windows", model.sample(3, cluster=0).shape)
