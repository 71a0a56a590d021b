"""Pictures in a folder: found, decoded in parallel into one file, and read as an array."""
