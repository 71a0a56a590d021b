"""A torch `Dataset` as rows: its items are read once, and labels in them take no part.

An `IgnoredColumnsWarning` says so of the labels.
"""

import torch
from torch.utils.data import DataLoader, Dataset

from vaecluster import TwoViews, VAEClustering


class Signals(Dataset):
    """Three kinds of vectors, drawn when they are asked for, and the kind of each."""

    def __init__(self, number: int, seed: int) -> None:
        self.number, self.seed = number, seed

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, item: int) -> tuple[torch.Tensor, int]:
        generator = torch.Generator().manual_seed(self.seed + item)
        kind = item % 3
        return 6.0 * torch.eye(3, 8)[kind] + torch.randn(8, generator=generator), kind


model = VAEClustering(3, method=TwoViews(epochs=40), random_state=0).fit(Signals(300, seed=0))
print("sizes", model.cluster_sizes_.tolist())

# Of a loader the rows are those of its dataset, in the dataset's order, whatever order the loader has.
new = Signals(90, seed=1000)
labels = model.predict(DataLoader(new, batch_size=10, shuffle=True))
print("alike", bool((labels == model.predict(new)).all()))
for kind in range(3):
    print("kind", kind, "is in clusters", sorted(set(labels[kind::3].tolist())))
