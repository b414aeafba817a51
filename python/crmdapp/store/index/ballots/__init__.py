"""Elections and public votes in the index: tables, derivation, queries, comparison."""
