"""Rows answered for on many machines: a function for programs that spread rows, and runs by Ray."""
