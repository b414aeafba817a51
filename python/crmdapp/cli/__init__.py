"""The command line: one view of the same client that Python programs use."""
