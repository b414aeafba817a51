"""A town of made-up people for a chain of one's own, so that every page has something to show.

Everything goes through the package's public clients, as a merchant's or a voter's software would.
Nobody in it exists: names are drawn from lists, addresses of mail are of domains that RFC 2606
reserves. :func:`play` tells it once for each chain, however often it is called and wherever it was
stopped.
"""

from crmdapp.sample.story import ROLES, SampleReport, play

__all__ = ["ROLES", "SampleReport", "play"]
