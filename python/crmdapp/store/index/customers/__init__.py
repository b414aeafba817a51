"""The customers' part of the index: what its tables are, how they follow, what can be asked."""
