"""
A customer table with gaps
==========================

You have a table with numbers, amounts, categories, dates and gaps, and want to know what kinds of customers there are.
The table here is simulated, with four kinds of customers, which the model is not told of.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt


def customers(rows: int, seed: int) -> pd.DataFrame:
    """Customers of four kinds, with gaps."""
    random = np.random.default_rng(seed)
    kind = random.choice(4, rows, p=[0.4, 0.3, 0.2, 0.1])
    days = np.array([3400, 2000, 400, 2900])[kind] + random.integers(-300, 300, rows)
    contact = np.array(["phone", "phone", "letter", "web"])[kind]
    frame = pd.DataFrame(
        {
            "customer": [f"C{seed}-{number:04}" for number in range(rows)],
            "age": random.normal(np.array([27, 41, 58, 35])[kind], 5).round(),
            "income": random.lognormal(np.log([28_000, 52_000, 41_000, 120_000])[kind], 0.2).round(-2),
            "visits": random.poisson(np.array([2, 9, 5, 1])[kind]),
            "contact": np.where(random.random(rows) < 0.85, contact, random.choice(["phone", "web", "letter"], rows)),
            "since": np.datetime64("2015-01-01") + days.astype("timedelta64[D]"),
        }
    )
    for column, share in {"age": 0.15, "income": 0.25, "contact": 0.1}.items():
        frame.loc[random.random(rows) < share, column] = None
    return frame


temporary = TemporaryDirectory()
table, later = Path(temporary.name) / "customers.csv", Path(temporary.name) / "next-month.csv"
customers(600, seed=0).to_csv(table, index=False)
customers(200, seed=1).to_csv(later, index=False)
pd.read_csv(table).head()

# %%
# What a fit would see
# --------------------
#
# ``inspect`` says what each column is taken for, before anything is learned. Put wrong guesses right by ``columns``.
# Here it says that the first column names the rows. It would be left out without being told, with a warning.

from vaecluster import VAEClustering, plot

model = VAEClustering(columns={"customer": "identifier"}, random_state=0)
print("\n".join(model.inspect(table).lines()))

# %%
# Fit
# ---
#
# Nothing has to be filled in, scaled or turned into numbers first. No number of clusters is given, so it is found.

model.fit(table)
print(model.n_clusters_, "clusters, evidence:", model.evidence_.strength)

# %%
# What the clusters are
# ---------------------
#
# ``profile`` lists the columns in which a cluster differs most from all rows.

for cluster, differences in enumerate(model.profile(table)):
    print(f"cluster {cluster}, {model.cluster_sizes_[cluster]} customers")
    for one in differences[:3]:
        print("   ", one.words)

# %%
# The same as a picture, for the smallest cluster:

fig, ax = plt.subplots(figsize=(7, 2.5), layout="constrained")
plot.profile(model, int(model.cluster_sizes_.argmin()), ax=ax)

# %%
# Fill the gaps
# -------------
#
# ``imputed`` fills in what is missing, and says how sure each value is. About 95 of 100 true incomes lie within two of
# these deviations; 0 stands where the income is known.

filled = model.imputed(table)
frame = filled.rows.to_pandas().round({"age": 0, "income": 0})
frame["income_deviation"] = filled.deviation["income"].round()
frame.head()

# %%
# Next month's customers
# ----------------------
#
# Columns are found by their names. The clusters stay the same ones.

labels, confidence = model.assign(later)
print("customers in each cluster:", np.bincount(labels, minlength=model.n_clusters_).tolist())
print("less than 90 % sure:", int((confidence < 0.9).sum()))

# %%
# On the command line
# -------------------
#
# .. code-block:: text
#
#    vaecluster inspect customers.csv
#    vaecluster fit customers.csv --column customer=identifier --output run
#    vaecluster report run
#    vaecluster predict run next-month.csv --output labels.csv
#    vaecluster impute run customers.csv --output filled.csv --how-sure
#
# Next
# ----
#
# :doc:`/guide/tables` has the kinds of columns. k-means is as good on many tables of numbers: ``vaecluster compare``
# fits both and says where they differ.
