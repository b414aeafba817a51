"""Provenance: the gallery's works and the goods of a supply chain."""
