"""`python -m vaecluster` is the command line."""

from vaecluster.cli import main

if __name__ == "__main__":
    main()
