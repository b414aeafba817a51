"""Tests: one folder for each folder of the sources; see the docstrings of `tests.fixtures`."""
