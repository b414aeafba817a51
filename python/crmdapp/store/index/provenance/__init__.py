"""Works of art and products in the index: tables, derivations, questions, comparison."""
