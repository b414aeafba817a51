"""Derived tables of the loyalty domain: programs, balances, positions, campaigns, histories.

``tables`` declares them, ``derive`` fills them from events, ``queries`` reads them for pages and
the HTTP API, ``verify`` compares them with the chain.
"""
