"""The HTTP API under ``/v1``: for each domain, what an enterprise does with its client."""
