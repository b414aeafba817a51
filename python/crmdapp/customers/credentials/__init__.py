"""Verifiable credentials: claims that an attestor signs and the customer shows one by one.

``sd_jwt`` signs and opens them, ``vc`` ties them to attestations on chain, ``derived`` computes
claims that reveal nothing else, ``status_list`` publishes which are revoked, ``resolution`` finds
the keys of identities, ``pairwise`` names the identities that a customer has for companies.
"""
