"""The tables in the README and in docs, made from the files of results: a file for each page that has some."""
