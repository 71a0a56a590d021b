"""Clusters of photographs by what a network sees in them, from an ONNX file that you have.

    python examples/features.py photos/ network.onnx

Needs `pip install "vaecluster[onnx]"`. The network takes images (n, 3, H, W) with values from 0 to 1. On the command
line: `vaecluster fit photos/ --features network.onnx`. A program of torch.export (.pt2), `timm:NAME` and
`torchvision:NAME` work alike.
"""

import sys

from vaecluster import Pictures, TwoViews, VAEClustering

photos, network = sys.argv[1:3]
pictures = Pictures(photos, features=network)
model = VAEClustering(2, method=TwoViews(epochs=60), random_state=0).fit(pictures)
for name, cluster, confidence in zip(model.row_names_, model.labels_, model.confidence_, strict=True):
    print(f"{name}: cluster {cluster}, {confidence:.2f}")
# New pictures go through the same network.
print("the same again:", bool((model.predict(pictures) == model.labels_).all()))
