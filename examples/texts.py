"""Texts, and vectors that stand for texts: clusters in words, and new texts.

Of files: `vaecluster fit reviews.csv`, or `vaecluster fit embeddings.parquet --text review`, and then `vaecluster
report run`.
"""

import numpy as np

from vaecluster import TwoViews, VAEClustering

TOPICS = [
    ["wheat", "corn", "grain", "harvest", "farmer", "field", "tractor", "rain"],
    ["oil", "barrel", "crude", "pipeline", "tanker", "refinery", "drill", "well"],
    ["bank", "loan", "credit", "rate", "bond", "money", "debt", "lender"],
]
random = np.random.default_rng(0)
texts = [f"the {' and the '.join(random.choice(TOPICS[number % 3], 4))}" for number in range(300)]

# Texts alone: they are learned from by their words, which the model file keeps.
model = VAEClustering(3, method=TwoViews(epochs=20), random_state=0).fit(texts)
for cluster, words in enumerate(model.words(texts, n_words=4)):
    typical = texts[model.typical_rows(texts)[cluster][0]]
    print(f"{cluster}: {', '.join(one.word for one in words)}; such as: {typical}")
print("new texts", model.predict(["rain on the wheat", "a loan from the bank"]).tolist())

# Vectors from a model of language say more than words do. Nothing is learned from texts that are given beside them.
vectors = random.normal(size=(3, 32))[np.arange(300) % 3] + 0.3 * random.normal(size=(300, 32))
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
model = VAEClustering(3, method=TwoViews(epochs=20), random_state=0).fit(vectors)
print("by vectors", [some[0].word for some in model.words(vectors, texts)])
