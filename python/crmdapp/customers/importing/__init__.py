"""Importing customers from files: read as a stream, checked, sealed, never twice."""
