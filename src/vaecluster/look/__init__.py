"""What rows look like, where someone looks at them: as pictures, and as markup that holds these."""

# The most rows of a cluster that are shown together, and kept to be shown.
WALL_ROWS = 64
