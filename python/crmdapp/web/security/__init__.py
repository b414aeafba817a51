"""Who asks, and whether they may: API keys, sessions, forms, host names, limits."""
